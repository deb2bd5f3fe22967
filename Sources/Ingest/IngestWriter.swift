public import Domain
public import Logging
public import ServiceLifecycle
public import Store
import Synchronization

/// Group commit: requests that arrive while a transaction is under way share the next one.
///
/// A few lanes each run one transaction at a time. A request that finds no lane under way is stored at once; a further lane
/// sets out only when many entries wait. Under load the groups
/// grow by themselves, and the cost of a commit is shared. The queue is bounded: past it a request is refused, not kept.
public final class IngestWriter: Sendable, Service {
    /// How much is written at a time.
    public struct Configuration: Sendable {
        /// Transactions at a time.
        public var lanes = 2
        /// Entries that may wait before requests are refused.
        public var queuedEntries = 40_000
        /// Bytes of captured messages that may wait before requests are refused.
        public var queuedBytes = 64 << 20
        /// Entries that must wait before a further transaction is begun beside one under way.
        public var furtherLaneEntries = 256
        /// Entries a transaction takes.
        public var groupEntries = 2_000
        /// Bytes of captured messages a transaction takes.
        public var groupBytes = 8 << 20

        /// The measured defaults.
        public init() {}
    }

    /// What the writer has done and holds.
    public struct Statistics: Sendable {
        /// Entries that wait.
        public var waitingEntries = 0
        /// Bytes of captured messages that wait.
        public var waitingBytes = 0
        /// Transactions committed.
        public var groups = 0
        /// Entries stored.
        public var storedEntries = 0
        /// Entries that were there already.
        public var duplicates = 0
        /// Requests refused because the queue was full.
        public var refused = 0
        /// Transactions that failed.
        public var failedGroups = 0
    }

    private struct Request: Sendable {
        var batch: EntryBatch
        var continuation: CheckedContinuation<Result<EntryBatchOutcome, Problem>, Never>
    }

    private typealias Queue = IngestWriterQueue<Request, CheckedContinuation<[Request]?, Never>>

    private struct State: Sendable {
        var queue: Queue
        var statistics = Statistics()
    }

    private let store: CallLogWriter
    private let configuration: Configuration
    private let logger: Logger
    private let state: Mutex<State>

    /// Prepares to write; nothing is written before `run`.
    /// - Parameters:
    ///   - store: writes groups.
    ///   - configuration: how much at a time.
    ///   - logger: for groups that fail.
    public init(store: CallLogWriter, configuration: Configuration = .init(), logger: Logger) {
        self.store = store
        self.configuration = configuration
        self.logger = logger
        let limits = Queue.Limits(
            entries: configuration.queuedEntries, bytes: configuration.queuedBytes,
            groupEntries: configuration.groupEntries, groupBytes: configuration.groupBytes,
            furtherLaneEntries: configuration.furtherLaneEntries)
        state = Mutex(State(queue: Queue(limits: limits, lanes: configuration.lanes)))
    }

    /// What the writer has done and holds.
    public var statistics: Statistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.waitingEntries = state.queue.waitingEntries
            statistics.waitingBytes = state.queue.waitingBytes
            return statistics
        }
    }

    /// Stores a request's entries together with those of other requests.
    /// - Parameter batch: the entries.
    /// - Returns: once they are durable.
    /// - Throws: `Problem`: `unavailable` when the queue is full or the database does not answer.
    public func submit(_ batch: EntryBatch) async throws(Problem) -> EntryBatchOutcome {
        let result = await withCheckedContinuation { continuation in
            let request = Request(batch: batch, continuation: continuation)
            let action = state.withLock { state in
                let action = state.queue.submit(
                    .init(
                        item: request, entries: batch.entries.count, bytes: batch.bytes,
                        standsAlone: batch.idempotency != nil
                    ))
                if case .refuse = action { state.statistics.refused += 1 }
                return action
            }
            switch action {
            case .queued: break
            case .run(let lane, let group): lane.resume(returning: group)
            case .refuse:
                continuation.resume(
                    returning: .failure(
                        Problem(.unavailable, "Too many entries are waiting to be stored.", retryAfterSeconds: 1)))
            case .closed:
                continuation.resume(
                    returning: .failure(Problem(.unavailable, "The service is shutting down.", retryAfterSeconds: 1)))
            }
        }
        return try result.get()
    }

    /// Writes until the service group shuts down, and then what still waits.
    public func run() async throws {
        // cancelled (another service failed) or told to end: either way the lanes, which wait in continuations, must wake
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for _ in 0..<configuration.lanes { group.addTask { await self.runLane() } }
            }
        } onCancelOrGracefulShutdown: {
            self.close()
        }
    }

    /// Takes nothing more; `run` returns when what waits is stored.
    public func close() {
        let idle = state.withLock { $0.queue.close() }
        for lane in idle { lane.resume(returning: nil) }
    }

    private func runLane() async {
        while let group = await nextGroup() { await store(group) }
    }

    private func nextGroup() async -> [Request]? {
        switch state.withLock({ $0.queue.next() }) {
        case .run(let group): return group
        case .finish: return nil
        case .wait: break
        }
        return await withCheckedContinuation { continuation in
            switch state.withLock({ $0.queue.park(continuation) }) {
            case .run(let group): continuation.resume(returning: group)
            case .finish: continuation.resume(returning: nil)
            case .wait: break
            }
        }
    }

    private func store(_ group: [Request]) async {
        do {
            let outcomes = try await store.store(group.map(\.batch))
            count(group, outcomes)
            for (request, outcome) in zip(group, outcomes) { request.continuation.resume(returning: .success(outcome)) }
        } catch {
            let problem = Problem(error)
            state.withLock { $0.statistics.failedGroups += 1 }
            // one bad request must not take its neighbours with it
            if group.count > 1, problem.code == .internalError {
                for request in group { await store([request]) }
                return
            }
            logger.error("entries could not be stored", metadata: ["error": "\(error)", "requests": "\(group.count)"])
            for request in group { request.continuation.resume(returning: .failure(problem)) }
        }
    }

    private func count(_ group: [Request], _ outcomes: [EntryBatchOutcome]) {
        state.withLock { state in
            state.statistics.groups += 1
            for (request, outcome) in zip(group, outcomes) {
                guard case .stored(let duplicates) = outcome else { continue }
                state.statistics.storedEntries += request.batch.entries.count - duplicates
                state.statistics.duplicates += duplicates
            }
        }
    }
}
