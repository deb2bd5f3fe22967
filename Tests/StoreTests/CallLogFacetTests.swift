import Domain
import Foundation
import Postgres
import Store
import TestSupport
import Testing

@Suite struct CallLogFacetTests {
    private let patience = Duration.seconds(600)

    /// Each facet is what counting in memory gives, under all filters but its own, whether days are sealed or not.
    @Test(arguments: [false, true]) func facetsAgreeWithCountingInMemory(isSealed: Bool) async throws {
        let scene = try await CallCountScene.make("store_facets_\(isSealed)")
        if isSealed { try await scene.seal() }
        for round in 0..<80 {
            let query = scene.randomQuery(beyondCounts: round % 4 == 0)
            let facets = try await scene.calls.facets(query, tenant: scene.tenant.id, now: scene.now, budget: patience)
            #expect(facets.total == scene.matching(query).count, "\(query)")
            func expected(_ relax: (inout CallLogQuery) -> Void, _ value: (CallLog) -> String) -> [String: Int] {
                var relaxed = query
                relax(&relaxed)
                return scene.matching(relaxed).counts(value)
            }
            #expect(facets.statuses.counts == expected({ $0.status = nil }) { $0.status.rawValue }, "\(query)")
            #expect(facets.methods.counts == expected({ $0.methods = [] }) { $0.method.rawValue }, "\(query)")
            #expect(facets.codes.counts == expected({ $0.codes = [] }) { String($0.statusCode) }, "\(query)")
            #expect(
                facets.codeClasses.counts == expected({ $0.codes = [] }) { "\($0.statusCode / 100)xx" }, "\(query)")
            let bots = expected({ $0.bots = [] }) { $0.bot.id }
            #expect(facets.bots.counts == bots, "\(query)")
            #expect(facets.botsTotal == bots.count)
            #expect(
                facets.applications.counts == expected({ $0.applications = [] }) { $0.application.rawValue },
                "\(query)")
            #expect(facets.scannedTo == nil)
        }
    }

    /// What is chosen is named though nothing matches, and values come in an order that people can read.
    @Test func chosenValuesStayAndValuesAreOrdered() async throws {
        let store = try await TestStore.make("store_facet_order")
        let tenant = try await store.tenant()
        let now = Timestamp(Date()).wholeMilliseconds
        let codes: [Int16] = [503, 200, 200, 404, 200]
        _ = try await store.writer.store([
            EntryBatch(
                tenant: tenant.id,
                entries: codes.enumerated().map { index, code in
                    .sample(
                        at: now.advanced(bySeconds: -Int64(index)), bot: index < 3 ? "b" : "a",
                        application: index == 0 ? .twilio : .zendesk, code: code)
                })
        ])
        let calls = CallLogStore(database: store.database, retentionDays: 30)
        var query = CallLogQuery()
        query.methods = [.head]
        query.codes = [.exact(418), .family(1)]
        query.bots = ["a", "nobody"]
        query.applications = [.salesforce]
        let chosen = try await calls.facets(query, tenant: tenant.id, now: now, budget: patience)
        #expect(chosen.total == 0)
        #expect(chosen.statuses.map(\.value) == ["success", "error"])
        #expect(chosen.methods == [.init(value: "HEAD", count: 0)])
        #expect(chosen.codes == [.init(value: "418", count: 0)])
        #expect(chosen.codeClasses.map(\.value) == ["1xx", "2xx", "3xx", "4xx", "5xx"])
        #expect(chosen.bots == [.init(value: "a", name: "a", count: 0)])
        #expect(chosen.botsTotal == 0)
        #expect(chosen.applications == [.init(value: "salesforce", name: "Salesforce", count: 0)])
        let all = try await calls.facets(CallLogQuery(), tenant: tenant.id, now: now, budget: patience)
        #expect(all.codes.map(\.value) == ["200", "404", "503"])
        #expect(all.codeClasses.map(\.count) == [3, 0, 1, 1])
        #expect(all.bots.map(\.value) == ["b", "a"])
        #expect(all.applications.map(\.value) == ["zendesk", "twilio"])
    }

    /// Of many bots the most frequent are named, and a chosen one however rare it is.
    @Test func twoHundredBotsAreNamed() async throws {
        let store = try await TestStore.make("store_facet_bots")
        let tenant = try await store.tenant()
        let now = Timestamp(Date()).wholeMilliseconds
        let entries = (0..<500).flatMap { bot in
            (0...(bot % 250 == 7 ? 3 : bot < 200 ? 1 : 0)).map { second in
                NewCallLog.sample(at: now.advanced(bySeconds: -Int64(second * 4000)), bot: "bot-\(bot)")
            }
        }
        _ = try await store.writer.store([EntryBatch(tenant: tenant.id, entries: entries)])
        let calls = CallLogStore(database: store.database, retentionDays: 30)
        let facets = try await calls.facets(CallLogQuery(), tenant: tenant.id, now: now, budget: patience)
        #expect(facets.total == entries.count)
        #expect(facets.botsTotal == 500)
        #expect(facets.bots.count == CallLogFacets.mostBots)
        #expect(facets.bots.prefix(2).map(\.value) == ["bot-257", "bot-7"])
        #expect(facets.bots.allSatisfy { $0.count >= 2 || $0.value == "bot-257" || $0.count == 1 })
        var query = CallLogQuery()
        query.bots = ["bot-499"]
        let chosen = try await calls.facets(query, tenant: tenant.id, now: now, budget: patience)
        #expect(chosen.total == 1)
        #expect(chosen.botsTotal == 500)
        #expect(chosen.bots.contains { $0.value == "bot-499" && $0.count == 1 })
    }

    /// However early the budget ends it, what was counted is all there is from `scannedTo` on.
    @Test func whatTheBudgetCutsIsSaid() async throws {
        let scene = try await CallCountScene.make("store_facet_budget", entries: 800, days: 12)
        var cut = 0
        for round in 0..<30 {
            let query = scene.randomQuery(beyondCounts: round % 2 == 0)
            let facets = try await scene.calls.facets(query, tenant: scene.tenant.id, now: scene.now, budget: .zero)
            var seen = query
            if let scannedTo = facets.scannedTo {
                cut += 1
                seen.from = scannedTo
                #expect(scannedTo > query.from ?? scene.calls.firstKept(now: scene.now))
            }
            #expect(facets.total == scene.matching(seen).count, "\(query) to \(String(describing: facets.scannedTo))")
        }
        #expect(cut > 5)
    }

    /// An hour of more rows than a statement may look at is counted in pieces, and no call twice.
    @Test func aCrowdedHourIsCountedInPieces() async throws {
        let store = try await TestStore.make("store_facet_crowd")
        let tenant = try await store.tenant()
        let now = Timestamp(Date()).wholeMilliseconds
        let hour = now.advanced(bySeconds: -7200).hour
        let writer = store.writer
        for part in 0..<9 {
            // ten calls at the same moment each, so that pieces would end among them
            let entries = (0..<5000).map { index in
                NewCallLog.sample(
                    at: Timestamp(microseconds: hour.microseconds + Int64((part * 5000 + index) / 10) * 700_000))
            }
            _ = try await writer.store([EntryBatch(tenant: tenant.id, entries: entries)])
        }
        let calls = CallLogStore(database: store.database, retentionDays: 30)
        var query = CallLogQuery()
        query.text = "tickets"
        let facets = try await calls.facets(query, tenant: tenant.id, now: now, budget: patience)
        #expect(facets.total == 45_000)
        let short = try await calls.facets(query, tenant: tenant.id, now: now, budget: .zero)
        let scannedTo = try #require(short.scannedTo)
        #expect(short.total >= 20_000 && short.total < 20_010)
        query.from = scannedTo
        #expect(try await calls.facets(query, tenant: tenant.id, now: now, budget: patience).total == short.total)
    }

    /// The retention ends in the midst of an hour, and what it leaves of that hour is counted.
    @Test func theRetentionCutsAnHour() async throws {
        let scene = try await CallCountScene.make("store_facet_retention", entries: 4000, days: 2, retentionDays: 1)
        for minutes in [0, 1, 29, 59, 200] as [Int64] {
            let now = scene.now.advanced(bySeconds: minutes * 60)
            let facets = try await scene.calls.facets(
                CallLogQuery(), tenant: scene.tenant.id, now: now, budget: patience)
            #expect(facets.total == scene.matching(CallLogQuery(), now: now).count)
            let histogram = try await scene.calls.histogram(
                CallLogQuery(), by: .hour, tenant: scene.tenant.id, now: now, budget: patience)
            #expect(histogram.buckets.reduce(0) { $0 + $1.successes + $1.errors } == facets.total)
        }
    }

    /// One tenant's numbers are its own, whatever the statement says: row-level security holds too.
    @Test func tenantsAreApart() async throws {
        let scene = try await CallCountScene.make("store_facet_tenants", entries: 300)
        let third = try await scene.store.tenant("Third")
        let facets = try await scene.calls.facets(CallLogQuery(), tenant: third.id, now: scene.now, budget: patience)
        #expect(facets.total == 0 && facets.bots.isEmpty && facets.botsTotal == 0)
        let usage = try await scene.calls.usage(days: 5, tenant: third.id, now: scene.now, budget: patience)
        #expect(usage.total.entries == 0 && usage.recentDurations.isEmpty)
        #expect(usage.days.allSatisfy { $0.bodies == Usage.Bodies() })
    }

    /// A period of few days takes no lock on the leaves of others, however often it is asked for.
    @Test(.timeLimit(.minutes(2))) func onlyThePeriodsDaysAreTouched() async throws {
        let scene = try await CallCountScene.make("store_facet_days", entries: 300, days: 12)
        let leaf = "call_count_" + scene.now.day.advanced(by: -9).description.filter { $0 != "-" }
        let connection = try await PostgresConnection.connect(scene.store.administrator)
        try await connection.script("begin; lock table \(leaf) in access exclusive mode")
        var query = CallLogQuery()
        query.from = scene.now.day.advanced(by: -3).start
        query.to = scene.now.day.advanced(by: -1).start
        for _ in 0..<30 {
            let facets = try await scene.calls.facets(
                query, tenant: scene.tenant.id, now: scene.now, budget: patience)
            #expect(facets.total == scene.matching(query).count)
        }
        await connection.close()
    }
}
