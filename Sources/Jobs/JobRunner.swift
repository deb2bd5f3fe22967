import Domain
import Foundation
public import Logging
public import ServiceLifecycle
public import Store
import Synchronization

/// Claims jobs and runs them: several at once, in batches, until the service group shuts down.
///
/// Some lanes talk to the database in turns, so that one waits for a commit while another starts what it claimed. How runs
/// ended is written down in the transaction that claims the next.
public struct JobRunner: Sendable, Service {
    /// How a worker goes about it.
    public struct Configuration: Sendable {
        /// Jobs that run at a time.
        public var mostAtOnce = 3000
        /// Jobs that one claim takes.
        public var mostPerClaim = 500
        /// Seconds between looks for jobs that nobody announced.
        public var pollSeconds = 1
        /// Seconds after which a lease is renewed.
        public var renewSeconds: Int64 = 15
        /// Seconds between looks for workers that were lost.
        public var rescueSeconds = 10
        /// Seconds between looks for leases that ran out though their worker was seen.
        public var sweepSeconds: Int64 = 60
        /// Seconds that running jobs get to end when the process is to stop.
        public var graceSeconds = 20
        /// Seconds that interrupted jobs get to notice.
        public var interruptSeconds = 5

        /// The usual.
        public init() {}
    }

    /// Lanes that talk to the database.
    static let lanes = 4

    let kinds: [String: RunnableKind]
    let store: JobStore
    let database: Database
    let clock: DatabaseClock
    let configuration: Configuration
    let logger: Logger
    /// What was run so far.
    public let counters: JobCounters
    let shared: Shared
    /// This worker, among others.
    private let worker = UUID()

    /// What the lanes and the running jobs share.
    final class Shared: Sendable {
        let state: Mutex<RunnerState>
        let bell = Doorbell()
        /// When all leases were last looked at.
        let lastSweep = Mutex(Timestamp(microseconds: 0))

        init(_ state: RunnerState) { self.state = Mutex(state) }
    }

    /// Prepares to run jobs.
    /// - Parameters:
    ///   - kinds: what this worker can run; jobs of other kinds are left alone.
    ///   - database: a migrated one, with connections to spare for the lanes.
    ///   - clock: gives `app_now()`.
    ///   - configuration: how to go about it.
    ///   - logger: says what failed.
    public init(
        kinds: [RunnableKind], database: Database, clock: DatabaseClock, configuration: Configuration = .init(),
        logger: Logger
    ) {
        self.kinds = Dictionary(uniqueKeysWithValues: kinds.map { ($0.name, $0) })
        store = JobStore(database: database)
        self.database = database
        self.clock = clock
        self.configuration = configuration
        self.logger = logger
        counters = JobCounters(kinds: kinds.map(\.name))
        shared = Shared(
            RunnerState(
                kinds: kinds, mostAtOnce: configuration.mostAtOnce, mostPerClaim: configuration.mostPerClaim))
    }

    /// Runs jobs until the service group shuts down; then what runs gets time to end, and the rest is released.
    public func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            let listener = JobListener(database: database)
            group.addTask { try? await listener.run() }
            group.addTask { await listener.onSignal { expectJobs() } }
            group.addTask { await every(seconds: configuration.pollSeconds) { expectJobs() } }
            group.addTask { await every(seconds: configuration.rescueSeconds) { await rescue() } }
            group.addTask { await every(seconds: Int(configuration.renewSeconds)) { await noteSeen() } }
            // these go on while running jobs end
            let upkeep = Task { await keepUp() }
            await withGracefulShutdownHandler {
                await withTaskGroup(of: Void.self) { lanes in
                    for _ in 0..<Self.lanes { lanes.addTask { await lane() } }
                }
            } onGracefulShutdown: {
                stop()
            }
            upkeep.cancel()
            group.cancelAll()
            try? await store.noteGone(worker)
        }
    }

    /// Stops claiming; what still runs after the grace is interrupted, and what does not notice is left to its lease.
    private func stop() {
        shared.state.withLock { $0.stop() }
        shared.bell.ringAll()
        Task {
            try? await Task.sleep(for: .seconds(configuration.graceSeconds))
            let tasks = shared.state.withLock { state in
                state.interrupt()
                return state.running.values.compactMap(\.task)
            }
            for task in tasks { task.cancel() }
            try? await Task.sleep(for: .seconds(configuration.interruptSeconds))
            let left = shared.state.withLock { $0.running.values.map(\.job) }
            for job in left { end(job, .released) }
        }
    }

    // MARK: - Lanes

    private func lane() async {
        var failures = 0
        while true {
            switch shared.state.withLock({ $0.next(now: clock.now) }) {
            case .end:
                shared.bell.ringAll()
                return
            case .wait: await shared.bell.wait()
            case .claimSuspect(let kinds): await claimSuspect(of: kinds)
            case .exchange(let ended, let room, let most):
                let isDone = await exchange(ended, room, most)
                failures = isDone ? 0 : failures + 1
                guard !isDone else { continue }
                let isStopping = shared.state.withLock { $0.isStopping }
                if isStopping, failures > 20 {
                    logger.error("how jobs ended could not be written down; their leases will run out")
                    shared.state.withLock { $0.giveUp() }
                    shared.bell.ringAll()
                    return
                }
                try? await Task.sleep(for: .milliseconds(min(100 << min(failures, 4), 2000)))
            }
        }
    }

    private func exchange(_ ended: [JobStore.Ended], _ room: [JobStore.Room], _ most: Int) async -> Bool {
        do {
            let (claimed, lost) = try await store.exchange(ended: ended, room: room, most: most, token: Self.token())
            let now = clock.now
            shared.state.withLock { state in
                state.wroteDown(ended.count)
                state.claimed(claimed, room: room, most: most, now: now)
            }
            if lost > 0 {
                counters.lost(lost)
                logger.warning("what was done was not counted: the leases had run out", metadata: ["jobs": "\(lost)"])
            }
            for job in claimed { begin(job, now: now) }
            // the other lane may wait though there is more to do
            shared.bell.ring()
            return true
        } catch {
            shared.state.withLock { state in
                state.writingFailed(ended)
                state.claimFailed(room: room)
            }
            logger.warning("jobs could not be claimed", metadata: ["error": "\(error)"])
            return false
        }
    }

    private func claimSuspect(of kinds: [String]) async {
        do {
            let job = try await store.claimSuspect(kinds: kinds, token: Self.token())
            let now = clock.now
            shared.state.withLock { $0.claimedSuspect(job, now: now) }
            if let job {
                logger.notice(
                    "a job whose worker was lost runs alone",
                    metadata: ["kind": "\(job.kind)", "job": "\(job.lease.jobID)", "crashes": "\(job.crashes)"])
                begin(job, now: now)
            }
        } catch {
            shared.state.withLock { $0.claimedSuspect(nil, now: clock.now) }
            logger.warning("a job could not be claimed", metadata: ["error": "\(error)"])
        }
        shared.bell.ring()
    }

    private static func token() -> Int64 { Int64.random(in: 1...Int64.max) }

    // MARK: - Runs

    private func begin(_ job: JobStore.Claimed, now: Timestamp) {
        guard let kind = kinds[job.kind] else { return end(job, .released) }
        counters.began(job)
        let task = Task {
            let run = JobRun(
                lease: job.lease, tenant: job.tenant, attempt: job.attempt, crashes: job.crashes,
                isLastAttempt: job.attempt >= kind.limits.attempts, now: now, enqueuedAt: job.enqueuedAt)
            do {
                end(job, fate(of: try await kind.run(job.payload, run), job, kind.limits))
            } catch let error {
                end(job, fate(of: error, job, kind.limits))
            }
        }
        shared.state.withLock { $0.attach(task, to: job.lease) }
    }

    private func end(_ job: JobStore.Claimed, _ fate: JobStore.Ended.Fate) {
        let keepsHistory = kinds[job.kind]?.limits.keepsHistory ?? true
        shared.state.withLock {
            $0.ended(JobStore.Ended(job: job, fate: fate, keepsHistory: keepsHistory), now: clock.now)
        }
        counters.ended(job, fate)
        log(job, fate)
        shared.bell.ring()
    }

    private func fate(of outcome: JobOutcome, _ job: JobStore.Claimed, _ limits: JobLimits) -> JobStore.Ended.Fate {
        switch outcome {
        case .done(let detail): .done(detail.map { $0.plainLine() })
        case .finished: .finished
        case .later(let time, let reason): .later(time, reason: reason.plainLine())
        case .dead(let reason): .dead(reason.plainLine())
        // what could not be ended because the process ends was no attempt
        case .failed where shared.state.withLock { $0.isInterrupted }: .released
        case .failed(let reason): Self.failed(reason.plainLine(), job, limits)
        }
    }

    private func fate(of error: any Error, _ job: JobStore.Claimed, _ limits: JobLimits) -> JobStore.Ended.Fate {
        let (isInterrupted, run) = shared.state.withLock { ($0.isInterrupted, $0.running[job.lease]) }
        if error is LeaseLost { return .lost }
        if isInterrupted { return .released }
        let isOverdue = run?.isCancelled == true
        let words = isOverdue ? "it took longer than \(limits.timeout)" : "\(error)"
        return Self.failed(words.plainLine(), job, limits)
    }

    private static func failed(
        _ reason: String, _ job: JobStore.Claimed, _ limits: JobLimits
    ) -> JobStore.Ended.Fate {
        guard job.attempt < limits.attempts else { return .dead(reason) }
        let seconds = limits.backoff.seconds(after: Int(job.attempt), random: .random(in: 0...1))
        return .retry(seconds: seconds, reason: reason)
    }

    private func log(_ job: JobStore.Claimed, _ fate: JobStore.Ended.Fate) {
        let metadata: Logger.Metadata = [
            "kind": "\(job.kind)", "job": "\(job.lease.jobID)", "attempt": "\(job.attempt)",
        ]
        switch fate {
        case .done(let detail?): logger.notice("\(detail)", metadata: metadata)
        case .done(nil), .finished: break
        case .released: logger.notice("a job was released", metadata: metadata)
        case .lost: logger.warning("what was done does not count: the lease was lost", metadata: metadata)
        case .later(_, let reason), .retry(_, let reason):
            logger.warning("a job is put off: \(reason)", metadata: metadata)
        case .dead(let reason): logger.error("a job is dead: \(reason)", metadata: metadata)
        }
    }

    // MARK: - Upkeep

    /// Renews leases and cancels what takes too long, for as long as anything runs.
    private func keepUp() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(1))
            let now = clock.now
            let due = now.advanced(bySeconds: -configuration.renewSeconds)
            let (leases, overdue) = shared.state.withLock { state in
                (state.leases(heldBefore: due), state.overdue(now: now))
            }
            for lease in overdue { cancel(lease) }
            guard !leases.isEmpty else { continue }
            do {
                let renewed = try await store.renew(leases)
                let lost = shared.state.withLock { $0.renewed(leases, renewed, now: now) }
                for lease in lost {
                    logger.warning("a lease was lost", metadata: ["job": "\(lease.jobID)"])
                    cancel(lease)
                }
            } catch {
                logger.warning("leases could not be renewed", metadata: ["error": "\(error)"])
            }
        }
    }

    private func cancel(_ lease: JobLease) {
        shared.state.withLock { $0.running[lease]?.task }?.cancel()
    }

    private func expectJobs() {
        shared.state.withLock { $0.expectJobs() }
        shared.bell.ring()
    }

    private func noteSeen() async {
        do { try await store.noteSeen(worker) } catch {
            logger.warning("this worker could not say that it is here", metadata: ["error": "\(error)"])
        }
    }

    private func rescue() async {
        do {
            let isDue = shared.lastSweep.withLock { last in
                let isDue = clock.now.seconds(since: last) >= configuration.sweepSeconds
                if isDue { last = clock.now }
                return isDue
            }
            let isLost = isDue ? true : try await store.hasLostWorker()
            let (freed, dead) = isLost ? try await store.rescue() : (0, 0)
            if freed + dead > 0 {
                logger.warning(
                    "jobs were taken back: their workers were lost", metadata: ["freed": "\(freed)", "dead": "\(dead)"])
            }
            guard try await store.hasSuspect(kinds: Array(kinds.keys)) else { return }
            shared.state.withLock { $0.expectSuspects(now: clock.now) }
            shared.bell.ring()
        } catch {
            logger.warning("lost jobs could not be taken back", metadata: ["error": "\(error)"])
        }
    }

    /// Does something at once and then again and again until the service group shuts down.
    private func every(seconds: Int, _ body: @escaping @Sendable () async -> Void) async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await body()
                try? await Task.sleep(for: .seconds(seconds))
            }
        }
    }
}
