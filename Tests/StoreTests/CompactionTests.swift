import Domain
import Foundation
import Postgres
import Store
import TestSupport
import Testing

@Suite struct CompactionTests {
    /// A database, and all that was put into it.
    private final class Fixture: Sendable {
        let store: TestStore
        let calls: CallLogStore
        let compaction: CompactionStore
        let now: Timestamp

        init(_ name: String) async throws {
            store = try await TestStore.make(name)
            calls = CallLogStore(database: store.database, retentionDays: 30)
            compaction = CompactionStore(database: store.database)
            now = Timestamp(Date()).wholeMilliseconds
        }

        /// Noon of the day before yesterday: a day that is over whatever the hour.
        var past: Timestamp { now.day.advanced(by: -2).start.advanced(bySeconds: 43_200) }

        /// Each writer takes ranges of ids of its own.
        func writer() -> CallLogWriter { store.writer }

        func entry(_ number: Int, at time: Timestamp? = nil) -> NewCallLog {
            // every third is long and does not compress away
            let text = (0..<(number.isMultiple(of: 3) ? 40 : 2)).map { _ in "\(UInt64.random(in: 0...UInt64.max))" }
            return .sample(
                at: (time ?? past).advanced(bySeconds: Int64(number % 3000)), bot: "bot-\(number % 5)",
                body: "{\"number\":\(number),\"words\":\"\(text.joined(separator: " "))\"}")
        }

        func check(_ entries: [NewCallLog], of tenant: Tenant) async throws {
            for entry in entries {
                let found = try await calls.find(entry.log.id, tenant: tenant.id, now: now)
                #expect(found?.exchange == entry.exchange)
            }
        }

        func sum(_ expression: String, where condition: String = "true") async throws -> Int {
            try await store.administer { connection in
                try connection.first(
                    "select (\(unescaped: expression))::bigint from call_body where \(unescaped: condition)"
                ) { row in try row.decode(Int.self, at: 0) }
            } ?? 0
        }

        func run(_ script: String) async throws {
            try await store.administer { connection in try connection.script(script) }
        }
    }

    /// Single entries, batches, tenants, and two writers whose ranges of ids are used in turns, merged again and again.
    @Test(arguments: 0..<3) func everyExchangeReadsBackAsItWas(round: Int) async throws {
        let fixture = try await Fixture("store_compaction_mix_\(round)")
        let tenants = [try await fixture.store.tenant("One"), try await fixture.store.tenant("Two")]
        let writers = [fixture.writer(), fixture.writer(), fixture.writer()]
        var stored: [[NewCallLog]] = [[], []]
        for pass in 0..<4 {
            for _ in 0..<60 {
                let tenant = Int.random(in: 0...1)
                let size = [1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 7, 70, 140].randomElement() ?? 1
                let first = stored[tenant].count
                let entries = (first..<(first + size)).map { fixture.entry($0) }
                // the third writer's ids are low and come late
                let writer = pass == 3 ? writers[2] : writers[Int.random(in: 0...1)]
                _ = try await writer.store([EntryBatch(tenant: tenants[tenant].id, entries: entries)])
                stored[tenant] += entries
            }
            if pass == 0 {
                _ = try await writers[2].store([EntryBatch(tenant: tenants[0].id, entries: [fixture.entry(0)])])
            }
            let summary = try await fixture.compaction.compact(now: fixture.now)
            #expect(summary.merged > summary.made * 2)
            #expect(summary.damaged.isEmpty)
            for tenant in 0...1 {
                // all of them in the end: what a pass spoils, no later one makes good
                let some = pass == 3 ? stored[tenant] : Array(stored[tenant].shuffled().prefix(100))
                try await fixture.check(some, of: tenants[tenant])
            }
        }
        let again = try await fixture.compaction.compact(now: fixture.now)
        #expect(again.merged == 0)
        #expect(try await fixture.sum("sum(entries)") == stored[0].count + stored[1].count + 1)
        // what is left small is not worth more
        #expect(try await fixture.sum("count(*)", where: "entries < 64 and raw_bytes < 131072") <= 24)
    }

    /// Blocks that come with an id amid those of a merged one are found, and so are the merged one's own.
    @Test func lateBlocksAmidAMergedOneAreFound() async throws {
        let fixture = try await Fixture("store_compaction_late")
        let tenant = try await fixture.store.tenant()
        let (early, late) = (fixture.writer(), fixture.writer())
        var entries: [NewCallLog] = []
        func post(_ writer: CallLogWriter, _ count: Int) async throws {
            for _ in 0..<count {
                let entry = fixture.entry(entries.count)
                _ = try await writer.store([EntryBatch(tenant: tenant.id, entries: [entry])])
                entries.append(entry)
            }
        }
        // the merged block reaches over what is left of the early writer's range
        try await post(early, 10)
        try await post(late, 10)
        #expect(try await fixture.compaction.compact(now: fixture.now).made == 1)
        #expect(try await fixture.sum("max(last_block - block_id)") > 1000)
        for _ in 0..<3 {
            try await post(early, 30)
            try await post(late, 5)
            try await fixture.check(entries, of: tenant)
            #expect(try await fixture.compaction.compact(now: fixture.now).merged > 0)
            try await fixture.check(entries, of: tenant)
        }
        #expect(try await fixture.sum("count(*)", where: "last_block = block_id") < 10)
    }

    @Test func blocksOfTheLastHourAreLeftAlone() async throws {
        let fixture = try await Fixture("store_compaction_young")
        let tenant = try await fixture.store.tenant()
        let writer = fixture.writer()
        let noon = fixture.now.day.start.advanced(bySeconds: 43_200)
        func post(_ numbers: Range<Int>) async throws {
            for number in numbers {
                let entry = fixture.entry(number, at: fixture.now.day.start)
                _ = try await writer.store([EntryBatch(tenant: tenant.id, entries: [entry])])
            }
        }
        try await post(0..<20)
        #expect(try await fixture.compaction.compact(now: noon).merged == 0)
        try await post(20..<25)
        // not yet an hour since the blocks were seen
        #expect(try await fixture.compaction.compact(now: noon.advanced(bySeconds: 3599)).merged == 0)
        let summary = try await fixture.compaction.compact(now: noon.advanced(bySeconds: 3600))
        #expect((summary.merged, summary.entries, summary.made) == (20, 20, 1))
        // when the day is over, no block of it is young
        let nextDay = fixture.now.day.advanced(by: 1).start
        #expect(try await fixture.compaction.compact(now: nextDay.advanced(bySeconds: 3600)).merged == 6)
    }

    @Test func fullBlocksAreLeftAloneAndLittleIsNotRewritten() async throws {
        let fixture = try await Fixture("store_compaction_full")
        let tenant = try await fixture.store.tenant()
        let writer = fixture.writer()
        for first in [0, 64, 128] {
            let entries = (first..<(first + 64)).map { fixture.entry($0) }
            _ = try await writer.store([EntryBatch(tenant: tenant.id, entries: entries)])
        }
        #expect(try await fixture.compaction.compact(now: fixture.now).merged == 0)
        let middle = (200..<260).map { fixture.entry($0) }
        _ = try await writer.store([EntryBatch(tenant: tenant.id, entries: middle)])
        for number in 300..<302 {
            _ = try await writer.store([EntryBatch(tenant: tenant.id, entries: [fixture.entry(number)])])
        }
        #expect(try await fixture.compaction.compact(now: fixture.now).merged == 0)
        _ = try await writer.store([EntryBatch(tenant: tenant.id, entries: [fixture.entry(303)])])
        #expect(try await fixture.compaction.compact(now: fixture.now).merged == 4)
        try await fixture.check(middle, of: tenant)
    }

    /// Damage of every kind is left as it is and reported, and what is around it is merged.
    @Test func damagedBlocksAreSkippedAndReported() async throws {
        let fixture = try await Fixture("store_compaction_damage")
        let tenant = try await fixture.store.tenant()
        let writer = fixture.writer()
        var entries: [NewCallLog] = []
        for number in 0..<60 {
            // too large for its row, so that it is stored apart
            let size = number == 40 ? 400 : 1
            let words = (0..<size).map { _ in "\(UInt64.random(in: 0...UInt64.max))" }.joined()
            let entry = NewCallLog.sample(at: fixture.past.advanced(bySeconds: Int64(number)), body: words)
            _ = try await writer.store([EntryBatch(tenant: tenant.id, entries: [entry])])
            entries.append(entry)
        }
        let leaf = "call_body_" + "\(fixture.past.day)".replacing("-", with: "")
        try await fixture.run(
            """
            update call_body set payload = set_byte(payload, length(payload) - 1, 255 - get_byte(payload, length(payload) - 1))
                where block_id = (select min(block_id) + 10 from call_body);
            update call_body set entries = 2 where block_id = (select min(block_id) + 20 from call_body);
            update call_body set last_block = block_id + 3 where block_id = (select min(block_id) + 30 from call_body);
            create extension pg_surgery;
            do $$ begin
                execute (select format('select heap_force_kill(%L, array_agg(ctid)) from %s',
                                       reltoastrelid::regclass, reltoastrelid::regclass)
                         from pg_class where relname = '\(leaf)');
            end $$;
            """)
        let summary = try await fixture.compaction.compact(now: fixture.now)
        let first = try await fixture.sum("min(block_id)")
        #expect(summary.damaged.map { $0.block - Int64(first) }.sorted() == [10, 20, 30, 40])
        // three lie in the reach of the one that should have a directory
        #expect(summary.merged == 60 - 4 - 3)
        #expect(try await fixture.sum("sum(entries)") == 61)
        let readable = entries.indices.filter { ![10, 30, 31, 32, 33, 40].contains($0) }.map { entries[$0] }
        try await fixture.check(readable, of: tenant)
        #expect(try await fixture.compaction.compact(now: fixture.now).damaged.count >= 3)
    }

    /// Readers and two workers at once: nobody fails, nothing is merged twice or lost.
    @Test func readersNeverFailWhileTwoWorkersMerge() async throws {
        let fixture = try await Fixture("store_compaction_readers")
        let tenants = [try await fixture.store.tenant("One"), try await fixture.store.tenant("Two")]
        let writer = fixture.writer()
        var stored: [[NewCallLog]] = [[], []]
        for number in 0..<800 {
            let entry = fixture.entry(number)
            _ = try await writer.store([EntryBatch(tenant: tenants[number % 2].id, entries: [entry])])
            stored[number % 2].append(entry)
        }
        let entries = stored
        let merged = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<2 {
                group.addTask { try await fixture.compaction.compact(now: fixture.now).merged }
            }
            for tenant in 0...1 {
                group.addTask {
                    try await fixture.check(entries[tenant].shuffled(), of: tenants[tenant])
                    return 0
                }
            }
            return try await group.reduce(0, +)
        }
        let rest = try await fixture.compaction.compact(now: fixture.now).merged
        #expect(merged + rest == 800)
        #expect(try await fixture.sum("sum(entries)") == 800)
        for tenant in 0...1 { try await fixture.check(entries[tenant], of: tenants[tenant]) }
    }

    /// The server ends the worker's session amid a merge, and amid the next; then the rest is merged.
    @Test func aKilledMergeLosesNothing() async throws {
        let fixture = try await Fixture("store_compaction_killed")
        let tenant = try await fixture.store.tenant()
        let writer = fixture.writer()
        let entries = (0..<300).map { fixture.entry($0) }
        for entry in entries { _ = try await writer.store([EntryBatch(tenant: tenant.id, entries: [entry])]) }
        let first = try await fixture.sum("min(block_id)")
        for (event, block) in [("update", first), ("delete", first + 250), ("update", first + 128)] {
            try await fixture.run(
                """
                create function kill() returns trigger language plpgsql security definer as
                    'begin perform pg_terminate_backend(pg_backend_pid()); return null; end';
                create trigger kill after \(event) on call_body for each row when (old.block_id = \(block))
                    execute function kill();
                """)
            await #expect(throws: DatabaseError.self) { try await fixture.compaction.compact(now: fixture.now) }
            try await fixture.run("drop function kill cascade")
            #expect(try await fixture.sum("sum(entries)") == 300)
            try await fixture.check(entries, of: tenant)
        }
        #expect(try await fixture.compaction.compact(now: fixture.now).merged == 300)
        try await fixture.check(entries, of: tenant)
    }

    @Test func aRunEndsWhenItIsToldTo() async throws {
        let fixture = try await Fixture("store_compaction_stopped")
        let tenant = try await fixture.store.tenant()
        for _ in 0..<2 {
            let entry = NewCallLog.sample(at: fixture.past)
            _ = try await fixture.writer().store([EntryBatch(tenant: tenant.id, entries: [entry])])
        }
        let stopped = try await fixture.compaction.compact(now: fixture.now) { false }
        #expect(!stopped.isComplete)
        #expect(stopped.merged == 0)
        #expect(try await fixture.compaction.compact(now: fixture.now).merged == 2)
    }

    /// A day that retention holds on to, or has taken away, is left for later.
    @Test func aDayOnItsWayOutIsLeftAlone() async throws {
        let fixture = try await Fixture("store_compaction_way_out")
        let tenant = try await fixture.store.tenant()
        let writer = fixture.writer()
        for number in 0..<10 {
            _ = try await writer.store([EntryBatch(tenant: tenant.id, entries: [fixture.entry(number)])])
        }
        let reader = try await PostgresConnection.connect(fixture.store.administrator)
        try await reader.script("begin; select count(*) from call_body")
        let partitions = PartitionStore(database: fixture.store.database)
        _ = try await partitions.dropLeaves(before: fixture.now.day, lockTimeout: 200)
        #expect(try await fixture.compaction.compact(now: fixture.now).merged == 0)
        try await reader.script("commit")
        await reader.close()
        _ = try await partitions.dropLeaves(before: fixture.now.day)
        #expect(try await fixture.compaction.compact(now: fixture.now).merged == 0)
    }

    /// The same entries one by one and in batches: once merged they take about the same room on disk.
    @Test func mergedBlocksTakeTheRoomOfBatches() async throws {
        let fixture = try await Fixture("store_compaction_room")
        let tenant = try await fixture.store.tenant()
        let writer = fixture.writer()
        let entries = (0..<2000).map { fixture.entry($0) }
        for entry in entries { _ = try await writer.store([EntryBatch(tenant: tenant.id, entries: [entry])]) }
        let batchDay = fixture.past.advanced(bySeconds: -86_400)
        let batched = entries.map { entry in
            NewCallLog.sample(
                at: entry.log.occurredAt.advanced(bySeconds: -86_400),
                body: String(decoding: entry.exchange.request.body?.bytes ?? [], as: UTF8.self))
        }
        _ = try await writer.store([EntryBatch(tenant: tenant.id, entries: batched)])
        func room(_ day: Day) async throws -> Int {
            let leaf = "call_body_" + "\(day)".replacing("-", with: "")
            return try await fixture.store.administer { connection in
                try connection.first("select pg_total_relation_size(to_regclass(\(leaf)))") { row in
                    try row.decode(Int.self, at: 0)
                }
            } ?? 0
        }
        let before = try await room(fixture.past.day)
        let summary = try await fixture.compaction.compact(now: fixture.now)
        #expect(summary.merged == 2000)
        let together = try await room(batchDay.day)
        // what some other session of this database may still see, such as an autovacuum that analyses, is kept until the
        // next run after its end
        var tidied = summary.tidied
        for _ in 0..<300 where try await Double(room(fixture.past.day)) > 1.3 * Double(together) {
            try await Task.sleep(for: .milliseconds(200))
            tidied += try await fixture.compaction.compact(now: fixture.now).tidied
        }
        let merged = try await room(fixture.past.day)
        #expect(Double(merged) <= 1.3 * Double(together), "\(before) -> \(merged), batches take \(together); \(tidied)")
        try await fixture.check(Array(entries.shuffled().prefix(300)), of: tenant)
        // nothing is left to do
        let again = try await fixture.compaction.compact(now: fixture.now)
        #expect((again.merged, again.tidied.count) == (0, 0))
    }
}
