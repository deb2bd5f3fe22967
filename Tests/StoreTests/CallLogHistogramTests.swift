import Domain
import Foundation
import Postgres
import Store
import TestSupport
import Testing

@Suite struct CallLogHistogramTests {
    private let patience = Duration.seconds(600)

    /// Every bucket is what counting in memory gives, and there is one for each hour or day, empty or not, whether days
    /// are sealed or not.
    @Test(arguments: [false, true]) func bucketsAgreeWithCountingInMemory(isSealed: Bool) async throws {
        let scene = try await CallCountScene.make("store_histogram_\(isSealed)", entries: 1500)
        if isSealed { try await scene.seal() }
        for round in 0..<80 {
            let query = scene.randomQuery(beyondCounts: round % 4 == 0)
            let interval = CallLogHistogram.Interval.allCases[round % 2]
            let histogram = try await scene.calls.histogram(
                query, by: interval, tenant: scene.tenant.id, now: scene.now, budget: patience)
            let matching = scene.matching(query)
            for bucket in histogram.buckets {
                let inside = matching.filter { interval.start(of: $0.occurredAt) == bucket.start }
                #expect(bucket.errors == inside.count { $0.status == .error }, "\(query)")
                #expect(bucket.successes == inside.count { $0.status == .success }, "\(query)")
            }
            #expect(histogram.buckets.reduce(0) { $0 + $1.successes + $1.errors } == matching.count, "\(query)")
            for (left, right) in zip(histogram.buckets, histogram.buckets.dropFirst()) {
                #expect(right.start == left.start.advanced(bySeconds: interval.seconds))
            }
            if let first = histogram.buckets.first, let last = histogram.buckets.last {
                #expect(first.start == interval.start(of: histogram.period.lowerBound))
                #expect(last.start < histogram.period.upperBound)
                #expect(last.start.advanced(bySeconds: interval.seconds) >= histogram.period.upperBound)
            }
            #expect(histogram.scannedTo == nil)
        }
    }

    /// Without a period it spans the retention up to the bucket of now; periods outside of it hold nothing.
    @Test func itSpansWhatIsKept() async throws {
        let store = try await TestStore.make("store_histogram_span")
        let tenant = try await store.tenant()
        let now = Timestamp(Date()).wholeMilliseconds
        let calls = CallLogStore(database: store.database, retentionDays: 30)
        let all = try await calls.histogram(CallLogQuery(), by: .hour, tenant: tenant.id, now: now, budget: patience)
        #expect(all.buckets.first?.start == now.advanced(bySeconds: -30 * 86_400).hour)
        #expect(all.buckets.last?.start == now.hour)
        #expect(all.buckets.count == 721)
        #expect(all.buckets.allSatisfy { $0.successes == 0 && $0.errors == 0 })
        let days = try await calls.histogram(CallLogQuery(), by: .day, tenant: tenant.id, now: now, budget: patience)
        #expect(days.buckets.count == 31)
        var future = CallLogQuery()
        future.from = now.advanced(bySeconds: 400_123)
        var past = CallLogQuery()
        past.to = now.advanced(bySeconds: -31 * 86_400)
        for query in [future, past] {
            let none = try await calls.histogram(query, by: .hour, tenant: tenant.id, now: now, budget: patience)
            #expect(none.buckets.isEmpty && none.scannedTo == nil && none.period.isEmpty)
        }
        var long = CallLogQuery()
        long.from = now.advanced(bySeconds: -3600)
        long.to = now.advanced(bySeconds: 90 * 86_400)
        let cut = try await calls.histogram(long, by: .hour, tenant: tenant.id, now: now, budget: patience)
        #expect(cut.buckets.map(\.start) == [now.advanced(bySeconds: -3600).hour, now.hour])
    }

    /// However early the budget ends it, the buckets that are there hold all there is from `scannedTo` on.
    @Test func whatTheBudgetCutsIsSaid() async throws {
        let scene = try await CallCountScene.make("store_histogram_budget", entries: 600, days: 12)
        var cut = 0
        for round in 0..<30 {
            let query = scene.randomQuery(beyondCounts: round % 2 == 0)
            let histogram = try await scene.calls.histogram(
                query, by: .hour, tenant: scene.tenant.id, now: scene.now, budget: .zero)
            var seen = query
            if let scannedTo = histogram.scannedTo {
                cut += 1
                seen.from = scannedTo
                if let first = histogram.buckets.first { #expect(first.start == scannedTo.hour) }
            }
            let count = histogram.buckets.reduce(0) { $0 + $1.successes + $1.errors }
            #expect(count == scene.matching(seen).count, "\(query)")
        }
        #expect(cut > 5)
    }

    /// A call some minutes ahead may lie in the next hour or day; the list shows it, with and without filters.
    @Test func callsAheadOfMidnightAreSeen() async throws {
        let store = try await TestStore.make("store_histogram_ahead")
        let tenant = try await store.tenant()
        let midnight = Timestamp(Date()).day.advanced(by: 1).start
        let now = midnight.advanced(bySeconds: -120)
        _ = try await store.writer.store([
            EntryBatch(
                tenant: tenant.id,
                entries: [.sample(at: midnight.advanced(bySeconds: 60), code: 500), .sample(at: now)])
        ])
        let calls = CallLogStore(database: store.database, retentionDays: 30)
        let histogram = try await calls.histogram(
            CallLogQuery(), by: .day, tenant: tenant.id, now: now, budget: patience)
        #expect(histogram.buckets.last == .init(start: midnight, errors: 1))
        #expect(histogram.buckets.dropLast().last == .init(start: midnight.advanced(bySeconds: -86_400), successes: 1))
        var errors = CallLogQuery()
        errors.status = .error
        for (query, count) in [(CallLogQuery(), 2), (errors, 1)] {
            let page = try await calls.page(query, tenant: tenant.id, after: nil, limit: 10, now: now)
            #expect(page.items.count == count)
            #expect(try await calls.facets(query, tenant: tenant.id, now: now, budget: patience).total == count)
        }
    }

    /// With the clock moved on, what has outlived the retention is counted no more, and days that were dropped do no harm.
    @Test func aMovedClockAndDroppedDays() async throws {
        let scene = try await CallCountScene.make("store_histogram_clock", entries: 500, days: 3)
        let later = scene.now.advanced(bySeconds: 28 * 86_400 + 1234)
        for drops in [false, true] {
            if drops {
                let partitions = PartitionStore(database: scene.store.database)
                let steps = try await partitions.dropLeaves(before: scene.calls.firstKept(now: later).day)
                #expect(!steps.isEmpty)
            }
            let histogram = try await scene.calls.histogram(
                CallLogQuery(), by: .hour, tenant: scene.tenant.id, now: later, budget: patience)
            let expected = scene.matching(CallLogQuery(), now: later).count
            #expect(expected > 0 && expected < 500)
            #expect(histogram.buckets.reduce(0) { $0 + $1.successes + $1.errors } == expected)
            #expect(histogram.buckets.first?.start == scene.calls.firstKept(now: later).hour)
            #expect(
                try await scene.calls.facets(
                    CallLogQuery(), tenant: scene.tenant.id, now: later, budget: patience
                ).total == expected)
        }
    }
}
