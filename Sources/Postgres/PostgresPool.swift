import Dispatch
public import Logging
public import ServiceLifecycle
import Synchronization

/// Lends connections, keeps them healthy, and makes up for lost ones.
///
/// It works without `run()`, by opening on demand; `run()` adds the upkeep: warm connections, health checks, reconnects.
public final class PostgresPool: Sendable, Service {
    /// How a pool behaves.
    public struct Configuration: Sendable {
        /// Where the database is.
        public var connection: PostgresConfiguration
        /// Connections at most.
        public var size = 8
        /// Connections kept open though nobody uses them, while `run()` runs.
        public var minimumIdle = 1
        /// How long a borrower waits for a connection.
        public var acquireTimeout: Duration = .seconds(5)
        /// Borrowers that may wait; one more is refused at once with `.poolExhausted`.
        public var maximumWaiters = 1024
        /// After this a connection is replaced, which also frees what its server process has gathered.
        public var maximumLifetime: Duration = .seconds(3600)
        /// After this an idle connection above the minimum is closed.
        public var idleTimeout: Duration = .seconds(300)
        /// A connection idle for this long is asked whether it still answers.
        public var healthCheckInterval: Duration = .seconds(30)

        /// How a pool behaves.
        /// - Parameters:
        ///   - connection: where the database is.
        ///   - size: connections at most.
        public init(connection: PostgresConfiguration, size: Int = 8) {
            self.connection = connection
            self.size = size
        }
    }

    typealias State = PoolState<PostgresConnection, CheckedContinuation<Lease, any Error>>

    struct Lease: Sendable {
        let identifier: UInt64
        let connection: PostgresConnection
    }

    private struct Guarded {
        var state: State
        var isTimerSet = false
        var drained: [CheckedContinuation<Void, Never>] = []
    }

    /// How this pool behaves.
    public let configuration: Configuration
    private let logger: Logger
    private let onConnect: (@Sendable (isolated PostgresConnection) throws -> Void)?
    private let guarded: Mutex<Guarded>

    /// A pool without connections yet.
    /// - Parameters:
    ///   - configuration: how the pool behaves.
    ///   - logger: for connections made and lost.
    ///   - onConnect: prepares each new connection; when it throws, the connection is not used.
    public init(
        configuration: Configuration,
        logger: Logger = Logger(label: "postgres"),
        onConnect: (@Sendable (isolated PostgresConnection) throws -> Void)? = nil
    ) {
        self.configuration = configuration
        self.logger = logger
        self.onConnect = onConnect
        let limits = State.Limits(
            size: max(1, configuration.size),
            minimumIdle: min(max(0, configuration.minimumIdle), max(1, configuration.size)),
            maximumWaiters: max(0, configuration.maximumWaiters),
            maximumLifetime: configuration.maximumLifetime,
            idleTimeout: configuration.idleTimeout,
            healthCheckInterval: configuration.healthCheckInterval
        )
        guarded = Mutex(Guarded(state: State(limits)))
    }

    /// The pool at this moment.
    public var statistics: PoolStatistics { guarded.withLock { $0.state.statistics } }

    // MARK: Borrowing

    /// Borrows a connection.
    ///
    /// When the task is cancelled, the statement in flight is ended and no further one is sent.
    /// - Parameter body: runs on the connection's thread; what it leaves open is rolled back.
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws, or `DatabaseError`: `.poolExhausted`, `.timeout`, `.connection`, `.cancelled` …
    @discardableResult
    public func withConnection<Value: Sendable>(
        _ body: @Sendable (isolated PostgresConnection) throws -> Value
    ) async throws -> Value {
        // Each connection found dead leaves the pool, so one more than there can be suffices.
        for _ in 0...max(1, configuration.size) {
            let lease = try await acquire()
            let connection = lease.connection
            let number = connection.cancelSwitch.beginLease()
            let value = try await withTaskCancellationHandler {
                try await connection.lend(body) { self.release(lease, isReusable: $0) }
            } onCancel: {
                connection.cancelSwitch.cancel(lease: number)
            }
            if let value { return value }
        }
        throw DatabaseError(.connection, "every connection of the pool was lost")
    }

    /// Borrows a connection for one transaction: commits when the closure returns, rolls back when it throws.
    /// - Parameters:
    ///   - settings: isolation, role and further settings, which end with the transaction.
    ///   - body: runs on the connection's thread.
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws, or `DatabaseError`.
    @discardableResult
    public func transaction<Value: Sendable>(
        _ settings: TransactionSettings = .init(),
        _ body: @Sendable (isolated PostgresConnection) throws -> Value
    ) async throws -> Value {
        try await withConnection { try $0.transaction(settings, body) }
    }

    /// Runs one statement in a short transaction of its own, in one round trip.
    /// - Parameters:
    ///   - sql: one statement.
    ///   - settings: isolation, role and further settings, which end with the transaction.
    ///   - timeout: for the whole answer; nil is the connection's `responseTimeout`.
    ///   - decode: reads one row.
    /// - Returns: what `decode` made of the rows.
    /// - Throws: what `decode` throws, or `DatabaseError`.
    public func query<Value: Sendable>(
        _ sql: SQL,
        in settings: TransactionSettings,
        timeout: Duration? = nil,
        _ decode: @Sendable (Row) throws -> Value
    ) async throws -> [Value] {
        try await withConnection { try $0.pipelined(settings, sql, timeout: timeout, decode) }
    }

    private func acquire() async throws -> Lease {
        let now = ContinuousClock.now
        if let lease = guarded.withLock({ $0.state.leaseIdle(now: now) }) {
            return Lease(identifier: lease.identifier, connection: lease.connection)
        }
        let identifier = guarded.withLock { $0.state.nextIdentifier() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enqueue(continuation, identifier: identifier)
                // The handler may have come before the waiter stood in the queue.
                if Task.isCancelled { cancel(waiter: identifier) }
            }
        } onCancel: {
            cancel(waiter: identifier)
        }
    }

    private func enqueue(_ continuation: CheckedContinuation<Lease, any Error>, identifier: UInt64) {
        let now = ContinuousClock.now
        let deadline = now.advanced(by: configuration.acquireTimeout)
        let (acquisition, mustSetTimer) = guarded.withLock { guarded in
            let acquisition = guarded.state.acquire(
                continuation,
                identifier: identifier,
                now: now,
                deadline: deadline
            )
            guard case .wait = acquisition, !guarded.isTimerSet else { return (acquisition, false) }
            guarded.isTimerSet = true
            return (acquisition, true)
        }
        switch acquisition {
        case .lease(let identifier, let connection):
            continuation.resume(returning: Lease(identifier: identifier, connection: connection))
        case .refuse(let error): continuation.resume(throwing: error)
        case .wait(let identifiers): open(identifiers)
        }
        if mustSetTimer { setTimer(deadline) }
    }

    private func cancel(waiter identifier: UInt64) {
        let waiter = guarded.withLock { $0.state.cancel(waiter: identifier) }
        waiter?.resume(throwing: DatabaseError(.cancelled, "the task was cancelled while it waited for a connection"))
    }

    /// One timer for all waiters, set for the first of them.
    private func setTimer(_ deadline: ContinuousClock.Instant) {
        let milliseconds = (deadline - .now).milliseconds
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { [weak self] in
            self?.expireWaiters()
        }
    }

    private func expireWaiters() {
        let (expired, next) = guarded.withLock { guarded in
            let expired = guarded.state.expire(now: .now)
            guarded.isTimerSet = guarded.state.nextDeadline != nil
            return (expired, guarded.state.nextDeadline)
        }
        for waiter in expired {
            waiter.resume(throwing: DatabaseError(.timeout, "no connection became free in time"))
        }
        if let next { setTimer(next) }
    }

    private func release(_ lease: Lease, isReusable: Bool, isCheck: Bool = false) {
        if let release = guarded.withLock({
            $0.state.release(lease.identifier, isReusable: isReusable, isCheck: isCheck, now: .now)
        }) {
            act(on: release)
        }
    }

    private func act(on release: State.Release) {
        switch release {
        case .keep: break
        case .hand(let identifier, let connection, let waiter):
            waiter.resume(returning: Lease(identifier: identifier, connection: connection))
        case .close(let connection, let identifiers):
            open(identifiers)
            close([connection])
        }
    }

    // MARK: Opening and closing

    private func open(_ identifiers: [UInt64]) {
        for identifier in identifiers {
            Task { await self.open(identifier) }
        }
    }

    private func open(_ identifier: UInt64) async {
        do {
            let connection = try await PostgresConnection.connect(configuration.connection, logger: logger)
            if let onConnect { try await onConnect(connection) }
            act(on: guarded.withLock { $0.state.opened(identifier, connection, now: .now) })
        } catch {
            let failure =
                error as? DatabaseError ?? DatabaseError(.connection, "a new connection could not be prepared")
            failedToOpen(identifier, failure)
        }
    }

    private func failedToOpen(_ identifier: UInt64, _ failure: DatabaseError) {
        let waiters = guarded.withLock { guarded in
            let delay = PostgresPool.backOff(failures: guarded.state.consecutiveFailures)
            return guarded.state.failedToOpen(identifier, failure, retryAt: .now.advanced(by: delay))
        }
        logger.warning("no connection to the database", metadata: ["error": "\(failure)"])
        for waiter in waiters { waiter.resume(throwing: failure) }
        tellWhenDrained()
    }

    /// 0.1 s doubling to 2 s, of which a random half is taken off so that many clients do not come back at once.
    static func backOff(failures: Int) -> Duration {
        let full = min(2.0, 0.1 * Double(1 << min(failures, 5)))
        return .seconds(full * Double.random(in: 0.5...1))
    }

    private func close(_ connections: [PostgresConnection]) {
        guard !connections.isEmpty else { return tellWhenDrained() }
        Task {
            for connection in connections { await connection.close() }
            self.tellWhenDrained()
        }
    }

    private func tellWhenDrained() {
        let drained = guarded.withLock { guarded in
            guard guarded.state.isDrained else { return [CheckedContinuation<Void, Never>]() }
            defer { guarded.drained = [] }
            return guarded.drained
        }
        for continuation in drained { continuation.resume() }
    }

    /// Uses no present connection again after its current use; idle ones are closed now.
    public func recycle() { close(guarded.withLock { $0.state.recycle() }) }

    /// Refuses new borrowers and returns when all connections are back and closed.
    public func close() async {
        let (waiters, connections) = guarded.withLock { $0.state.close() }
        for waiter in waiters { waiter.resume(throwing: DatabaseError(.poolClosed, "the pool is closed")) }
        for connection in connections { await connection.close() }
        await withCheckedContinuation { continuation in
            guarded.withLock { $0.drained.append(continuation) }
            tellWhenDrained()
        }
    }

    // MARK: Upkeep

    /// Keeps the pool healthy until graceful shutdown or cancellation, then closes it.
    /// - Throws: nothing; the signature is the protocol's.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let upkeep = self.guarded.withLock { $0.state.maintain(now: .now) }
                self.open(upkeep.open)
                self.close(upkeep.close)
                for item in upkeep.check {
                    Task { await self.check(Lease(identifier: item.identifier, connection: item.connection)) }
                }
                try? await Task.sleep(for: .milliseconds(250))
            }
        }
        await close()
    }

    private func check(_ lease: Lease) async {
        _ = lease.connection.cancelSwitch.beginLease()
        let answers =
            (try? await lease.connection.lend(
                { connection in
                    _ = try connection.execute("select 1", timeout: .seconds(5))
                    return true
                },
                atEnd: { self.release(lease, isReusable: $0, isCheck: true) }
            )) ?? false
        if !answers { logger.warning("a connection to the database did not answer its health check") }
    }
}

extension PostgresConnection {
    /// Runs a borrower's closure and gives the connection back from its own thread, without waiting for the borrower.
    /// - Parameters:
    ///   - body: the borrower's.
    ///   - atEnd: told whether the connection may be used again.
    /// - Returns: nil when the connection was dead before anything was sent, so that another can be taken.
    /// - Throws: what `body` throws.
    func lend<Value: Sendable>(
        _ body: @Sendable (isolated PostgresConnection) throws -> Value,
        atEnd: @Sendable (Bool) -> Void
    ) throws -> Value? {
        defer {
            restoreIdle()
            cancelSwitch.endLease()
            atEnd(!isBroken)
        }
        guard isAlive() else { return nil }
        return try body(self)
    }
}
