import Domain
import Foundation
import Logging
import Postgres
import Store
import TestSupport
import Testing

@Suite struct PartitionStoreTests {
    @Test func daysAreMadeOnceHoweverManyAskForThem() async throws {
        let store = try await TestStore.make("store_days")
        let partitions = PartitionStore(database: store.database)
        let today = Timestamp(Date()).day
        let days = (0..<5).map { today.advanced(by: $0) }
        let made = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 { group.addTask { try await partitions.create(days).count } }
            return try await group.reduce(0, +)
        }
        #expect(made == 5)
        #expect(try await partitions.daysAhead(today: today) == 5)
        #expect(try await partitions.leaves().count == 15)
    }

    @Test func retentionDropsWholeDaysAndSweepsWhatWasLeft() async throws {
        let store = try await TestStore.make("store_retention")
        let partitions = PartitionStore(database: store.database)
        let today = Timestamp(Date()).day
        _ = try await partitions.create((-3...0).map { today.advanced(by: $0) })
        let orphan = try #require(try await partitions.leaves().first { $0.parent == "call_body" })
        try await store.administer { connection in
            try connection.script("alter table call_body detach partition \(orphan.name)")
        }
        let steps = try await partitions.dropLeaves(before: today.advanced(by: -1))
        #expect(steps.contains(.dropped(orphan.name)))
        #expect(try await Set(partitions.leaves().map(\.day)) == [today.advanced(by: -1), today])
        #expect(try await partitions.dropLeaves(before: today.advanced(by: -1)).isEmpty)
    }

    /// A parent can have one pending detach: with two days due and a reader in the way, the run ends in order, and the next
    /// one does all that is left.
    @Test func aReaderInTheWayOfTwoDaysOnlyPostpones() async throws {
        let store = try await TestStore.make("store_two_days")
        let partitions = PartitionStore(database: store.database)
        let today = Timestamp(Date()).day
        _ = try await partitions.create([today.advanced(by: -3), today.advanced(by: -2), today])
        let reader = try await PostgresConnection.connect(store.administrator)
        try await reader.script("begin; select count(*) from call_log")
        let steps = try await partitions.dropLeaves(before: today, lockTimeout: 200)
        #expect(steps.contains { if case .postponed = $0 { true } else { false } })
        try await reader.script("commit")
        await reader.close()
        _ = try await partitions.dropLeaves(before: today)
        #expect(try await Set(partitions.leaves().map(\.day)) == [today])
    }

    /// An entry for a day that is being taken away is refused: acknowledged, it would vanish with the day.
    @Test func nothingIsAcknowledgedIntoADayOnItsWayOut() async throws {
        let store = try await TestStore.make("store_way_out")
        let partitions = PartitionStore(database: store.database)
        let now = Timestamp(Date())
        let old = now.advanced(bySeconds: -2 * 86_400)
        let tenant = try await store.tenant()
        let writer = store.writer
        _ = try await writer.store([EntryBatch(tenant: tenant.id, entries: [.sample(at: old)])])
        let reader = try await PostgresConnection.connect(store.administrator)
        try await reader.script("begin; select count(*) from call_log")
        _ = try await partitions.dropLeaves(before: now.day, lockTimeout: 200)
        let refusal = await #expect(throws: (any Error).self) {
            try await writer.store([EntryBatch(tenant: tenant.id, entries: [.sample(at: old)])])
        }
        #expect(refusal.map { Problem($0).code } == .unavailable)
        try await reader.script("commit")
        await reader.close()
        // once it is gone, the day is made anew for whoever still sends into it
        _ = try await partitions.dropLeaves(before: now.day)
        _ = try await writer.store([EntryBatch(tenant: tenant.id, entries: [.sample(at: old)])])
    }

    /// A detach that was interrupted hides rows and blocks others until it is finalised: the next run does.
    @Test func anInterruptedDetachIsFinalised() async throws {
        let store = try await TestStore.make("store_pending")
        let partitions = PartitionStore(database: store.database)
        let today = Timestamp(Date()).day
        let old = today.advanced(by: -2)
        _ = try await partitions.create([old, today])
        let leaf = try #require(try await partitions.leaves().first { $0.day == old && $0.parent == "call_log" })

        // a reader keeps the detach from ending; waiting no longer than 0.2 s for it leaves it pending
        let reader = try await PostgresConnection.connect(store.administrator)
        try await reader.script("begin; select count(*) from call_log")
        let steps = try await partitions.dropLeaves(before: today, lockTimeout: 200)
        #expect(steps.contains(.postponed(leaf.name)))
        #expect(try await partitions.leaves().contains { $0.name == leaf.name && $0.isPending })

        // while it hangs, today's entries still go in
        let tenant = try await store.tenant()
        _ = try await store.writer.store([
            EntryBatch(tenant: tenant.id, entries: [.sample(at: Timestamp(Date()))])
        ])
        try await reader.script("commit")
        await reader.close()

        let next = try await partitions.dropLeaves(before: today)
        #expect(next.contains(.finalized(leaf.name)))
        #expect(next.contains(.dropped(leaf.name)))
        #expect(try await Set(partitions.leaves().map(\.day)) == [today])
    }
}
