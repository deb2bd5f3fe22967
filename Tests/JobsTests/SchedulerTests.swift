import Domain
import Foundation
import Jobs
import Logging
import Postgres
import Store
import Synchronization
import TestSupport
import Testing

@Suite struct SchedulerTests {
    private final class CountingJob: ScheduledJob {
        let kind = "counting"
        let intervalSeconds: Int64 = 3600
        let runs = Mutex(0)
        let fails: Bool

        init(fails: Bool = false) { self.fails = fails }

        func run(now: Timestamp) async throws -> JobOutcome {
            runs.withLock { $0 += 1 }
            if fails { throw Problem(.internalError, "broken") }
            return JobOutcome(done: [])
        }
    }

    @Test func severalWorkersRunADueJobOnce() async throws {
        let store = try await TestStore.make("jobs_once")
        let clock = DatabaseClock(database: store.database, logger: Logger(label: "test"))
        let job = CountingJob()
        let schedulers = (0..<4).map { _ in
            Scheduler(
                jobs: [job], maintenance: MaintenanceStore(database: store.database), clock: clock,
                logger: Logger(label: "test"))
        }
        for expected in 1...2 {
            try await clock.synchronize()
            await withTaskGroup(of: Void.self) { group in
                for scheduler in schedulers { group.addTask { await scheduler.runDue() } }
            }
            #expect(job.runs.withLock { $0 } == expected)
            try await store.moveClock("\(expected * 61) minutes")
        }
    }

    @Test func partitionsAreMadeAheadAndOldDaysGo() async throws {
        let store = try await TestStore.make("jobs_retention")
        let clock = DatabaseClock(database: store.database, logger: Logger(label: "test"))
        try await clock.synchronize()
        let scheduler = Scheduler(
            jobs: JobCatalogue.scheduled(database: store.database, retentionDays: 30),
            maintenance: MaintenanceStore(database: store.database), clock: clock, logger: Logger(label: "test"))
        let partitions = PartitionStore(database: store.database)
        let today = clock.now.day
        await scheduler.runDue()
        #expect(try await partitions.daysAhead(today: today) == 8)

        // on the thirtieth day after it a day still holds calls younger than thirty days; a day later it does not
        for (days, keepsToday) in [(30, true), (31, false)] {
            try await store.moveClock("\(days) days")
            try await clock.synchronize()
            await scheduler.runDue()
            let held = try await partitions.leaves().map(\.day)
            #expect(held.contains(today) == keepsToday)
            #expect(try await partitions.daysAhead(today: clock.now.day) == 8)
        }
        let dropped = try await store.administer { connection in
            try connection.query("select subject from maintenance_log where action = 'dropped'") { row in
                try row.decode(String.self, at: 0)
            }
        }
        #expect(dropped.count >= 3)
    }
}
