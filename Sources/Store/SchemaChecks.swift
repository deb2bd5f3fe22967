public import Foundation
import Postgres

/// The invariants of `sql/checks`: each file is one query whose rows are problems.
public struct SchemaChecks: Sendable {
    private let database: Database
    private let directory: URL

    /// Prepares the checks.
    /// - Parameters:
    ///   - database: a migrated one.
    ///   - directory: `sql`.
    public init(database: Database, directory: URL) {
        self.database = database
        self.directory = directory
    }

    /// Runs them all.
    /// - Returns: a sentence per problem; empty when all holds.
    /// - Throws: `DatabaseError`, `Migrator.Failure`.
    public func problems() async throws -> [String] {
        let files = try Migrator.files(in: directory.appending(path: "checks"))
        let queries = try files.map { try String(contentsOf: $0, encoding: .utf8) }
        return try await database.pool.withConnection { connection in
            try queries.flatMap { query in
                try connection.query("\(unescaped: query)") { row in try row.decode(String.self, at: 0) }
            }
        }
    }
}
