import Crypto
public import Foundation
public import Postgres

/// Brings a database to the schema of `sql/`: forward only, each migration once, in one transaction, checked by its hash.
public struct Migrator: Sendable {
    /// A migration of `sql/migrations`.
    public struct Migration: Sendable {
        /// The file's name without `.sql`.
        public var name: String
        var text: String
        var checksum: [UInt8]
    }

    /// What stops a migration.
    public enum Failure: Error, CustomStringConvertible {
        case directoryMissing(String)
        case changed(String)
        case unknown(String)
        case failed(String, DatabaseError)

        /// In words.
        public var description: String {
            switch self {
            case .directoryMissing(let path): "there are no migrations at \(path); set CALLTRAIL_SQL_DIR"
            case .changed(let name): "migration \(name) was changed after it was applied here"
            case .unknown(let name): "the database has migration \(name), which this version does not know"
            case .failed(let name, let error): "migration \(name) failed: \(error)"
            }
        }
    }

    /// `pg_advisory_lock` key: two migrators at once take turns.
    private static let lock: Int64 = 0x63_61_6C_6C_74_72_61_69

    private let database: Database
    private let directory: URL

    /// Prepares to migrate.
    /// - Parameters:
    ///   - database: whose role owns the database, or is a superuser.
    ///   - directory: `sql`.
    public init(database: Database, directory: URL) {
        self.database = database
        self.directory = directory
    }

    /// The migrations that are not applied yet, in order.
    /// - Throws: `Failure`, `DatabaseError`.
    public func pending() async throws -> [String] {
        let known = try Self.migrations(in: directory)
        return try await database.pool.withConnection { connection in
            try Self.pending(of: known, connection).map(\.name)
        }
    }

    /// Applies what is missing.
    /// - Returns: the names of the migrations applied now.
    /// - Throws: `Failure`, `DatabaseError`. What was applied before the failure stays.
    public func migrate() async throws -> [String] {
        let known = try Self.migrations(in: directory)
        let roles = try String(contentsOf: directory.appending(path: "roles.sql"), encoding: .utf8)
        let functions = try Self.files(in: directory.appending(path: "functions")).map { file in
            try String(contentsOf: file, encoding: .utf8)
        }
        return try await database.pool.withConnection { connection in
            try connection.execute("select pg_advisory_lock(\(Self.lock))")
            defer { _ = try? connection.execute("select pg_advisory_unlock(\(Self.lock))") }
            try connection.script(roles)
            try Self.becomeOwner(connection)
            defer { try? connection.script("reset role") }
            try connection.script(
                """
                create table if not exists schema_migration (
                    name text primary key, checksum bytea not null, applied_at timestamptz not null default now())
                """)
            let pending = try Self.pending(of: known, connection)
            for migration in pending {
                do {
                    try connection.transaction { transaction in
                        try transaction.script(migration.text)
                        try transaction.execute(
                            """
                            insert into schema_migration (name, checksum)
                            values (\(migration.name), \(migration.checksum))
                            """)
                    }
                } catch let error as DatabaseError {
                    throw Failure.failed(migration.name, error)
                }
            }
            for function in functions { try connection.script(function) }
            return pending.map(\.name)
        }
    }

    /// A superuser migrates on behalf of the database's owner, so that the owner's tables are the owner's.
    private static func becomeOwner(_ connection: isolated PostgresConnection) throws {
        let owner = try connection.first(
            """
            select pg_get_userbyid(datdba)::text from pg_database
            where datname = current_database() and pg_get_userbyid(datdba) <> current_user
            """
        ) { row in try row.decode(String.self, at: 0) }
        if let owner { try connection.execute("set role \(identifier: owner)") }
    }

    private static func pending(
        of known: [Migration], _ connection: isolated PostgresConnection
    ) throws -> [Migration] {
        let isThere = try connection.first("select to_regclass('schema_migration') is not null") { row in
            try row.decode(Bool.self, at: 0)
        }
        guard isThere == true else { return known }
        let applied = try connection.query("select name, checksum from schema_migration order by name") { row in
            try row.decode(String.self, [UInt8].self)
        }
        let checksums = Dictionary(uniqueKeysWithValues: known.map { ($0.name, $0.checksum) })
        for (name, checksum) in applied {
            guard let expected = checksums[name] else { throw Failure.unknown(name) }
            guard expected == checksum else { throw Failure.changed(name) }
        }
        let names = Set(applied.map(\.0))
        return known.filter { !names.contains($0.name) }
    }

    private static func migrations(in directory: URL) throws -> [Migration] {
        let files = try files(in: directory.appending(path: "migrations"))
        guard !files.isEmpty else { throw Failure.directoryMissing(directory.path) }
        return try files.map { file in
            let data = try Data(contentsOf: file)
            return Migration(
                name: file.deletingPathExtension().lastPathComponent,
                text: String(decoding: data, as: UTF8.self),
                checksum: Array(SHA256.hash(data: data)))
        }
    }

    static func files(in directory: URL) throws -> [URL] {
        guard FileManager.default.fileExists(atPath: directory.path) else {
            throw Failure.directoryMissing(directory.path)
        }
        return try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "sql" }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
    }
}
