import Domain
import Foundation
import Jobs
import Store
import TestSupport
import Testing

@Suite struct CompactionJobTests {
    @Test func aRunSaysWhatItDidAndASecondHasNothingToDo() async throws {
        let store = try await TestStore.make("jobs_compaction")
        let tenant = try await store.tenant()
        let now = Timestamp(Date())
        let writer = store.writer
        for _ in 0..<10 {
            let entry = NewCallLog.sample(at: now.advanced(bySeconds: -2 * 86_400))
            _ = try await writer.store([EntryBatch(tenant: tenant.id, entries: [entry])])
        }
        let job = CompactionJob(compaction: CompactionStore(database: store.database))
        let first = try await job.run(now: now)
        #expect(first.done.first == "merged 10 blocks of 10 entries into 1")
        #expect(first.postponed == nil)
        let second = try await job.run(now: now)
        #expect(second.done.isEmpty)
        #expect(second.postponed == nil)
    }
}
