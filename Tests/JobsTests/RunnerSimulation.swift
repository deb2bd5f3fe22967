import Domain

@testable import Jobs
@testable import Store

/// Three lanes, a database and a clock around the state of a worker: whatever is drawn happens, and what must never be
/// is written down.
struct RunnerSimulation {
    private enum Lane {
        case free
        case exchanging(ended: [JobStore.Ended], room: [JobStore.Room], most: Int)
        case claimingSuspect(kinds: [String])
        case over
    }

    /// What must not be, in words.
    private(set) var faults: [String] = []
    /// Jobs that were begun.
    private(set) var begun: Set<Int64> = []
    /// Jobs whose end the database has.
    private(set) var written: Set<Int64> = []

    private var random: SeededRandom
    private var state: RunnerState
    private var lanes: [Lane] = [.free, .free, .free]
    private var now = Timestamp(microseconds: 0)
    private let limits: [String: Int]
    private let mostAtOnce: Int
    private var waiting: [String: Int] = [:]
    private var suspects: [String] = []
    private var nextID: Int64 = 1
    private var running: [Int64: JobStore.Claimed] = [:]
    /// Suspects that run beside others because those took too long.
    private var beside: Set<Int64> = []
    private var ended: Set<Int64> = []
    private var isStopping = false
    /// Since when suspects have waited for running jobs to end.
    private var emptyingSince: Timestamp?
    private var alone: (id: Int64, since: Timestamp)?

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        var limits: [String: Int] = [:]
        for name in ["a", "b", "c"] { limits[name] = Int.random(in: 1...6, using: &random) }
        self.limits = limits
        mostAtOnce = Int.random(in: 1...12, using: &random)
        state = RunnerState(
            kinds: limits.map { RunnerStateTests.kind($0.key, concurrency: $0.value) }, mostAtOnce: mostAtOnce,
            mostPerClaim: Int.random(in: 1...8, using: &random))
    }

    /// Lets something happen.
    mutating func step() {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<40: ask(Int.random(in: 0..<3, using: &random))
        case 40..<60: answer(Int.random(in: 0..<3, using: &random), mayFail: true)
        case 60..<80: endOne()
        case 80..<87:
            waiting[name(), default: 0] += Int.random(in: 1...5, using: &random)
            state.expectJobs()
        case 87..<90:
            suspects.append(name())
            expectSuspects()
        case 90..<98: now = Timestamp(microseconds: now.microseconds + Int64.random(in: 0...6_000_000, using: &random))
        case 98: endAgain()
        default: if !begun.isEmpty, Int.random(in: 0..<8, using: &random) == 0 { stop() }
        }
        check()
    }

    /// Stops the worker and lets everything come to its end.
    mutating func drain() {
        stop()
        for _ in 0..<1000 {
            for lane in lanes.indices {
                ask(lane)
                answer(lane, mayFail: false)
            }
            endOne()
            check()
            if lanes.allSatisfy({ if case .over = $0 { true } else { false } }) { break }
        }
        if !lanes.allSatisfy({ if case .over = $0 { true } else { false } }) { faults.append("a lane never ends") }
        if !running.isEmpty || !state.running.isEmpty { faults.append("it ended while \(running.count) ran") }
        if written != ended { faults.append("\(ended.subtracting(written).count) ends were lost") }
    }

    private mutating func name() -> String { ["a", "b", "c"].randomElement(using: &random) ?? "a" }

    private mutating func stop() {
        isStopping = true
        state.stop()
    }

    private mutating func expectSuspects() {
        state.expectSuspects(now: now)
        if emptyingSince == nil, alone == nil, !isClaimingSuspect { emptyingSince = now }
    }

    private var isClaimingSuspect: Bool {
        lanes.contains { if case .claimingSuspect = $0 { true } else { false } }
    }

    private var placesKept: Int {
        lanes.reduce(0) { sum, lane in
            guard case .exchanging(_, let room, _) = lane else { return sum }
            return sum + room.reduce(0) { $0 + $1.places }
        }
    }

    /// Places of a kind that are taken, or kept for a claim.
    private func taken(_ kind: String) -> Int {
        lanes.reduce(running.values.count { $0.kind == kind }) { sum, lane in
            guard case .exchanging(_, let room, _) = lane else { return sum }
            return sum + room.reduce(0) { $0 + ($1.kind == kind ? $1.places : 0) }
        }
    }

    // MARK: - Lanes

    private mutating func ask(_ lane: Int) {
        guard case .free = lanes[lane] else { return }
        // a suspect that runs for long no longer keeps the others back
        if let held = alone, now.seconds(since: held.since) >= RunnerState.aloneSeconds { alone = nil }
        let isLate = emptyingSince.map { now.seconds(since: $0) >= RunnerState.emptyingSeconds } ?? false
        // where no kind has a place for a suspect, it is looked for again later
        if isLate, !isStopping, limits.allSatisfy({ taken($0.key) >= $0.value }) { emptyingSince = nil }
        switch state.next(now: now) {
        case .wait: break
        case .end:
            if !isStopping { faults.append("it ends though nobody stopped it") }
            if !running.isEmpty { faults.append("it ends though \(running.count) run") }
            if ended != written { faults.append("it ends though ends are not written") }
            lanes[lane] = .over
        case .claimSuspect(let kinds):
            if kinds.isEmpty { faults.append("a suspect of no kind is claimed") }
            if isStopping { faults.append("a suspect is claimed after the stop") }
            if emptyingSince == nil { faults.append("a suspect is claimed that nobody expects") }
            if !isLate, !running.isEmpty || placesKept > 0 { faults.append("a suspect is claimed beside others") }
            emptyingSince = nil
            lanes[lane] = .claimingSuspect(kinds: kinds)
        case .exchange(let ends, let room, let most):
            if !room.isEmpty {
                if isStopping { faults.append("jobs are claimed after the stop") }
                if alone != nil || emptyingSince != nil || isClaimingSuspect {
                    faults.append("jobs are claimed while a suspect is to run alone")
                }
            }
            lanes[lane] = .exchanging(ended: ends, room: room, most: most)
            handedOut(ends)
        }
    }

    private mutating func handedOut(_ ends: [JobStore.Ended]) {
        let others = lanes.flatMap { lane -> [Int64] in
            guard case .exchanging(let ended, _, _) = lane else { return [] }
            return ended.map(\.job.lease.jobID)
        }
        if Set(others).count != others.count { faults.append("an end is written twice at once") }
        for id in ends.map(\.job.lease.jobID) {
            if written.contains(id) { faults.append("an end is written again") }
            if !ended.contains(id) { faults.append("an end is written of what did not end") }
        }
    }

    private mutating func answer(_ lane: Int, mayFail: Bool) {
        switch lanes[lane] {
        case .free, .over: return
        case .claimingSuspect(let kinds):
            lanes[lane] = .free
            claimSuspect(kinds)
        case .exchanging(let ends, let room, let most):
            lanes[lane] = .free
            if mayFail, Int.random(in: 0..<5, using: &random) == 0 {
                state.writingFailed(ends)
                state.claimFailed(room: room)
                return
            }
            written.formUnion(ends.map(\.job.lease.jobID))
            state.wroteDown(ends.count)
            var jobs: [JobStore.Claimed] = []
            for place in room {
                let count = min(place.places, waiting[place.kind] ?? 0, most - jobs.count)
                waiting[place.kind, default: 0] -= count
                for _ in 0..<count { jobs.append(begin(place.kind)) }
            }
            state.claimed(jobs, room: room, most: most, now: now)
        }
    }

    private mutating func claimSuspect(_ kinds: [String]) {
        guard let place = suspects.lastIndex(where: kinds.contains) else {
            state.claimedSuspect(nil, now: now)
            return
        }
        let kind = suspects.remove(at: place)
        let isBeside = !running.isEmpty || placesKept > 0
        let job = begin(kind)
        if isBeside { beside.insert(job.lease.jobID) }
        alone = (job.lease.jobID, now)
        state.claimedSuspect(job, now: now)
    }

    private mutating func begin(_ kind: String) -> JobStore.Claimed {
        let job = RunnerStateTests.job(nextID, kind)
        nextID += 1
        running[job.lease.jobID] = job
        begun.insert(job.lease.jobID)
        return job
    }

    // MARK: - Runs

    private mutating func endOne() {
        guard let id = running.keys.sorted().randomElement(using: &random), let job = running[id] else { return }
        running[id] = nil
        ended.insert(id)
        beside.remove(id)
        if alone?.id == id {
            alone = nil
            // what the first suspect waited for the next need not wait for again
            if emptyingSince == nil { emptyingSince = now.advanced(bySeconds: -RunnerState.emptyingSeconds) }
        }
        state.ended(.init(job: job, fate: .done(nil), keepsHistory: false), now: now)
    }

    /// A run that was given up ends after all.
    private mutating func endAgain() {
        guard let id = ended.sorted().randomElement(using: &random) else { return }
        state.ended(.init(job: RunnerStateTests.job(id, name()), fate: .done(nil), keepsHistory: false), now: now)
    }

    /// A suspect that is run beside others because these took too long may be one more than the worker runs at once, but
    /// never one more than its kind may.
    private mutating func check() {
        if Set(state.running.keys.map(\.jobID)) != Set(running.keys) { faults.append("it has lost track of what runs") }
        let count = running.keys.count { !beside.contains($0) }
        if count > mostAtOnce { faults.append("\(count) of \(mostAtOnce) run") }
        for (kind, jobs) in Dictionary(grouping: running.values, by: \.kind) {
            let limit = limits[kind] ?? 0
            if jobs.count > limit { faults.append("\(jobs.count) of \(limit) of kind \(kind) run") }
        }
    }
}

/// Draws the same numbers for the same seed, so that a failure can be looked into.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
