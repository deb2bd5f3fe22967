import Domain
import Testing

@testable import Jobs
@testable import Store

/// What a worker decides, without a worker. The random sequences are those of three lanes and a database.
@Suite struct RunnerStateTests {
    static func kind(_ name: String, concurrency: Int, priority: JobPriority = .normal) -> RunnableKind {
        RunnableKind(
            name: name, priority: priority,
            limits: JobLimits {
                $0.concurrency = concurrency
                $0.timeout = .seconds(60)
            }
        ) { _, _ in .done() }
    }

    static func job(_ id: Int64, _ kind: String, crashes: Int16 = 0) -> JobStore.Claimed {
        let time = Timestamp(microseconds: 0)
        return JobStore.Claimed(
            lease: JobLease(jobID: id, token: id), kind: kind, payload: "{}", tenant: nil, attempt: 1,
            crashes: crashes, enqueuedAt: time, dueAt: time, claimedAt: time)
    }

    private func end(_ job: JobStore.Claimed) -> JobStore.Ended {
        .init(job: job, fate: .done(nil), keepsHistory: false)
    }

    private func at(_ seconds: Int64) -> Timestamp { Timestamp(microseconds: 0).advanced(bySeconds: seconds) }

    private func places(_ order: RunnerState.Order) -> [String: Int]? {
        guard case .exchange(_, let room, _) = order else { return nil }
        return Dictionary(room.map { ($0.kind, $0.places) }, uniquingKeysWith: +)
    }

    private func isWaiting(_ order: RunnerState.Order) -> Bool {
        if case .wait = order { true } else { false }
    }

    private func claimsSuspect(_ order: RunnerState.Order) -> Bool {
        if case .claimSuspect = order { true } else { false }
    }

    /// Claims, as a lane does, as many as the database has.
    private func claim(
        _ state: inout RunnerState, _ jobs: [JobStore.Claimed], at time: Timestamp
    ) throws -> [String: Int] {
        guard case .exchange(let ended, let room, let most) = state.next(now: time) else {
            throw Refusal()
        }
        state.wroteDown(ended.count)
        state.claimed(jobs, room: room, most: most, now: time)
        return Dictionary(room.map { ($0.kind, $0.places) }, uniquingKeysWith: +)
    }

    private struct Refusal: Error {}

    // MARK: - Room

    @Test func roomIsWhatEachKindAndTheWorkerHaveLeft() throws {
        var state = RunnerState(
            kinds: [Self.kind("b", concurrency: 5), Self.kind("a", concurrency: 4, priority: .high)], mostAtOnce: 7,
            mostPerClaim: 100)
        let jobs = [Self.job(1, "a"), Self.job(2, "b")]
        // what is wanted soonest first, and the rest gets what is left of the worker
        #expect(try claim(&state, jobs, at: at(0)) == ["a": 4, "b": 3])
        state.expectJobs()
        #expect(try claim(&state, [], at: at(0)) == ["a": 3, "b": 2])
        state.expectJobs()
        // while a claim is under way its places are kept
        #expect(places(state.next(now: at(0))) == ["a": 3, "b": 2])
        state.expectJobs()
        #expect(isWaiting(state.next(now: at(0))))
    }

    @Test func aFullClaimIsFollowedByAnother() throws {
        var state = RunnerState(kinds: [Self.kind("a", concurrency: 10)], mostAtOnce: 100, mostPerClaim: 4)
        #expect(try claim(&state, (1...4).map { Self.job($0, "a") }, at: at(0)) == ["a": 4])
        #expect(try claim(&state, (5...7).map { Self.job($0, "a") }, at: at(0)) == ["a": 4])
        // three of four: nothing was left
        #expect(isWaiting(state.next(now: at(0))))
        state.expectJobs()
        #expect(try claim(&state, (8...10).map { Self.job($0, "a") }, at: at(0)) == ["a": 3])
        // all places are taken; the first that is free is claimed for at once, since more may wait
        #expect(isWaiting(state.next(now: at(0))))
        state.ended(end(Self.job(3, "a")), now: at(0))
        #expect(places(state.next(now: at(0))) == ["a": 1])
    }

    /// The claim as a whole is not full, but one kind got all that it had room for.
    @Test func aKindThatGotAllItCouldIsAskedForAgain() throws {
        var state = RunnerState(
            kinds: [Self.kind("a", concurrency: 2), Self.kind("b", concurrency: 50)], mostAtOnce: 100,
            mostPerClaim: 100)
        _ = try claim(&state, [Self.job(1, "a"), Self.job(2, "a")], at: at(0))
        state.ended(end(Self.job(1, "a")), now: at(0))
        #expect(places(state.next(now: at(0))) == ["a": 1, "b": 50])
    }

    /// No kind got all that it had room for, but the claim as a whole was bounded.
    @Test func aClaimThatWasBoundedIsMadeAgain() throws {
        var state = RunnerState(
            kinds: [Self.kind("a", concurrency: 9), Self.kind("b", concurrency: 9)], mostAtOnce: 100, mostPerClaim: 4)
        let jobs = [Self.job(1, "a"), Self.job(2, "a"), Self.job(3, "b"), Self.job(4, "b")]
        #expect(try claim(&state, jobs, at: at(0)) == ["a": 4, "b": 4])
        #expect(try claim(&state, [], at: at(0)) == ["a": 4, "b": 4])
        #expect(isWaiting(state.next(now: at(0))))
    }

    @Test func aClaimThatFailedIsMadeAgain() {
        var state = RunnerState(kinds: [Self.kind("a", concurrency: 2)], mostAtOnce: 100, mostPerClaim: 100)
        guard case .exchange(_, let room, _) = state.next(now: at(0)) else {
            Issue.record("it does not claim")
            return
        }
        state.claimFailed(room: room)
        #expect(places(state.next(now: at(0))) == ["a": 2])
    }

    // MARK: - Ends

    @Test func endsThatWereNotWrittenComeFirstTheNextTime() throws {
        var state = RunnerState(kinds: [Self.kind("a", concurrency: 9)], mostAtOnce: 9, mostPerClaim: 9)
        _ = try claim(&state, (1...3).map { Self.job($0, "a") }, at: at(0))
        state.ended(end(Self.job(2, "a")), now: at(0))
        guard case .exchange(let ended, let room, _) = state.next(now: at(0)) else { throw Refusal() }
        #expect(ended.map(\.job.lease.jobID) == [2] && room.isEmpty)
        state.ended(end(Self.job(3, "a")), now: at(0))
        state.writingFailed(ended)
        state.claimFailed(room: room)
        guard case .exchange(let again, _, _) = state.next(now: at(0)) else { throw Refusal() }
        #expect(again.map(\.job.lease.jobID) == [2, 3])
        // an end that comes late, after the run was given up, is none
        state.ended(end(Self.job(2, "a")), now: at(0))
        state.wroteDown(2)
        #expect(state.running.keys.map(\.jobID) == [1])
    }

    @Test func aWorkerThatStopsClaimsNothingAndEndsWhenAllIsWritten() throws {
        var state = RunnerState(kinds: [Self.kind("a", concurrency: 9)], mostAtOnce: 9, mostPerClaim: 9)
        _ = try claim(&state, (1...2).map { Self.job($0, "a") }, at: at(0))
        state.stop()
        state.expectJobs()
        state.expectSuspects(now: at(0))
        #expect(isWaiting(state.next(now: at(100))))
        for id in 1...2 { state.ended(end(Self.job(Int64(id), "a")), now: at(100)) }
        guard case .exchange(let ended, let room, let most) = state.next(now: at(100)) else { throw Refusal() }
        #expect(ended.count == 2 && room.isEmpty && most == 0)
        // another lane is writing
        #expect(isWaiting(state.next(now: at(100))))
        state.writingFailed(ended)
        guard case .exchange(let again, _, _) = state.next(now: at(100)) else { throw Refusal() }
        state.wroteDown(again.count)
        guard case .end = state.next(now: at(100)) else { throw Refusal() }
    }

    // MARK: - Leases

    @Test func leasesThatAreDueAreNamedAndLostOnesOnce() throws {
        var state = RunnerState(kinds: [Self.kind("a", concurrency: 9)], mostAtOnce: 9, mostPerClaim: 9)
        _ = try claim(&state, (1...2).map { Self.job($0, "a") }, at: at(0))
        state.expectJobs()
        _ = try claim(&state, [Self.job(3, "a")], at: at(10))
        let (one, two) = (JobLease(jobID: 1, token: 1), JobLease(jobID: 2, token: 2))
        #expect(Set(state.leases(heldBefore: at(10))) == [one, two])
        #expect(state.renewed([one, two], [one], now: at(15)) == [two])
        #expect(state.leases(heldBefore: at(10)) == [two])
        #expect(state.renewed([one, two], [one], now: at(15)).isEmpty)
        state.ended(end(Self.job(1, "a")), now: at(15))
        #expect(state.renewed([one], [], now: at(15)).isEmpty)
    }

    @Test func runsThatTakeTooLongAreNamedOnce() throws {
        var state = RunnerState(kinds: [Self.kind("a", concurrency: 9)], mostAtOnce: 9, mostPerClaim: 9)
        _ = try claim(&state, [Self.job(1, "a")], at: at(0))
        state.expectJobs()
        _ = try claim(&state, [Self.job(2, "a")], at: at(1))
        #expect(state.overdue(now: at(60)).isEmpty)
        #expect(state.overdue(now: Timestamp(microseconds: 60_000_001)).map(\.jobID) == [1])
        #expect(state.overdue(now: at(62)).map(\.jobID) == [2])
        #expect(state.overdue(now: at(1000)).isEmpty)
    }

    // MARK: - Suspects

    @Test func aSuspectRunsWhenNothingElseDoes() throws {
        var state = RunnerState(kinds: [Self.kind("a", concurrency: 9)], mostAtOnce: 9, mostPerClaim: 9)
        _ = try claim(&state, [Self.job(1, "a")], at: at(0))
        state.expectSuspects(now: at(0))
        state.expectJobs()
        #expect(isWaiting(state.next(now: at(9))))
        state.ended(end(Self.job(1, "a")), now: at(9))
        #expect(claimsSuspect(state.next(now: at(9))))
        // the end of the run before is written meanwhile, and nothing is claimed
        #expect(places(state.next(now: at(9))) == [:])
        state.wroteDown(1)
        #expect(isWaiting(state.next(now: at(9))))
        state.claimedSuspect(Self.job(2, "a", crashes: 1), now: at(9))
        #expect(isWaiting(state.next(now: at(18))))
        state.ended(end(Self.job(2, "a")), now: at(18))
        // the next one, until there is none
        #expect(claimsSuspect(state.next(now: at(18))))
        state.claimedSuspect(nil, now: at(18))
        #expect(places(state.next(now: at(18))) == ["a": 9])
    }

    @Test func whatRunsForLongDelaysASuspectForTenSeconds() throws {
        var state = RunnerState(kinds: [Self.kind("a", concurrency: 9)], mostAtOnce: 9, mostPerClaim: 9)
        _ = try claim(&state, [Self.job(1, "a")], at: at(0))
        state.expectSuspects(now: at(0))
        #expect(isWaiting(state.next(now: Timestamp(microseconds: 9_999_999))))
        #expect(claimsSuspect(state.next(now: at(10))))
        state.claimedSuspect(Self.job(2, "a", crashes: 1), now: at(10))
        state.expectJobs()
        // and a suspect that runs for long delays the others for ten seconds
        #expect(isWaiting(state.next(now: Timestamp(microseconds: 19_999_999))))
        #expect(places(state.next(now: at(20))) == ["a": 7])
    }

    /// However many suspects there are, and however long each of them runs: a kind's jobs may exclude each other, so its
    /// limit holds for them too.
    @Test func suspectsAreBoundByTheirKindsLimit() throws {
        var state = RunnerState(kinds: [Self.kind("a", concurrency: 1)], mostAtOnce: 3, mostPerClaim: 9)
        _ = try claim(&state, [Self.job(1, "a")], at: at(0))
        var time: Int64 = 0
        for id in 2...20 {
            state.expectSuspects(now: at(time))
            time += 20
            if claimsSuspect(state.next(now: at(time))) {
                state.claimedSuspect(Self.job(Int64(id), "a", crashes: 1), now: at(time))
            }
            _ = state.next(now: at(time + 20))
            time += 40
        }
        #expect(state.running.count <= 1, "\(state.running.count) run at once")
    }

    // MARK: - Anything in any order

    @Test(arguments: 0..<400)
    func whateverHappensNothingIsLostAndNoLimitIsPassed(seed: UInt64) throws {
        var simulation = RunnerSimulation(seed: seed)
        for _ in 0..<400 { simulation.step() }
        simulation.drain()
        #expect(simulation.faults == [])
        #expect(simulation.begun == simulation.written && simulation.begun.count > 0)
    }
}
