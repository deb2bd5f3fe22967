internal import CLibPQ
public import Logging
import Synchronization

/// One session with the server, on a thread of its own.
///
/// Its methods are synchronous and block that thread, so a closure that is isolated to the connection runs without
/// anything else in between, and can't await the network while it holds locks.
public actor PostgresConnection {
    private let executor: ConnectionExecutor
    nonisolated let cancelSwitch: CancelSwitch
    nonisolated private let broken = Atomic<Bool>(false)
    /// How the connection was configured.
    public nonisolated let configuration: PostgresConfiguration
    private let logger: Logger
    private var channel: Channel?
    var cache: StatementCache
    /// Whether a transaction closure is running.
    var isInTransaction = false
    var savepoints = 0

    /// How long to wait for an answer where a call names no timeout; nil is for ever. Starts as the configuration says.
    public var responseTimeout: Duration?

    /// The connection's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private init(_ configuration: PostgresConfiguration, _ logger: Logger) throws {
        executor = try ConnectionExecutor()
        do {
            cancelSwitch = try CancelSwitch()
        } catch {
            executor.stop()
            throw error
        }
        self.configuration = configuration
        self.logger = logger
        cache = StatementCache(capacity: configuration.statementCacheCapacity)
        responseTimeout = configuration.defaultResponseTimeout
    }

    deinit { executor.stop() }

    /// Connects, on the connection's own thread.
    /// - Parameters:
    ///   - configuration: where the database is.
    ///   - logger: for what the server remarks.
    /// - Returns: a connection ready for use.
    /// - Throws: `DatabaseError` of kind `.connection`.
    public static func connect(
        _ configuration: PostgresConfiguration,
        logger: Logger = Logger(label: "postgres")
    ) async throws -> PostgresConnection {
        let connection = try PostgresConnection(configuration, logger)
        try await connection.open()
        return connection
    }

    private func open() throws {
        channel = try Channel(configuration, cancelSwitch: cancelSwitch, logger: logger)
    }

    /// Ends the session.
    public func close() {
        channel = nil
        broken.store(true, ordering: .releasing)
    }

    /// Whether the connection was closed, was lost, or was given up.
    public nonisolated var isBroken: Bool { broken.load(ordering: .acquiring) }

    /// Asks the server to end the statement in flight; without one it does nothing. Can't hit a later statement.
    public nonisolated func cancel() { cancelSwitch.cancel() }

    /// The server's process of this session, as in `pg_stat_activity.pid`; 0 when closed.
    public var backendProcess: Int32 { channel.map { PQbackendPID($0.handle) } ?? 0 }

    /// Whether no transaction is open.
    public var isIdle: Bool { channel?.isIdle ?? false }

    /// Whether the server has not hung up, as far as the system knows.
    func isAlive() -> Bool {
        guard let channel, channel.isAlive() else {
            broken.store(true, ordering: .releasing)
            return false
        }
        return true
    }

    /// Waits for notifications, until one comes, the time is over, or `cancel()` wakes it.
    func notifications(within limit: Duration) throws -> [(channel: String, payload: String)] {
        try withChannel { try $0.notifications(within: limit) }
    }

    /// Runs one request with its answer.
    func exchange<Answer>(
        timeout: Duration?,
        isCleanup: Bool = false,
        _ body: (Channel) throws -> Answer
    ) throws -> Answer {
        try withChannel { channel in
            try channel.exchange(timeout: timeout ?? responseTimeout, isCleanup: isCleanup) { try body(channel) }
        }
    }

    private func withChannel<Answer>(_ body: (Channel) throws -> Answer) throws -> Answer {
        guard let channel, !channel.isBroken else { throw DatabaseError(.connection, "the connection is closed") }
        defer { if channel.isBroken { broken.store(true, ordering: .releasing) } }
        return try body(channel)
    }
}
