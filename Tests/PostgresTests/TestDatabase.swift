import Foundation
import Postgres
import Testing

/// Databases of a throw-away cluster, one per suite.
actor TestDatabase {
    static let shared = TestDatabase()

    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    private var made: [String: Task<PostgresConfiguration, any Error>] = [:]

    /// Where a suite's own, empty database is.
    func configuration(_ suite: String) async throws -> PostgresConfiguration {
        if let task = made[suite] { return try await task.value }
        let task = Task { try await TestDatabase.make("postgres_tests_\(suite)") }
        made[suite] = task
        return try await task.value
    }

    /// The cluster, refused unless it is on this host: the tests drop databases and end sessions.
    static func cluster() throws -> PostgresConfiguration {
        guard let url = ProcessInfo.processInfo.environment["CALLTRAIL_TEST_DATABASE_URL"] else {
            throw Refusal(description: "CALLTRAIL_TEST_DATABASE_URL must name a superuser of a throw-away cluster")
        }
        let configuration = try PostgresConfiguration(url: url)
        let hosts = (configuration.value(of: "hostaddr") ?? configuration.value(of: "host") ?? "").split(separator: ",")
        let isLocal = hosts.allSatisfy { ["localhost", "127.0.0.1", "::1"].contains($0) || $0.hasPrefix("/") }
        guard isLocal, !hosts.isEmpty else { throw Refusal(description: "the tests refuse any host but a local one") }
        return configuration
    }

    private static func make(_ name: String) async throws -> PostgresConfiguration {
        var configuration = try cluster()
        let connection = try await PostgresConnection.connect(configuration)
        try await connection.execute("drop database if exists \(identifier: name) with (force)")
        try await connection.execute("create database \(identifier: name) template template0")
        await connection.close()
        configuration.set(name, for: "dbname")
        return configuration
    }
}

/// A condition to wait for without a fixed time: asks again and again until a limit.
func eventually(within limit: Duration = .seconds(90), _ condition: () async throws -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now.advanced(by: limit)
    while ContinuousClock.now < deadline {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(5))
    }
    return try await condition()
}

/// Runs work on a connection that is closed afterwards.
@discardableResult
func withConnection<Value: Sendable>(
    _ suite: String,
    _ change: (inout PostgresConfiguration) -> Void = { _ in },
    _ body: @Sendable (PostgresConnection) async throws -> Value
) async throws -> Value {
    var configuration = try await TestDatabase.shared.configuration(suite)
    change(&configuration)
    let connection = try await PostgresConnection.connect(configuration)
    do {
        let value = try await body(connection)
        await connection.close()
        return value
    } catch {
        await connection.close()
        throw error
    }
}

/// The database error that work throws; nil when it throws none.
func databaseError(_ work: () async throws -> Void) async -> DatabaseError? {
    do {
        try await work()
        return nil
    } catch {
        return error as? DatabaseError ?? DatabaseError(.misuse, "not a database error: \(error)")
    }
}

/// Expects that a connection answers what it is asked and not something older.
func expectUsable(_ connection: PostgresConnection, sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let number = Int.random(in: 0..<1_000_000)
    let read = try await connection.first("select \(number)") { try $0.decode(Int.self) }
    #expect(read == number, sourceLocation: sourceLocation)
}
