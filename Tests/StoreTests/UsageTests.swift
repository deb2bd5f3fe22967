import Domain
import Foundation
import Postgres
import Store
import TestSupport
import Testing

@Suite struct UsageTests {
    private let patience = Duration.seconds(600)

    @Test func usageAgreesWithCountingInMemory() async throws {
        let scene = try await CallCountScene.make("store_usage", entries: 1200, days: 6)
        let usage = try await scene.calls.usage(
            days: 5, tenant: scene.tenant.id, now: scene.now, budget: patience)
        let first = scene.now.day.advanced(by: -4)
        let logs = scene.logs.filter { $0.occurredAt.day >= first && $0.occurredAt.day <= scene.now.day }
        func calls(_ logs: [CallLog]) -> Usage.Calls {
            .init(entries: logs.count, errors: logs.count { $0.status == .error })
        }
        #expect(usage.days.map(\.day) == (0..<5).map { first.advanced(by: $0) })
        for day in usage.days { #expect(day.calls == calls(logs.filter { $0.occurredAt.day == day.day })) }
        #expect(usage.total == calls(logs))
        #expect(usage.scannedTo == nil)
        #expect(usage.botsTotal == 4)
        #expect(usage.failingBots.count == 4)
        for bot in usage.failingBots { #expect(bot.calls == calls(logs.filter { $0.bot.id == bot.value })) }
        for share in usage.failingApplications {
            #expect(share.calls == calls(logs.filter { $0.application.rawValue == share.value }))
        }
        let errors = usage.failingApplications.map(\.calls.errors)
        #expect(errors == errors.sorted(by: >) && errors.count == 3)
        for durations in usage.recentDurations {
            let sorted = logs.filter { $0.application == durations.application }.compactMap(\.durationMilliseconds)
                .sorted()
            #expect(durations.calls == sorted.count)
            // percentile_disc: the first value whose place is at or past the share
            #expect(durations.median == Int(sorted[(sorted.count + 1) / 2 - 1]))
            #expect(durations.percentile95 == Int(sorted[(sorted.count * 95 + 99) / 100 - 1]))
        }
        #expect(usage.recentDurations.count == 3)
    }

    /// The bytes of a day are those of its blocks, of this tenant alone.
    @Test func bytesAreThoseOfTheBlocks() async throws {
        let scene = try await CallCountScene.make("store_usage_bytes", entries: 400, days: 3)
        let usage = try await scene.calls.usage(
            days: 3, tenant: scene.tenant.id, now: scene.now, budget: patience)
        let tenant = scene.tenant.id.rawValue
        for day in usage.days {
            let expected = try await scene.store.administer { connection in
                try connection.first(
                    """
                    select coalesce(sum(length(payload) + coalesce(length(directory), 0)), 0)::bigint,
                           coalesce(sum(raw_bytes), 0)::bigint
                    from call_body where tenant_id = \(tenant) and occurred_on = \(unescaped: "date '\(day.day)'")
                    """
                ) { row in try row.decode(Int.self, Int.self) }
            }
            #expect(day.bodies?.storedBytes == expected?.0)
            #expect(day.bodies?.rawBytes == expected?.1)
            #expect((day.bodies?.storedBytes ?? 0) > 0)
        }
    }

    /// Where the budget ends, days that were not counted to their start have no numbers instead of wrong ones.
    @Test func whatTheBudgetCutsIsSaid() async throws {
        let scene = try await CallCountScene.make("store_usage_budget", entries: 300, days: 12)
        let usage = try await scene.calls.usage(days: 12, tenant: scene.tenant.id, now: scene.now, budget: .zero)
        let scannedTo = try #require(usage.scannedTo)
        #expect(usage.days.count == 12)
        for day in usage.days { #expect((day.calls == nil) == (day.day.start < scannedTo)) }
        #expect(usage.days.contains { $0.bodies == nil } && usage.days.last?.bodies != nil)
        #expect(
            usage.total.entries == scene.logs.count { $0.occurredAt >= scannedTo && $0.occurredAt.day <= scene.now.day }
        )
    }

    @Test func neverMoreDaysThanAreKept() async throws {
        let store = try await TestStore.make("store_usage_days")
        let tenant = try await store.tenant()
        let calls = CallLogStore(database: store.database, retentionDays: 7)
        let now = Timestamp(Date())
        #expect(try await calls.usage(days: 90, tenant: tenant.id, now: now, budget: patience).days.count == 7)
        #expect(
            try await calls.usage(days: 1, tenant: tenant.id, now: now, budget: patience).days.map(\.day) == [now.day])
    }
}
