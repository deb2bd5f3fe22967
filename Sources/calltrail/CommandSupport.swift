import ArgumentParser
import Domain
import Foundation
import Logging
import Store

/// What commands that touch the database share.
enum CommandSupport {
    /// Runs with a database and closes it.
    /// - Throws: what `body` throws; a problem becomes a line on stderr and exit 1.
    static func withDatabase<Value>(_ body: (Database, Settings) async throws -> Value) async throws -> Value {
        do {
            let settings = try Settings()
            // what fails is said once, by the error
            let logger = Logger.program("calltrail", level: max(settings.logLevel, .error))
            let database = Database(
                configuration: try settings.databaseConfiguration(), connections: 2, logger: logger)
            do {
                let value = try await body(database, settings)
                await database.close()
                return value
            } catch {
                await database.close()
                throw error
            }
        } catch {
            throw failure(error)
        }
    }

    /// An error as a person at a terminal wants it.
    static func failure(_ error: any Error) -> any Error {
        switch error {
        case let problem as Problem: Failure(message: problem.detail)
        case is ExitCode, is ValidationError, is Failure: error
        default: Failure(message: String(describing: error))
        }
    }

    /// A message without the usage text.
    struct Failure: Error, CustomStringConvertible {
        var message: String
        var description: String { message }
    }

    /// Prints one JSON object on stdout.
    static func printJSON(_ object: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try FileHandle.standardOutput.write(contentsOf: try encoder.encode(object) + Data("\n".utf8))
    }

    /// A tenant as a command's option names it.
    /// - Throws: `ValidationError`.
    static func tenantID(_ text: String) throws -> TenantID {
        guard let id = TenantID(text) else { throw ValidationError("--tenant takes a tenant's number, not \(text).") }
        return id
    }
}

/// Writes a line for people to stderr; stdout belongs to what programs read.
func say(_ line: String) {
    try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))
}

/// A member that is printed as null when there is none, rather than left out.
struct NullWhenNil: Encodable {
    var value: String?

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let value { try container.encode(value) } else { try container.encodeNil() }
    }
}
