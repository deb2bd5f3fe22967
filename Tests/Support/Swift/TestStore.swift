public import Domain
public import Foundation
import Logging
public import Postgres
public import Store

/// A migrated database of a throw-away cluster, owned by a plain role as in production.
public struct TestStore: Sendable {
    /// Why the tests can't run.
    public struct Refusal: Error, CustomStringConvertible {
        /// In words.
        public let description: String
    }

    /// As the role that owns the database.
    public let database: Database
    /// As a superuser: for moving the clock, and for looking behind the curtain.
    public let administrator: PostgresConfiguration
    /// The project's `sql`.
    public let sql: URL
    /// The database's name.
    public let name: String

    private static let role = "calltrail_swift_tests"

    /// Makes a database and migrates it.
    /// - Parameters:
    ///   - name: unique among the suites.
    ///   - migrates: false leaves it empty.
    ///   - connections: of the pool.
    public static func make(_ name: String, migrates: Bool = true, connections: Int = 8) async throws -> TestStore {
        var administrator = try cluster()
        let connection = try await PostgresConnection.connect(administrator)
        try await connection.script(
            """
            do $$ begin
                create role \(role) login createrole password 'calltrail';
            exception when duplicate_object or unique_violation then null;
            end $$
            """)
        try await connection.execute("drop database if exists \(identifier: name) with (force)")
        try await connection.execute(
            "create database \(identifier: name) owner \(identifier: role) template template0")
        await connection.close()
        administrator.set(name, for: "dbname")
        var own = administrator
        own.set(role, for: "user")
        own.set("calltrail", for: "password")
        let database = Database(
            // all suites run at once, on a machine with few cores
            configuration: own, connections: connections, acquireTimeout: .seconds(120),
            logger: Logger(label: "test"))
        let store = TestStore(
            database: database, administrator: administrator,
            sql: URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../sql").standardized,
            name: name)
        if migrates { _ = try await store.migrator.migrate() }
        return store
    }

    /// Brings the database to the schema.
    public var migrator: Migrator { Migrator(database: database, directory: sql) }

    /// The database's clock, as this machine's until it is synchronised.
    public var clock: DatabaseClock { DatabaseClock(database: database, logger: Logger(label: "test")) }

    /// Stores entries.
    public var writer: CallLogWriter {
        CallLogWriter(database: database, clock: clock, logger: Logger(label: "test"))
    }

    /// Makes a tenant that has call logs.
    public func tenant(_ name: String = "Test") async throws -> Tenant {
        try await TenantStore(database: database).create(
            name: name, plan: .business, module: .unified, ownerEmail: "owner@example.com", ownerPassword: nil
        ).0
    }

    /// Runs as the superuser.
    @discardableResult
    public func administer<Value: Sendable>(
        _ body: @Sendable (isolated PostgresConnection) throws -> Value
    ) async throws -> Value {
        let connection = try await PostgresConnection.connect(administrator)
        do {
            let value = try await body(connection)
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw error
        }
    }

    /// Moves the database's clock.
    /// - Parameter offset: such as `25 hours`.
    public func moveClock(_ offset: String) async throws {
        let name = name
        try await administer { connection in
            try connection.script(
                "alter database \(SQL.quoted(identifier: name)) set calltrail.clock_offset = \(SQL.quoted(literal: offset))"
            )
        }
    }

    /// The throw-away cluster, refused unless it is on this host: the tests drop databases and move clocks.
    private static func cluster() throws -> PostgresConfiguration {
        guard let url = ProcessInfo.processInfo.environment["CALLTRAIL_TEST_DATABASE_URL"] else {
            throw Refusal(description: "CALLTRAIL_TEST_DATABASE_URL must name a superuser of a throw-away cluster")
        }
        let configuration = try PostgresConfiguration(url: url)
        let host = configuration.value(of: "host") ?? ""
        guard ["localhost", "127.0.0.1", "::1"].contains(host) || host.hasPrefix("/") else {
            throw Refusal(description: "the tests refuse any host but a local one, not \(host)")
        }
        return configuration
    }
}

extension NewCallLog {
    /// A call for tests.
    public static func sample(
        at time: Timestamp, bot: String = "bot-1", application: Application = .zendesk, method: CallMethod = .post,
        code: Int16 = 200, isError: Bool? = nil, id: UUID? = nil,
        url: String = "https://acme.zendesk.com/api/v2/tickets",
        body: String = "{\"ok\":true}"
    ) -> NewCallLog {
        let time = time.wholeMilliseconds
        let log = CallLog(
            id: id ?? .version7(at: time), occurredAt: time, application: application,
            bot: BotReference(id: bot, name: bot),
            source: .flow(path: "Main flow / Step", nodeID: "n-1"), user: EndUser(id: "u-1", name: "User 1"),
            method: method,
            url: url, statusCode: code, status: isError ?? (code >= 400) ? .error : .success, durationMilliseconds: 12)
        return NewCallLog(
            log: log,
            exchange: CallExchange(
                request: CapturedMessage(
                    headers: [HeaderField(name: "Content-Type", value: "application/json")],
                    body: CapturedBody(bytes: Array(body.utf8))),
                response: CapturedMessage()),
            isRepeatable: id != nil)
    }
}
