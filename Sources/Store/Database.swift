public import Domain
public import Logging
public import Postgres
public import ServiceLifecycle

/// The database as the stores see it: a pool, and the scopes in which a transaction may run.
///
/// There is no way to run a statement of the app without naming a scope, and every scope takes on a group role for its
/// transaction, so that row-level security holds whatever the statement says.
public final class Database: Sendable, Service {
    /// Whose rows a transaction may touch.
    public enum Scope: Sendable {
        /// One tenant's, under forced row-level security.
        case tenant(TenantID)
        /// Every tenant's: commands and maintenance.
        case everyTenant
        /// The leaves, for copying entries in.
        case ingest

        var settings: TransactionSettings {
            switch self {
            case .tenant(let id):
                TransactionSettings(role: "calltrail_app", local: [("app.tenant_id", String(id.rawValue))])
            case .everyTenant:
                TransactionSettings(role: "calltrail_operator")
            case .ingest:
                TransactionSettings(role: "calltrail_writer")
            }
        }
    }

    let pool: PostgresPool
    /// How connections are made; for those that need one of their own.
    public let configuration: PostgresConfiguration
    let logger: Logger
    /// Wakes workers after a transaction that enqueued jobs.
    public let jobSignal: JobSignal

    /// Opens no connection yet.
    /// - Parameters:
    ///   - configuration: where the server is.
    ///   - connections: the most connections at a time.
    ///   - acquireTimeout: how long a task waits for one of them.
    ///   - logger: for what happens to connections.
    public init(
        configuration: PostgresConfiguration, connections: Int, acquireTimeout: Duration = .seconds(5), logger: Logger
    ) {
        self.configuration = configuration
        self.logger = logger
        var pool = PostgresPool.Configuration(connection: configuration)
        pool.size = connections
        pool.minimumIdle = min(connections, 2)
        pool.maximumWaiters = connections * 64
        pool.acquireTimeout = acquireTimeout
        self.pool = PostgresPool(configuration: pool, logger: logger, onConnect: nil)
        jobSignal = JobSignal(pool: self.pool, logger: logger)
    }

    /// Keeps connections healthy until the service group shuts down.
    public func run() async throws { try await pool.run() }

    /// Closes the connections of a command that runs no service group.
    public func close() async { await pool.close() }

    /// Connections, by what they do.
    public struct ConnectionCounts: Sendable {
        /// Free to be used.
        public var idle: Int
        /// Running somebody's statements.
        public var inUse: Int
        /// Tasks that wait for one.
        public var waiting: Int
        /// Opened since the process started.
        public var opened: Int
    }

    /// What the pool holds and does.
    public var connectionCounts: ConnectionCounts {
        let statistics = pool.statistics
        return ConnectionCounts(
            idle: statistics.idle, inUse: statistics.inUse, waiting: statistics.waiting, opened: statistics.opened)
    }

    /// Whether the server answers.
    /// - Throws: `DatabaseError` when it does not.
    public func ping() async throws {
        _ = try await pool.withConnection { connection in
            try connection.query("select 1", timeout: .seconds(2)) { row in try row.decode(Int32.self, at: 0) }
        }
    }

    /// Why this login may not serve requests; nil when it may.
    ///
    /// A superuser, or a role that bypasses row-level security, would make one of the two locks between tenants void.
    /// - Throws: `DatabaseError`, among others when a group role is missing or was not granted.
    public func reasonNotToServe() async throws -> String? {
        let scope = Scope.tenant(TenantID(rawValue: 1))
        let rights: SQL = """
            select rolname::text, rolsuper, rolbypassrls from pg_roles where rolname in (session_user, current_user)
            """
        let roles = try await pool.query(rights, in: scope.settings) { row in
            try row.decode(String.self, Bool.self, Bool.self)
        }
        for (name, isSuperuser, bypasses) in roles where isSuperuser || bypasses {
            let how = isSuperuser ? "is a superuser" : "has BYPASSRLS"
            return "the role \(name) \(how), so row-level security would not hold"
        }
        return nil
    }

    /// Tells whoever listens on a channel.
    /// - Parameter channel: its name.
    /// - Throws: `DatabaseError`.
    public func notify(_ channel: String) async throws {
        _ = try await pool.withConnection { connection in
            try connection.execute("notify \(identifier: channel)")
        }
    }

    func query<T: Sendable>(
        _ sql: SQL, in scope: Scope, _ decode: @escaping @Sendable (Row) throws -> T
    ) async throws -> [T] {
        try await pool.query(sql, in: scope.settings, decode)
    }

    /// Runs one statement in a transaction of its own.
    /// - Returns: the rows it affected.
    func execute(_ sql: SQL, in scope: Scope) async throws -> Int {
        let settings = scope.settings
        return try await pool.withConnection { connection in
            try connection.pipelinedExecute(settings, [sql]).first ?? 0
        }
    }

    func transaction<T: Sendable>(
        in scope: Scope, _ body: @escaping @Sendable (isolated PostgresConnection) throws -> T
    ) async throws -> T {
        try await pool.transaction(scope.settings, body)
    }
}
