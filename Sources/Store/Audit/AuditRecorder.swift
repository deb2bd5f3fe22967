public import Domain
public import Logging
import Postgres
public import ServiceLifecycle
import Synchronization

/// Records calls of the API beside their answers: many entries in one transaction, a fraction of a second later.
///
/// What is recorded here is durable within a second of its answer while the database keeps up, and at a shutdown before the
/// process ends. A crash of the process loses at the most what came in since the last flush. When the database does not take
/// entries, they wait; when too many wait, `hasRoom` tells those who serve to serve no more.
public final class AuditRecorder: Service {
    /// What was recorded, and what waits.
    public struct Numbers: Sendable {
        /// Entries that stand in the log.
        public var recorded = 0
        /// Entries that could never be recorded; each is in the program's log.
        public var lost = 0
        /// Attempts that failed; they are repeated.
        public var failures = 0
        /// Entries that wait.
        public var waiting = 0
    }

    private struct State: Sendable {
        var waiting: [AuditLog.TenantEntry] = []
        var flushing = 0
        var numbers = Numbers()
    }

    /// Entries that may wait; of some 500 bytes each.
    private static let capacity = 100_000
    /// Entries of one transaction: few enough that other writers of a tenant's log do not wait for long.
    private static let batchSize = 500
    /// Time between flushes.
    private static let interval: Duration = .milliseconds(150)
    /// Time that a shutdown waits for a database that does not answer.
    private static let patience: Duration = .seconds(15)

    private let log: AuditLog
    private let database: Database
    private let logger: Logger
    private let state = Mutex(State())

    /// Records nothing before it runs.
    /// - Parameters:
    ///   - database: with a connection that nobody else keeps busy.
    ///   - logger: for what can't be recorded.
    public init(database: Database, logger: Logger) {
        self.database = database
        self.logger = logger
        log = AuditLog(database: database)
    }

    /// Whether more can be recorded.
    public var hasRoom: Bool { state.withLock { $0.waiting.count + $0.flushing < Self.capacity } }

    /// What was recorded, and what waits.
    public var numbers: Numbers {
        state.withLock { state in
            var numbers = state.numbers
            numbers.waiting = state.waiting.count + state.flushing
            return numbers
        }
    }

    /// Records an entry soon.
    /// - Parameters:
    ///   - entry: what happened.
    ///   - tenant: whose log.
    public func record(_ entry: NewAuditEntry, tenant: TenantID) {
        // as much as is kept: what waits must not fill the memory
        var entry = entry
        entry.path = entry.path?.keepable(AuditLog.limits.path)
        entry.contentType = entry.contentType?.keepable(AuditLog.limits.text)
        state.withLock { $0.waiting.append(.init(tenant: tenant, entry: entry)) }
    }

    /// Writes what comes in, until the service group shuts down; then the rest.
    public func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try await Task.sleep(for: Self.interval)
                await self.flush(until: nil)
            }
        }
        await flush(until: .now + Self.patience)
        let left = numbers.waiting
        if left > 0 { logger.critical("calls were not recorded in the audit log", metadata: ["entries": "\(left)"]) }
    }

    /// Writes what waits.
    /// - Parameter deadline: until when a failure is tried again; nil leaves the rest to the next flush.
    private func flush(until deadline: ContinuousClock.Instant?) async {
        // a cancelled task could ask the database for nothing
        await Task.detached { [self] in
            var rest = take()
            while !rest.isEmpty {
                let batch = Array(rest.prefix(Self.batchSize))
                if await write(batch) {
                    rest = rest.dropFirst(batch.count)
                } else if let deadline, ContinuousClock.now < deadline {
                    try? await Task.sleep(for: Self.interval)
                } else {
                    return putBack(rest)
                }
                if rest.isEmpty { rest = take() }
            }
        }.value
    }

    private func take() -> ArraySlice<AuditLog.TenantEntry> {
        state.withLock { state in
            defer { state.waiting = [] }
            state.flushing = state.waiting.count
            return state.waiting[...]
        }
    }

    private func putBack(_ rest: ArraySlice<AuditLog.TenantEntry>) {
        state.withLock { state in
            state.waiting.insert(contentsOf: rest, at: 0)
            state.flushing = 0
        }
    }

    private func settle(recorded: Int, lost: Int = 0) {
        state.withLock { state in
            state.flushing -= recorded + lost
            state.numbers.recorded += recorded
            state.numbers.lost += lost
        }
    }

    /// - Returns: false when the batch is to be tried again.
    private func write(_ batch: [AuditLog.TenantEntry]) async -> Bool {
        do {
            try await log.append(batch)
            settle(recorded: batch.count)
            return true
        } catch {
            if await stands(batch, after: error) {
                settle(recorded: batch.count)
                return true
            }
            if AuditLog.isRefusal(error) { return await writeSingly(batch) }
            state.withLock { $0.numbers.failures += 1 }
            logger.warning(
                "calls wait to be recorded in the audit log",
                metadata: ["entries": "\(batch.count)", "error": "\(error)"])
            return false
        }
    }

    /// One entry that the database refuses must not hold up all others: it goes into the program's log instead.
    private func writeSingly(_ batch: [AuditLog.TenantEntry]) async -> Bool {
        for (index, entry) in batch.enumerated() {
            do {
                try await log.append([entry])
                settle(recorded: 1)
            } catch  where AuditLog.isRefusal(error) {
                settle(recorded: 0, lost: 1)
                logger.error(
                    "an audit entry was refused",
                    metadata: [
                        "tenant": "\(entry.tenant)", "code": "\(entry.entry.code.rawValue)",
                        "path": "\(entry.entry.path ?? "")", "request_id": "\(entry.entry.requestID ?? "")",
                        "error": "\(error)",
                    ])
            } catch {
                state.withLock { state in
                    state.waiting.insert(contentsOf: batch[index...], at: 0)
                    state.flushing -= batch.count - index
                }
                return true
            }
        }
        return true
    }

    /// Whether a batch stands after all whose commit nobody answered. Where that is not to be learnt, it counts as gone: a call
    /// that is recorded twice is better than one that is not.
    private func stands(_ batch: [AuditLog.TenantEntry], after error: any Error) async -> Bool {
        guard let first = batch.first, (error as? DatabaseError)?.isCommitUncertain == true else { return false }
        for attempt in 1...20 {
            if let holds = try? await log.holds(first) { return holds }
            try? await Task.sleep(for: Self.interval * attempt)
        }
        return false
    }
}
