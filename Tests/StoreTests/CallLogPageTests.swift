import Domain
import Foundation
import Logging
import Postgres
import Store
import TestSupport
import Testing

@Suite struct CallLogPageTests {
    /// Every filter and page must give what filtering in memory gives.
    @Test func pagesAgreeWithFilteringInMemory() async throws {
        let store = try await TestStore.make("store_pages")
        let now = Timestamp(Date()).wholeMilliseconds
        let tenant = try await store.tenant()
        var random = SystemRandomNumberGenerator()
        let applications = Application.allCases.prefix(4)
        let entries = (0..<1500).map { _ in
            NewCallLog.sample(
                at: now.advanced(bySeconds: -Int64.random(in: 0..<(6 * 86_400))), bot: "bot-\(Int.random(in: 0..<4))",
                application: applications.randomElement(using: &random) ?? .zendesk,
                method: [.get, .post, .put].randomElement(using: &random) ?? .get,
                code: [200, 200, 200, 201, 404, 500, 503].randomElement(using: &random) ?? 200,
                isError: Int.random(in: 0..<40) == 0 ? true : nil)
        }
        let writer = store.writer
        _ = try await writer.store([EntryBatch(tenant: tenant.id, entries: entries)])
        let calls = CallLogStore(database: store.database, retentionDays: 30)
        let logs = entries.map(\.log).sorted { left, right in
            (left.occurredAt, left.id.uuidString) > (right.occurredAt, right.id.uuidString)
        }
        for _ in 0..<60 {
            let query = Self.randomQuery(now, &random)
            let expected = logs.filter { Self.matches(query, $0) }.map(\.id)
            var found: [UUID] = []
            var position: CallLogPosition?
            repeat {
                let page = try await calls.page(
                    query, tenant: tenant.id, after: position, limit: 97, now: now.advanced(bySeconds: 1),
                    // a budget of nothing gives the shortest pages, which must still add up
                    budget: Bool.random() ? .zero : .seconds(5))
                found += page.items.map(\.log.id)
                position = page.next
            } while position != nil
            #expect(found == expected, "\(query)")
        }
    }

    private static func randomQuery(_ now: Timestamp, _ random: inout SystemRandomNumberGenerator) -> CallLogQuery {
        var query = CallLogQuery()
        if Bool.random() { query.status = Bool.random() ? .error : .success }
        if Int.random(in: 0..<3) == 0 { query.methods = [.get, .put] }
        if Int.random(in: 0..<3) == 0 { query.codes = Bool.random() ? [.family(5), .exact(404)] : [.exact(201)] }
        if Int.random(in: 0..<3) == 0 { query.bots = ["bot-1", "unknown"] }
        if Int.random(in: 0..<3) == 0 { query.applications = [Application.allCases[0]] }
        if Bool.random() { query.from = now.advanced(bySeconds: -Int64.random(in: 86_400..<(5 * 86_400))) }
        if Bool.random() { query.to = now.advanced(bySeconds: -Int64.random(in: 0..<86_400)) }
        if Int.random(in: 0..<5) == 0 { query.text = "tickets" }
        if Int.random(in: 0..<5) == 0 { query.minimumDuration = Bool.random() ? 12 : 13 }
        return query
    }

    private static func matches(_ query: CallLogQuery, _ log: CallLog) -> Bool {
        (query.status == nil || query.status == log.status)
            && (query.methods.isEmpty || query.methods.contains(log.method))
            && (query.codes.isEmpty || query.codes.contains { $0.range.contains(log.statusCode) })
            && (query.bots.isEmpty || query.bots.contains(log.bot.id))
            && (query.applications.isEmpty || query.applications.contains(log.application))
            && (query.from.map { log.occurredAt >= $0 } ?? true) && (query.to.map { log.occurredAt < $0 } ?? true)
            && (query.minimumDuration.map { log.durationMilliseconds ?? 0 >= $0 } ?? true)
    }

    /// An hour that holds more than one statement may look at is read in pieces, each page short of it and none lost.
    @Test func aCrowdedHourIsReadInPieces() async throws {
        let store = try await TestStore.make("store_crowded")
        let tenant = try await store.tenant()
        let now = Timestamp(Date()).wholeMilliseconds
        let hour = now.advanced(bySeconds: -7200).hour
        let writer = store.writer
        var wanted: [UUID] = []
        for part in 0..<9 {
            let entries = (0..<5000).map { index in
                let time = Timestamp(microseconds: hour.microseconds + Int64(part * 5000 + index) * 70_000)
                return NewCallLog.sample(
                    at: time, url: index % 2500 == 7 ? "https://a.example/needle" : "https://a.example/")
            }
            wanted += entries.filter { $0.log.url.hasSuffix("needle") }.map(\.log.id)
            _ = try await writer.store([EntryBatch(tenant: tenant.id, entries: entries)])
        }
        var query = CallLogQuery()
        query.text = "needle"
        var found: [UUID] = []
        var position: CallLogPosition?
        var pages = 0
        repeat {
            let page = try await CallLogStore(database: store.database, retentionDays: 30).page(
                query, tenant: tenant.id, after: position, limit: 5, now: now, budget: .zero)
            found += page.items.map(\.log.id)
            #expect(page.next != position || page.next == nil)
            position = page.next
            pages += 1
        } while position != nil && pages < 100
        #expect(found == wanted.reversed())
        #expect(pages > 3)
    }

    /// A pattern's own characters are text.
    @Test func textFiltersTakeTextNotPatterns() async throws {
        let store = try await TestStore.make("store_text")
        let now = Timestamp(Date()).wholeMilliseconds
        let tenant = try await store.tenant()
        let writer = store.writer
        let urls = [
            "https://a.example/100%25", "https://a.example/a_b", "https://a.example/axb", "https://a.example/c\\d",
        ]
        _ = try await writer.store([
            EntryBatch(tenant: tenant.id, entries: urls.map { .sample(at: now, url: $0) })
        ])
        let calls = CallLogStore(database: store.database, retentionDays: 30)
        for (text, count) in [("%", 1), ("a_b", 1), ("A_B", 1), ("c\\d", 1), ("example", 4), ("' or true --", 0)] {
            var query = CallLogQuery()
            query.text = text
            let page = try await calls.page(
                query, tenant: tenant.id, after: nil, limit: 10, now: now.advanced(bySeconds: 1))
            #expect(page.items.count == count, "\(text)")
        }
    }

    @Test func whatIsPastRetentionIsNotShownThoughItsPartitionIsThere() async throws {
        let store = try await TestStore.make("store_expiry")
        let now = Timestamp(Date()).wholeMilliseconds
        let tenant = try await store.tenant()
        let entry = NewCallLog.sample(at: now, code: 500)
        _ = try await store.writer.store([
            EntryBatch(tenant: tenant.id, entries: [entry])
        ])
        let calls = CallLogStore(database: store.database, retentionDays: 30)
        var errors = CallLogQuery()
        errors.status = .error
        for (later, isShown) in [(30 * 86_400 - 1, true), (30 * 86_400 + 1, false)] {
            let then = now.advanced(bySeconds: Int64(later))
            #expect(try await (calls.find(entry.log.id, tenant: tenant.id, now: then) != nil) == isShown)
            for query in [CallLogQuery(), errors] {
                let page = try await calls.page(
                    query, tenant: tenant.id, after: nil, limit: 10, now: then, budget: .seconds(60))
                #expect(page.items.isEmpty != isShown)
            }
        }
    }
}
