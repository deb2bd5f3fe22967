import Domain
import Foundation
import Logging
import Postgres
import Store
import TestSupport
import Testing

@Suite struct CallLogWriterTests {
    private func duplicates(_ outcome: EntryBatchOutcome?) -> Int? {
        guard case .stored(let duplicates) = outcome else { return nil }
        return duplicates
    }

    @Test func aGroupOfSeveralTenantsAndDaysIsStoredWhole() async throws {
        let store = try await TestStore.make("store_group")
        let now = Timestamp(Date())
        let (one, two) = (try await store.tenant("One"), try await store.tenant("Two"))
        let writer = store.writer
        let calls = CallLogStore(database: store.database, retentionDays: 30)
        let entries = (0..<300).map { index in
            NewCallLog.sample(
                at: now.advanced(bySeconds: Int64(-index * 3600 * 2)), bot: "bot-\(index % 3)", body: "body \(index)")
        }
        let outcomes = try await writer.store([
            EntryBatch(tenant: one.id, entries: entries),
            EntryBatch(tenant: two.id, entries: [.sample(at: now, body: "other")]),
        ])
        #expect(outcomes.compactMap(duplicates) == [0, 0])
        for entry in [entries[0], entries[127], entries[128], entries[299]] {
            let found = try await calls.find(entry.log.id, tenant: one.id, now: now.advanced(bySeconds: 1))
            #expect(found?.item.log == entry.log)
            #expect(found?.exchange == entry.exchange)
        }
        let difference = try await store.administer { connection in
            try connection.first(
                """
                select (select count(*) from call_log), (select sum(entries) from call_count),
                       (select sum(entries) from call_body)
                """
            ) { row in try row.decode(Int.self, Int.self, Int.self) }
        }
        #expect(try #require(difference) == (301, 301, 301))
    }

    /// "é" as one scalar and as two look the same and are two ids.
    @Test func botsAreToldApartByTheirBytes() async throws {
        let store = try await TestStore.make("store_bot_bytes")
        let tenant = try await store.tenant()
        let now = Timestamp(Date())
        let ids = ["caf\u{E9}", "cafe\u{301}"]
        _ = try await store.writer.store([
            EntryBatch(tenant: tenant.id, entries: ids.map { .sample(at: now, bot: $0) })
        ])
        let bots = try await BotStore(database: store.database).list(tenant: tenant.id, after: nil, limit: 10)
        #expect(Set(bots.map { ExactText($0.id) }) == Set(ids.map(ExactText.init)))
    }

    @Test func repeatsAreLeftOutAndCounted() async throws {
        let store = try await TestStore.make("store_repeats")
        let now = Timestamp(Date()).wholeMilliseconds
        let tenant = try await store.tenant()
        let writer = store.writer
        let ids = (0..<200).map { _ in UUID.version7(at: now) }
        let first = ids[..<120].map { NewCallLog.sample(at: now, id: $0) }
        #expect(duplicates(try await writer.store([EntryBatch(tenant: tenant.id, entries: first)]).first) == 0)
        #expect(duplicates(try await writer.store([EntryBatch(tenant: tenant.id, entries: first)]).first) == 120)
        let mixed = (ids + [ids[199]]).map { NewCallLog.sample(at: now, id: $0) }
        #expect(duplicates(try await writer.store([EntryBatch(tenant: tenant.id, entries: mixed)]).first) == 121)
        #expect(try await count(store) == 200)
    }

    /// Writers that send the same ids at once, each in its own order, neither store one twice nor wait for each other.
    @Test func theSameEntriesFromManyWritersAreStoredOnce() async throws {
        let store = try await TestStore.make("store_same_ids", connections: 16)
        let now = Timestamp(Date()).wholeMilliseconds
        let tenant = try await store.tenant()
        let entries = (0..<400).map { index in
            let time = now.advanced(bySeconds: Int64(-index))
            return NewCallLog.sample(at: time, id: .version7(at: time))
        }
        let stored = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                let writer = store.writer
                let shuffled = entries.shuffled()
                group.addTask {
                    let outcomes = try await writer.store([EntryBatch(tenant: tenant.id, entries: shuffled)])
                    return 400 - (duplicates(outcomes.first) ?? 0)
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(stored == 400)
        #expect(try await count(store) == 400)
    }

    @Test func anAnswerIsKeptWithItsEntriesOrNotAtAll() async throws {
        let store = try await TestStore.make("store_idempotency")
        let now = Timestamp(Date())
        let tenant = try await store.tenant()
        let answers = IdempotencyStore(database: store.database)
        let key = [UInt8](repeating: 7, count: 32)
        let outcomes = try await withThrowingTaskGroup(of: EntryBatchOutcome?.self) { group in
            for _ in 0..<6 {
                let writer = store.writer
                group.addTask {
                    try await writer.store([
                        EntryBatch(
                            tenant: tenant.id, entries: [.sample(at: now)],
                            idempotency: .init(keyHash: key, requestHash: key) {
                                StoredAnswer(status: 200, body: "d\($0)")
                            })
                    ]).first
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.compactMap(duplicates) == [0])
        #expect(try await count(store) == 1)
        #expect(
            try await answers.answer(keyHash: key, requestHash: key, tenant: tenant.id)
                == StoredAnswer(status: 200, body: "d0"))
        await #expect(throws: Problem.self) {
            try await answers.answer(keyHash: key, requestHash: Array(key.dropLast()) + [8], tenant: tenant.id)
        }
        try await store.moveClock("48 hours 1 minute")
        let later = Database(configuration: store.database.configuration, connections: 1, logger: Logger(label: "test"))
        #expect(
            try await IdempotencyStore(database: later).answer(keyHash: key, requestHash: key, tenant: tenant.id) == nil
        )
        await later.close()
    }

    private func count(_ store: TestStore) async throws -> Int? {
        try await store.administer { connection in
            try connection.first(
                """
                select (select count(*) from call_log) where (select count(*) from call_log)
                    = (select coalesce(sum(entries), 0) from call_count)
                """
            ) { row in try row.decode(Int.self, at: 0) }
        }
    }
}
