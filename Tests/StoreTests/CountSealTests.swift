import Domain
import Foundation
import Postgres
import Store
import TestSupport
import Testing

@Suite struct CountSealTests {
    private let patience = Duration.seconds(600)

    private func total(_ scene: CallCountScene) async throws -> Int {
        let facets = try await scene.calls.facets(
            CallLogQuery(), tenant: scene.tenant.id, now: scene.now, budget: patience)
        let histogram = try await scene.calls.histogram(
            CallLogQuery(), by: .hour, tenant: scene.tenant.id, now: scene.now, budget: patience)
        #expect(histogram.buckets.reduce(0) { $0 + $1.successes + $1.errors } == facets.total)
        return facets.total
    }

    private func sealedDays(_ scene: CallCountScene) async throws -> Set<Day> {
        let days = try await scene.store.administer { connection in
            try connection.query("select day from sealed_day where is_sealed") { row in try row.decode(Day.self, at: 0)
            }
        }
        return Set(days)
    }

    /// The days before today are sealed, once, and then their hourly counts are not looked at.
    @Test(.timeLimit(.minutes(2))) func sealedDaysAreReadAtOnce() async throws {
        let scene = try await CallCountScene.make("store_seals", entries: 600)
        let before = try await total(scene)
        let yesterday = scene.now.day.advanced(by: -1)
        let sealed = try await scene.seal().sealed
        #expect(sealed.first == yesterday && !sealed.contains(scene.now.day))
        #expect(try await sealedDays(scene) == Set(sealed))
        #expect(try await scene.seal().sealed.isEmpty)
        let leaf = "call_count_" + yesterday.description.filter { $0 != "-" }
        let connection = try await PostgresConnection.connect(scene.store.administrator)
        try await connection.script("begin; lock table \(leaf) in access exclusive mode")
        #expect(try await total(scene) == before)
        await connection.close()
    }

    /// Who is late takes the seal off in the transaction that stores the entry; after a while the day is sealed anew.
    @Test func writingTakesTheSealOff() async throws {
        let scene = try await CallCountScene.make("store_seal_off", entries: 300)
        try await scene.seal()
        let before = try await total(scene)
        let yesterday = scene.now.day.advanced(by: -1)
        let late = NewCallLog.sample(at: yesterday.start.advanced(bySeconds: 3600), bot: "late", code: 503)
        _ = try await scene.store.writer.store([EntryBatch(tenant: scene.tenant.id, entries: [late])])
        #expect(try await !sealedDays(scene).contains(yesterday))
        #expect(try await total(scene) == before + 1)
        #expect(try await scene.seal().sealed.isEmpty, "others who are late are waited for")
        #expect(try await scene.seal(after: 900).sealed == [yesterday])
        #expect(try await total(scene) == before + 1)
    }

    /// Whatever changes the counts takes the seal off, whoever does it; what is undone leaves it.
    @Test(arguments: ["update $ set entries = entries + 1", "delete from $", "truncate $"])
    func everyChangeTakesTheSealOff(statement: String) async throws {
        let scene = try await CallCountScene.make("store_seal_\(statement.prefix(6))", entries: 200)
        try await scene.seal()
        let yesterday = scene.now.day.advanced(by: -1)
        let change = statement.replacing("$", with: "call_count_" + yesterday.description.filter { $0 != "-" })
        try await scene.store.administer { try $0.script("begin; \(change); rollback") }
        #expect(try await sealedDays(scene).contains(yesterday))
        try await scene.store.administer { try $0.script(change) }
        #expect(try await !sealedDays(scene).contains(yesterday))
    }

    /// A day that somebody is writing to is left for later.
    @Test func writersAreNotHeldUp() async throws {
        let scene = try await CallCountScene.make("store_seal_busy", entries: 200)
        let yesterday = scene.now.day.advanced(by: -1)
        let connection = try await PostgresConnection.connect(scene.store.administrator)
        let leaf = "call_count_" + yesterday.description.filter { $0 != "-" }
        try await connection.script("begin; update \(leaf) set entries = entries + 1")
        let summary = try await scene.seal()
        #expect(summary.postponed == [yesterday] && !summary.sealed.isEmpty)
        try await connection.script("rollback")
        await connection.close()
        #expect(try await scene.seal().sealed == [yesterday])
        #expect(try await total(scene) == scene.matching(CallLogQuery()).count)
    }

    /// While several write to the same days, with repeats, and days are sealed again and again, every count holds what was
    /// acknowledged before it was asked for and nothing that was not sent; in the end it is that of the rows.
    @Test func countsAreExactWhileDaysAreSealed() async throws {
        let scene = try await CallCountScene.make("store_seal_race", entries: 200)
        let start = try await total(scene)
        let (writers, rounds, size) = (3, 12, 20)
        let acknowledged = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<writers {
                group.addTask {
                    let store = scene.store.writer
                    for round in 0..<rounds {
                        let entries = (0..<size).map { index in
                            let hours = Int64((writer + round * 7 + index * 5) % 60)
                            let time = scene.now.wholeMilliseconds.advanced(bySeconds: -hours * 3600)
                            return NewCallLog.sample(
                                at: time, bot: "bot-\(index % 3)", code: index % 4 == 0 ? 500 : 200,
                                id: .version7(at: time))
                        }
                        for _ in 0...(round % 3 == 0 ? 1 : 0) {
                            _ = try await store.store([EntryBatch(tenant: scene.tenant.id, entries: entries)])
                        }
                        await acknowledged.add(size)
                    }
                }
            }
            group.addTask {
                // each run finds what was written to since, as if it had been quiet for long
                for run in 1...40 { try await scene.seal(after: Int64(run) * 600) }
            }
            for _ in 0..<40 {
                let least = await acknowledged.value
                let found = try await scene.calls.facets(
                    CallLogQuery(), tenant: scene.tenant.id, now: scene.now, budget: patience
                ).total
                #expect(found >= start + least && found <= start + writers * rounds * size)
            }
            try await group.waitForAll()
        }
        try await scene.seal(after: 90_000)
        #expect(try await total(scene) == start + writers * rounds * size)
        let rows = try await scene.store.administer { connection in
            try connection.query(
                """
                select b.bot_id, count(*) from call_log c join bot b using (tenant_id, bot_key)
                where c.tenant_id = \(scene.tenant.id.rawValue) group by b.bot_id
                """
            ) { row in try row.decode(String.self, Int.self) }
        }
        let facets = try await scene.calls.facets(
            CallLogQuery(), tenant: scene.tenant.id, now: scene.now, budget: patience)
        #expect(facets.bots.counts == Dictionary(uniqueKeysWithValues: rows))
    }

    /// What is kept no longer is forgotten.
    @Test func oldSealsGo() async throws {
        let scene = try await CallCountScene.make("store_seal_age", entries: 200)
        try await scene.seal()
        let firstKept = scene.now.day.advanced(by: -2)
        _ = try await CountSealStore(database: scene.store.database).seal(from: firstKept, now: scene.now)
        #expect(try await sealedDays(scene) == [firstKept, firstKept.advanced(by: 1)])
        let left = try await scene.store.administer { connection in
            try connection.first("select count(*) from sealed_count where day < \(firstKept)") { row in
                try row.decode(Int.self, at: 0)
            }
        }
        #expect(left == 0)
    }
}

private actor Counter {
    private(set) var value = 0
    func add(_ number: Int) { value += number }
}
