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
    private struct Counted: ScheduledJob {
        let kind = "counted"
        let intervalSeconds: Int64 = 3600

        func run(now: Timestamp) async throws -> DutyOutcome { DutyOutcome(done: []) }
    }

    @Test func severalWorkersEnqueueADueJobOnce() async throws {
        let store = try await TestStore.make("jobs_due_once")
        let clock = store.clock
        try await clock.synchronize()
        let maintenance = MaintenanceStore(database: store.database)
        let schedulers = (0..<4).map { _ in
            Scheduler(jobs: [Counted()], maintenance: maintenance, logger: Logger(label: "test"))
        }
        func tick() async throws -> Int {
            await withTaskGroup(of: Void.self) { group in
                for scheduler in schedulers { group.addTask { await scheduler.tick() } }
            }
            return try await store.administer { connection in
                try connection.query("select 1 from job where kind = 'counted'") { _ in 1 }.count
            }
        }
        #expect(try await tick() == 1)
        // not while the last run still waits, however late it is
        try await store.moveClock("5 hours")
        try await clock.synchronize()
        #expect(try await tick() == 1)
        try await store.administer { connection in try connection.script("delete from job") }
        // what was due five times is caught up once
        #expect(try await tick() == 1)
        try await store.administer { connection in try connection.script("delete from job") }
        #expect(try await tick() == 0)
    }

    @Test func partitionsAreMadeAheadAndOldDaysGo() async throws {
        let store = try await TestStore.make("jobs_retention")
        let clock = store.clock
        try await clock.synchronize()
        let partitions = PartitionStore(database: store.database)
        let maintenance = MaintenanceStore(database: store.database)
        let jobs: [any ScheduledJob] = [
            PartitionJob(families: [partitions], maintenance: maintenance),
            RetentionJob(partitions: partitions, maintenance: maintenance, retentionDays: 30),
        ]
        let today = clock.now.day
        for job in jobs { _ = try await job.run(now: clock.now) }
        #expect(try await partitions.daysAhead(today: today) == 8)

        // on the thirtieth day after it a day still holds calls younger than thirty days; a day later it does not
        for (days, keepsToday) in [(30, true), (31, false)] {
            try await store.moveClock("\(days) days")
            try await clock.synchronize()
            for job in jobs { _ = try await job.run(now: clock.now) }
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
