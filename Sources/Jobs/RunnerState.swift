import Domain
import Store

/// What a worker holds and what it should do next; no clock, no database, so that every turn can be tested.
///
/// ```
/// normal ──suspects wait──► emptying ──nothing runs, or it took too long──► alone ──the suspect ended──► emptying …
///    ▲                                                                        └─it ran long enough──► normal
///    └──no suspect is left──┘
/// ```
struct RunnerState {
    /// Seconds for which claiming waits for running jobs to end before a suspect is run beside them.
    static let emptyingSeconds: Int64 = 10
    /// Seconds after which a suspect that still runs no longer keeps others from running.
    static let aloneSeconds: Int64 = 10

    /// What to do next.
    enum Order {
        /// Write down how runs ended, and claim.
        case exchange(ended: [JobStore.Ended], room: [JobStore.Room], most: Int)
        /// Claim a suspect of one of these kinds.
        case claimSuspect(kinds: [String])
        /// Wait until something happens.
        case wait
        /// Nothing is left to do.
        case end
    }

    private enum Mode: Equatable {
        case normal
        case emptying(since: Timestamp)
        case claimingSuspect
        case alone(JobLease, since: Timestamp)
    }

    struct Running: Sendable {
        var job: JobStore.Claimed
        var startedAt: Timestamp
        /// When the lease was last renewed.
        var heldSince: Timestamp
        var isCancelled = false
        var task: Task<Void, Never>?
    }

    private let kinds: [RunnableKind]
    private let limits: [String: JobLimits]
    private let mostAtOnce: Int
    private let mostPerClaim: Int
    private(set) var running: [JobLease: Running] = [:]
    private var taken: [String: Int] = [:]
    private var total = 0
    private var ended: [JobStore.Ended] = []
    private var endedInFlight = 0
    private var isHungry = true
    /// Kinds that had no place when jobs were last looked for: a place that gets free is a reason to look again.
    private var starved: Set<String> = []
    private var isGivenUp = false
    private var mode = Mode.normal
    private(set) var isStopping = false
    private(set) var isInterrupted = false

    init(kinds: [RunnableKind], mostAtOnce: Int, mostPerClaim: Int) {
        self.kinds = kinds.sorted { $0.priority.rawValue < $1.priority.rawValue }
        limits = Dictionary(uniqueKeysWithValues: kinds.map { ($0.name, $0.limits) })
        self.mostAtOnce = mostAtOnce
        self.mostPerClaim = mostPerClaim
    }

    // MARK: - What happens

    /// Jobs may wait.
    mutating func expectJobs() { isHungry = true }

    /// Jobs wait whose lease ran out before.
    mutating func expectSuspects(now: Timestamp) {
        if mode == .normal { mode = .emptying(since: now) }
    }

    /// No more jobs are claimed.
    mutating func stop() { isStopping = true }

    /// Nothing can be written down any more: whoever asks is told to end.
    mutating func giveUp() { isGivenUp = true }

    /// Runs that end from now on were interrupted.
    mutating func interrupt() { isInterrupted = true }

    /// A claim came back.
    mutating func claimed(_ jobs: [JobStore.Claimed], room: [JobStore.Room], most: Int, now: Timestamp) {
        give(back: room)
        var counts: [String: Int] = [:]
        for job in jobs {
            start(job, now: now)
            counts[job.kind, default: 0] += 1
        }
        // a full claim means that more may wait
        if jobs.count >= most || room.contains(where: { counts[$0.kind, default: 0] >= $0.places }) { isHungry = true }
    }

    /// A claim failed.
    mutating func claimFailed(room: [JobStore.Room]) {
        give(back: room)
        isHungry = true
    }

    /// A suspect was claimed, or there is none.
    mutating func claimedSuspect(_ job: JobStore.Claimed?, now: Timestamp) {
        guard let job else {
            mode = .normal
            isHungry = true
            return
        }
        start(job, now: now)
        mode = .alone(job.lease, since: now)
    }

    /// A run has begun.
    mutating func attach(_ task: Task<Void, Never>, to lease: JobLease) { running[lease]?.task = task }

    /// A run ended.
    mutating func ended(_ end: JobStore.Ended, now: Timestamp) {
        guard running.removeValue(forKey: end.job.lease) != nil else { return }
        release(end.job.kind, 1)
        ended.append(end)
        // the next suspect need not wait for what goes on beside: that was waited for
        if case .alone(end.job.lease, let since) = mode {
            mode = .emptying(since: since.advanced(bySeconds: -Self.emptyingSeconds))
        }
    }

    /// Ends were written down, or will never be.
    mutating func wroteDown(_ count: Int) { endedInFlight -= count }

    /// Ends could not be written down: once more.
    mutating func writingFailed(_ ends: [JobStore.Ended]) {
        endedInFlight -= ends.count
        ended.insert(contentsOf: ends, at: 0)
    }

    /// Leases were renewed, or lost.
    /// - Returns: the jobs whose lease was lost; they are to be cancelled.
    mutating func renewed(_ asked: [JobLease], _ renewed: Set<JobLease>, now: Timestamp) -> [JobLease] {
        var lost: [JobLease] = []
        for lease in asked where running[lease] != nil {
            if renewed.contains(lease) {
                running[lease]?.heldSince = now
            } else if running[lease]?.isCancelled == false {
                running[lease]?.isCancelled = true
                lost.append(lease)
            }
        }
        return lost
    }

    // MARK: - What to do

    /// What to do next; what it takes is no longer there for the next who asks.
    mutating func next(now: Timestamp) -> Order {
        if isGivenUp { return .end }
        if case .alone(_, let since) = mode, now.seconds(since: since) >= Self.aloneSeconds { mode = .normal }
        if case .emptying(let since) = mode, !isStopping,
            total == 0 || now.seconds(since: since) >= Self.emptyingSeconds
        {
            // what still runs from before takes places too
            let free = kinds.map(\.name).filter { taken[$0, default: 0] < limits[$0]?.concurrency ?? 0 }
            mode = free.isEmpty ? .normal : .claimingSuspect
            if !free.isEmpty { return .claimSuspect(kinds: free) }
        }
        let room = isHungry && mode == .normal && !isStopping ? reserve() : []
        guard !room.isEmpty || !ended.isEmpty else {
            return isStopping && total == 0 && endedInFlight == 0 ? .end : .wait
        }
        if !room.isEmpty { isHungry = false }
        let ends = ended
        ended = []
        endedInFlight += ends.count
        let places = room.reduce(0) { $0 + $1.places }
        return .exchange(ended: ends, room: room, most: min(places, mostPerClaim))
    }

    /// Leases that were last renewed before a time.
    func leases(heldBefore time: Timestamp) -> [JobLease] {
        running.compactMap { $1.heldSince < time ? $0 : nil }
    }

    /// Runs that have taken longer than their kind may; each is named once.
    mutating func overdue(now: Timestamp) -> [JobLease] {
        var overdue: [JobLease] = []
        for (lease, run) in running where !run.isCancelled {
            guard let limit = limits[run.job.kind]?.timeout,
                now.microseconds - run.startedAt.microseconds > limit.microseconds
            else { continue }
            running[lease]?.isCancelled = true
            overdue.append(lease)
        }
        return overdue
    }

    private mutating func start(_ job: JobStore.Claimed, now: Timestamp) {
        running[job.lease] = Running(job: job, startedAt: now, heldSince: now)
        taken[job.kind, default: 0] += 1
        total += 1
    }

    /// Keeps places of every kind for a claim; the claim as a whole is bounded by its `most`.
    private mutating func reserve() -> [JobStore.Room] {
        var room: [JobStore.Room] = []
        for kind in kinds {
            let free = kind.limits.concurrency - taken[kind.name, default: 0]
            let places = min(free, mostPerClaim, mostAtOnce - total)
            guard places > 0 else {
                starved.insert(kind.name)
                continue
            }
            room.append(JobStore.Room(kind: kind.name, places: places))
            taken[kind.name, default: 0] += places
            total += places
        }
        return room
    }

    private mutating func give(back room: [JobStore.Room]) {
        for place in room { release(place.kind, place.places) }
    }

    private mutating func release(_ kind: String, _ places: Int) {
        taken[kind, default: 0] -= places
        total -= places
        if starved.remove(kind) != nil { isHungry = true }
    }
}

extension Timestamp {
    /// Whole seconds from another time to this one.
    func seconds(since other: Timestamp) -> Int64 { (microseconds - other.microseconds) / 1_000_000 }
}

extension Duration {
    var microseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}
