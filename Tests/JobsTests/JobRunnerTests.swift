import Domain
import Foundation
import Jobs
import Logging
import Postgres
import ServiceLifecycle
import Store
import Synchronization
import TestSupport
import Testing

/// Jobs against a real PostgreSQL. Each test has a database of its own.
@Suite struct JobRunnerTests {
    struct Work: JobPayload {
        static let kind = "work"
        var number = 0
    }

    /// Does what the test says, and remembers what it was given.
    final class WorkKind: JobKind {
        let limits: JobLimits
        let body: @Sendable (Work, JobRun) async throws -> JobOutcome
        let runs = Mutex<[JobRun]>([])

        init(
            _ limits: JobLimits = JobLimits(), _ body: @escaping @Sendable (Work, JobRun) async throws -> JobOutcome
        ) {
            self.limits = limits
            self.body = body
        }

        func run(_ payload: Work, _ run: JobRun) async throws -> JobOutcome {
            runs.withLock { $0.append(run) }
            return try await body(payload, run)
        }
    }

    struct Bench {
        let store: TestStore
        let clock: DatabaseClock
        let queue: JobQueue

        init(_ name: String) async throws {
            store = try await TestStore.make(name)
            clock = store.clock
            try await clock.synchronize()
            queue = JobQueue(database: store.database)
        }

        func runner(_ kinds: [RunnableKind], _ change: (inout JobRunner.Configuration) -> Void = { _ in }) -> JobRunner
        {
            var configuration = JobRunner.Configuration()
            change(&configuration)
            return JobRunner(
                kinds: kinds, database: store.database, clock: clock, configuration: configuration,
                logger: Logger(label: "test"))
        }

        /// Runs workers until a condition holds, then shuts them down.
        func run(_ runners: [JobRunner], until isDone: @escaping @Sendable () async throws -> Bool) async throws {
            let group = ServiceGroup(
                configuration: .init(services: runners.map { .init(service: $0) }, logger: Logger(label: "test")))
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                var isDoneInTime = false
                for _ in 0..<15_000 where !isDoneInTime {
                    // seen once is enough: what comes next may look otherwise
                    isDoneInTime = (try? await isDone()) == true
                    if !isDoneInTime { try await Task.sleep(for: .milliseconds(20)) }
                }
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
                #expect(isDoneInTime)
            }
        }

        func states() async throws -> [String] {
            try await store.administer { connection in
                try connection.query("select state || ' ' || attempts || ' ' || crashes from job order by job_id") {
                    row in
                    try row.decode(String.self, at: 0)
                }
            }
        }

        func script(_ text: String) async throws {
            try await store.administer { connection in try connection.script(text) }
        }
    }

    @Test func severalWorkersRunEachJobOnce() async throws {
        let bench = try await Bench("jobs_once_each")
        let kind = WorkKind(JobLimits { $0.concurrency = 100 }) { _, _ in .done() }
        for number in 0..<50 { try await bench.queue.enqueue(NewJob(Work(number: number), tenant: nil)) }
        try await bench.script(
            "insert into job (kind, payload) select 'work', jsonb_build_object('number', n) from generate_series(50, 4999) n"
        )
        try await bench.run((0..<3).map { _ in bench.runner([RunnableKind(kind)]) }) {
            try await bench.states().isEmpty
        }
        let ids = kind.runs.withLock { $0.map(\.lease.jobID) }
        #expect(ids.count == 5000)
        #expect(Set(ids).count == 5000)
    }

    @Test func aUniqueKeyHoldsWhileItsJobIsNotOver() async throws {
        let bench = try await Bench("jobs_unique")
        let first = try await bench.queue.enqueue(NewJob(Work(), tenant: nil, uniqueKey: "a"))
        #expect(first != nil)
        #expect(try await bench.queue.enqueue(NewJob(Work(), tenant: nil, uniqueKey: "a")) == nil)
        #expect(try await bench.queue.enqueue(NewJob(Work(), tenant: nil, uniqueKey: "b")) != nil)
        let kind = WorkKind { _, _ in .dead("no") }
        try await bench.run([bench.runner([RunnableKind(kind)])]) {
            try await bench.states() == ["dead 1 0", "dead 1 0"]
        }
        #expect(try await bench.queue.enqueue(NewJob(Work(), tenant: nil, uniqueKey: "a")) != nil)
    }

    @Test func aFailureIsTriedAgainLaterAndTheLastIsDead() async throws {
        let bench = try await Bench("jobs_retry")
        let limits = JobLimits {
            $0.attempts = 3
            $0.backoff = Backoff(first: 600, factor: 1, longest: 600, jitter: 0)
        }
        let kind = WorkKind(limits) { _, run in
            #expect(run.isLastAttempt == (run.attempt == 3))
            throw Problem(.internalError, "broken \u{0} wire\r\n")
        }
        try await bench.queue.enqueue(NewJob(Work(), tenant: nil))
        for attempt in 1...3 {
            let expected = attempt < 3 ? "waiting \(attempt) 0" : "dead 3 0"
            try await bench.run([bench.runner([RunnableKind(kind)])]) { try await bench.states() == [expected] }
            #expect(kind.runs.withLock { $0.count } == attempt)
            try await bench.store.moveClock("\(attempt * 601) seconds")
            try await bench.clock.synchronize()
        }
        let history = try await bench.store.administer { connection in
            try connection.query("select outcome from job_history order by history_id") { row in
                try row.decode(String.self, at: 0)
            }
        }
        #expect(history == ["failed", "failed", "dead"])
    }

    @Test func aJobForLaterWaitsAndPrioritiesGoFirst() async throws {
        let bench = try await Bench("jobs_order")
        let order = Mutex<[Int]>([])
        let kind = WorkKind(JobLimits { $0.concurrency = 1 }) { work, _ in
            order.withLock { $0.append(work.number) }
            return .done()
        }
        let later = bench.clock.now.advanced(bySeconds: 3600)
        try await bench.queue.enqueue(NewJob(Work(number: 4), tenant: nil, runAt: later))
        try await bench.queue.enqueue(NewJob(Work(number: 3), tenant: nil, priority: .low))
        try await bench.queue.enqueue(NewJob(Work(number: 2), tenant: nil))
        try await bench.queue.enqueue(NewJob(Work(number: 1), tenant: nil, priority: .high))
        try await bench.run([bench.runner([RunnableKind(kind)])]) { try await bench.states().count == 1 }
        #expect(order.withLock { $0 } == [1, 2, 3])
    }

    @Test func whatTakesTooLongIsCancelled() async throws {
        let bench = try await Bench("jobs_timeout")
        let limits = JobLimits {
            $0.attempts = 1
            $0.timeout = .milliseconds(100)
        }
        let kind = WorkKind(limits) { _, _ in
            try await Task.sleep(for: .seconds(600))
            return .done()
        }
        try await bench.queue.enqueue(NewJob(Work(), tenant: nil))
        try await bench.run([bench.runner([RunnableKind(kind)])]) { try await bench.states() == ["dead 1 0"] }
    }

    @Test func anInterruptedRunDoesNotCount() async throws {
        let bench = try await Bench("jobs_interrupt")
        let kind = WorkKind { _, _ in
            try await Task.sleep(for: .seconds(600))
            return .done()
        }
        try await bench.queue.enqueue(NewJob(Work(), tenant: nil))
        let runner = bench.runner([RunnableKind(kind)]) { $0.graceSeconds = 0 }
        try await bench.run([runner]) { kind.runs.withLock { !$0.isEmpty } }
        #expect(try await bench.states() == ["waiting 0 0"])
    }

    @Test func aLateCompletionIsRefused() async throws {
        let bench = try await Bench("jobs_late")
        let jobs = JobStore(database: bench.store.database)
        try await bench.queue.enqueue(NewJob(Work(), tenant: nil))
        let room = [JobStore.Room(kind: "work", places: 1)]
        let first = try await jobs.exchange(ended: [], room: room, most: 1, token: 1).claimed
        #expect(try await jobs.exchange(ended: [], room: room, most: 1, token: 2).claimed.isEmpty)
        try await bench.script("update job set lease_until = now() - interval '1 s'")
        let rescued = try await jobs.rescue()
        #expect(rescued.freed == 1 && rescued.dead == 0)
        // not among the others: it might be what stopped its worker
        #expect(try await jobs.exchange(ended: [], room: room, most: 1, token: 3).claimed.isEmpty)
        let second = try await jobs.claimSuspect(kinds: ["work"], token: 4)
        #expect(second?.attempt == 2 && second?.crashes == 1)
        let late = JobStore.Ended(job: try #require(first.first), fate: .done(nil), keepsHistory: false)
        #expect(try await jobs.exchange(ended: [late], room: [], most: 0, token: 5).lost == 1)
        #expect(try await bench.states() == ["running 2 1"])
        #expect(try await jobs.renew([late.job.lease]).isEmpty)
    }

    @Test func aJobThatTakesWorkersWithItEndsDeadAndTheOthersRunOn() async throws {
        let bench = try await Bench("jobs_poison")
        let jobs = JobStore(database: bench.store.database)
        for number in 0..<20 { try await bench.queue.enqueue(NewJob(Work(number: number), tenant: nil)) }
        let room = [JobStore.Room(kind: "work", places: 20)]
        // a worker held all of them and was lost
        _ = try await jobs.exchange(ended: [], room: room, most: 20, token: 1)
        try await bench.script("update job set lease_until = now() - interval '1 s'")
        _ = try await jobs.rescue()
        let kind = WorkKind { work, _ in work.number == 7 ? .later(Timestamp(Date()), reason: "poison") : .done() }
        try await bench.run([bench.runner([RunnableKind(kind)])]) { try await bench.states() == ["waiting 1 1"] }
        // each of them ran while nothing else did, and the poison did twice more
        for token in 2...3 {
            let claimed = try await jobs.claimSuspect(kinds: ["work"], token: Int64(token))
            #expect(claimed != nil)
            try await bench.script("update job set lease_until = now() - interval '1 s'")
            _ = try await jobs.rescue()
        }
        #expect(try await bench.states() == ["dead 3 3"])
    }

    @Test func kindsThatAreNotKnownAreLeftAlone() async throws {
        let bench = try await Bench("jobs_unknown")
        try await bench.script("insert into job (kind) values ('of_a_later_version')")
        try await bench.queue.enqueue(NewJob(Work(), tenant: nil))
        let kind = WorkKind { _, _ in .done() }
        try await bench.run([bench.runner([RunnableKind(kind)])]) { try await bench.states() == ["waiting 0 0"] }
    }
}
