import DequeModule

/// The bookkeeping of a pool: who has which connection, who waits. Pure: it returns what is to be done and does nothing.
///
/// ```
/// opening ──► idle ◄──► leased ──► (closed)
///    └──► (failed)  └──► checking ──► idle | (closed)
/// ```
struct PoolState<Connection: Sendable, Waiter: Sendable>: Sendable {
    typealias Instant = ContinuousClock.Instant
    typealias Identifier = UInt64

    struct Limits: Sendable {
        var size: Int
        var minimumIdle: Int
        var maximumWaiters: Int
        var maximumLifetime: Duration
        var idleTimeout: Duration
        var healthCheckInterval: Duration
    }

    struct Entry: Sendable {
        let connection: Connection
        let openedAt: Instant
        /// Connections of an earlier generation are not used again.
        let generation: UInt64
        var usedAt: Instant
        /// When it was last seen to answer.
        var checkedAt: Instant
    }

    struct Waiting: Sendable {
        let identifier: Identifier
        let waiter: Waiter
        let since: Instant
        let deadline: Instant
    }

    enum Acquisition: Sendable {
        case lease(Identifier, Connection)
        case refuse(DatabaseError)
        /// The caller waits; connections are to be opened for these identifiers.
        case wait(open: [Identifier])
    }

    enum Release: Sendable {
        case keep
        case hand(Identifier, Connection, to: Waiter)
        case close(Connection, open: [Identifier])
    }

    struct Upkeep: Sendable {
        var close: [Connection] = []
        var open: [Identifier] = []
        var check: [(identifier: Identifier, connection: Connection)] = []
    }

    let limits: Limits
    private var idle: [(identifier: Identifier, entry: Entry)] = []
    private var leased: [Identifier: Entry] = [:]
    /// Being opened, with the generation that was the present one when that began.
    private var opening: [Identifier: UInt64] = [:]
    private var waiters = Deque<Waiting>()
    private var identifiers: Identifier = 0
    private var generation: UInt64 = 0
    private(set) var isClosed = false
    /// After failures to open, none is tried before this.
    private(set) var retryAt: Instant?
    private(set) var consecutiveFailures = 0
    private var lastFailure: DatabaseError?
    private(set) var counters = PoolStatistics()

    init(_ limits: Limits) { self.limits = limits }

    /// Connections that exist or are being opened.
    var size: Int { idle.count + leased.count + opening.count }

    var statistics: PoolStatistics {
        var statistics = counters
        statistics.size = idle.count + leased.count
        statistics.idle = idle.count
        statistics.inUse = leased.count
        statistics.opening = opening.count
        statistics.waiting = waiters.count
        return statistics
    }

    /// When the first waiter's patience ends.
    var nextDeadline: Instant? { waiters.first?.deadline }

    /// Whether nothing is open any more.
    var isDrained: Bool { isClosed && size == 0 }

    // MARK: Borrowers

    /// The fast path: an idle connection, the one used last.
    mutating func leaseIdle(now: Instant) -> (identifier: Identifier, connection: Connection)? {
        guard !isClosed, var last = idle.popLast() else { return nil }
        last.entry.usedAt = now
        leased[last.identifier] = last.entry
        counters.acquired += 1
        return (last.identifier, last.entry.connection)
    }

    mutating func acquire(_ waiter: Waiter, identifier: Identifier, now: Instant, deadline: Instant) -> Acquisition {
        guard !isClosed else { return .refuse(DatabaseError(.poolClosed, "the pool is closed")) }
        if let lease = leaseIdle(now: now) { return .lease(lease.identifier, lease.connection) }
        if leased.isEmpty, opening.isEmpty, let lastFailure, let retryAt, now < retryAt {
            // The server is away: better told at once than after a time-out.
            return .refuse(lastFailure)
        }
        // Those for whom a connection can still be opened are served soon: they are not the queue.
        guard waiters.count < limits.maximumWaiters + limits.size - leased.count else {
            counters.refused += 1
            return .refuse(DatabaseError(.poolExhausted, "all connections are in use and the queue is full"))
        }
        waiters.append(Waiting(identifier: identifier, waiter: waiter, since: now, deadline: deadline))
        return .wait(open: openForWaiters(now: now))
    }

    /// A waiter went away.
    mutating func cancel(waiter identifier: Identifier) -> Waiter? {
        guard let index = waiters.firstIndex(where: { $0.identifier == identifier }) else { return nil }
        return waiters.remove(at: index).waiter
    }

    /// Takes out the waiters whose patience has ended; all have the same, so they stand in that order.
    mutating func expire(now: Instant) -> [Waiter] {
        var expired: [Waiter] = []
        while let first = waiters.first, first.deadline <= now {
            waiters.removeFirst()
            expired.append(first.waiter)
        }
        counters.timedOut += expired.count
        return expired
    }

    /// A number for a waiter or a connection.
    mutating func nextIdentifier() -> Identifier {
        identifiers += 1
        return identifiers
    }

    // MARK: Connections

    mutating func opened(_ identifier: Identifier, _ connection: Connection, now: Instant) -> Release {
        let generation = opening.removeValue(forKey: identifier) ?? generation
        counters.opened += 1
        consecutiveFailures = 0
        retryAt = nil
        lastFailure = nil
        let entry = Entry(connection: connection, openedAt: now, generation: generation, usedAt: now, checkedAt: now)
        return place(identifier, entry, now: now)
    }

    /// - Returns: the waiters to be told, which is all of them when no connection is left to serve them.
    mutating func failedToOpen(
        _ identifier: Identifier,
        _ error: DatabaseError,
        retryAt: Instant
    ) -> [Waiter] {
        opening[identifier] = nil
        counters.openErrors += 1
        consecutiveFailures += 1
        lastFailure = error
        self.retryAt = retryAt
        guard leased.isEmpty, idle.isEmpty, opening.isEmpty else { return [] }
        defer { waiters.removeAll() }
        return waiters.map(\.waiter)
    }

    /// A connection comes back; `isCheck` says that `maintain` had leased it, which does not count as use.
    mutating func release(
        _ identifier: Identifier,
        isReusable: Bool,
        isCheck: Bool = false,
        now: Instant
    ) -> Release? {
        guard var entry = leased.removeValue(forKey: identifier) else { return nil }
        guard isReusable else {
            counters.broken += 1
            return .close(entry.connection, open: openForWaiters(now: now))
        }
        if !isCheck { entry.usedAt = now }
        entry.checkedAt = now
        return place(identifier, entry, now: now)
    }

    private mutating func place(_ identifier: Identifier, _ entry: Entry, now: Instant) -> Release {
        guard !isClosed, entry.generation == generation, now - entry.openedAt < limits.maximumLifetime else {
            return .close(entry.connection, open: openForWaiters(now: now))
        }
        guard let next = waiters.popFirst() else {
            idle.append((identifier, entry))
            return .keep
        }
        leased[identifier] = entry
        counters.acquired += 1
        counters.waitedFor += 1
        counters.totalWait += now - next.since
        return .hand(identifier, entry.connection, to: next.waiter)
    }

    private mutating func openForWaiters(now: Instant) -> [Identifier] {
        guard !isClosed else { return [] }
        if let retryAt, now < retryAt {
            // Without any connection nobody but a new one could serve or refuse those who wait.
            return open(size == 0 ? min(waiters.count, 1) : 0)
        }
        return open(min(waiters.count - opening.count, limits.size - size))
    }

    private mutating func open(_ count: Int) -> [Identifier] {
        guard count > 0 else { return [] }
        return (0..<count).map { _ in
            let identifier = nextIdentifier()
            opening[identifier] = generation
            return identifier
        }
    }

    // MARK: Upkeep

    /// Closes what is old or long idle, opens up to the minimum, and leases what is to be checked.
    mutating func maintain(now: Instant) -> Upkeep {
        guard !isClosed else { return Upkeep() }
        var upkeep = Upkeep()
        var kept: [(identifier: Identifier, entry: Entry)] = []
        var surplus = idle.count + leased.count - limits.minimumIdle
        for item in idle {
            let isOld = now - item.entry.openedAt >= limits.maximumLifetime
            let isSurplus = surplus > 0 && now - item.entry.usedAt >= limits.idleTimeout
            if isOld || isSurplus {
                surplus -= 1
                upkeep.close.append(item.entry.connection)
            } else if now - item.entry.checkedAt >= limits.healthCheckInterval {
                leased[item.identifier] = item.entry
                upkeep.check.append((item.identifier, item.entry.connection))
            } else {
                kept.append(item)
            }
        }
        idle = kept
        guard retryAt.map({ $0 <= now }) ?? true else { return upkeep }
        let missing = max(limits.minimumIdle - size, waiters.count - opening.count)
        // While the server is away one attempt at a time is enough.
        let allowed = consecutiveFailures > 0 ? max(0, 1 - opening.count) : limits.size - size
        upkeep.open = open(min(missing, allowed, limits.size - size))
        return upkeep
    }

    /// No present connection is used again after its current use.
    mutating func recycle() -> [Connection] {
        generation += 1
        defer { idle.removeAll() }
        return idle.map(\.entry.connection)
    }

    /// Refuses everything from here on.
    mutating func close() -> (waiters: [Waiter], connections: [Connection]) {
        isClosed = true
        defer {
            waiters.removeAll()
            idle.removeAll()
        }
        return (waiters.map(\.waiter), idle.map(\.entry.connection))
    }
}

/// A pool at one moment.
public struct PoolStatistics: Sendable {
    /// Connections open.
    public internal(set) var size = 0
    /// Connections nobody uses.
    public internal(set) var idle = 0
    /// Connections in use.
    public internal(set) var inUse = 0
    /// Connections being opened.
    public internal(set) var opening = 0
    /// Borrowers waiting.
    public internal(set) var waiting = 0
    /// Connections opened since the start.
    public internal(set) var opened = 0
    /// Attempts to open a connection that failed.
    public internal(set) var openErrors = 0
    /// Connections that broke.
    public internal(set) var broken = 0
    /// Connections handed out.
    public internal(set) var acquired = 0
    /// Borrowers that had to wait and got one.
    public internal(set) var waitedFor = 0
    /// Time they waited, in sum.
    public internal(set) var totalWait: Duration = .zero
    /// Borrowers turned away because the queue was full.
    public internal(set) var refused = 0
    /// Borrowers that waited in vain.
    public internal(set) var timedOut = 0
}
