import Domain
import Testing

@testable import Demo

@Suite("Demo story")
struct DemoStoryTests {
    /// A Friday at 15:20 UTC.
    private let now = Timestamp(microseconds: 1_795_188_000_000_000)

    private func story(days: Int64, count: Int) -> [DemoCall] {
        Array(DemoStory(seed: 7, from: now.advanced(bySeconds: -days * 86_400), to: now, count: count))
    }

    @Test("has exactly the calls asked for, in order, within the period", arguments: [0, 1, 2, 999, 5000])
    func count(count: Int) {
        let calls = story(days: 7, count: count)
        #expect(calls.count == count)
        #expect(zip(calls, calls.dropFirst()).allSatisfy { $0.occurredAt <= $1.occurredAt })
        #expect(calls.allSatisfy { $0.occurredAt >= now.advanced(bySeconds: -7 * 86_400) && $0.occurredAt < now })
    }

    @Test("an empty period has no calls, and a minute has them all")
    func shortPeriods() {
        #expect(Array(DemoStory(seed: 1, from: now, to: now, count: 10)).isEmpty)
        #expect(Array(DemoStory(seed: 1, from: now.advanced(bySeconds: -60), to: now, count: 10)).count == 10)
    }

    @Test("days are busier than nights, and working days than weekends")
    func rhythm() {
        let calls = story(days: 7, count: 8000)
        let byHour = Dictionary(grouping: calls) { ($0.occurredAt.microseconds / 3_600_000_000) % 24 }
        #expect((byHour[10]?.count ?? 0) > 5 * (byHour[3]?.count ?? 0))
        let byDay = Dictionary(grouping: calls, by: \.occurredAt.day)
        // `now` is a Friday: five and six days before are Sunday and Saturday.
        #expect((byDay[now.day.advanced(by: -1)]?.count ?? 0) > (byDay[now.day.advanced(by: -5)]?.count ?? 0) * 3 / 2)
    }

    @Test("tells of the outage, the revoked token and the bad flow")
    func incidents() {
        let incidents = DemoIncidents(before: now)
        let calls = story(days: 7, count: 15_000)
        let zendesk = calls.filter { $0.application == .zendesk && incidents.outage.contains($0.occurredAt) }
        #expect(zendesk.count > 50)
        #expect(zendesk.count { $0.statusCode == 503 } > zendesk.count * 4 / 5)
        let leads = calls.filter { $0.connectionID == "sheets-leads" }
        #expect(leads.filter { $0.occurredAt >= incidents.tokenRevokedAt }.allSatisfy { $0.statusCode == 401 })
        #expect(!leads.contains { $0.occurredAt < incidents.tokenRevokedAt && $0.statusCode == 401 })
        let badFlow = calls.filter { $0.source == .flow(path: "Returns v8 / Open return", nodeID: "n-8") }
        #expect(badFlow.count > 30)
        #expect(badFlow.allSatisfy { $0.statusCode == 422 && $0.occurredAt >= incidents.badFlowReleasedAt })
    }

    @Test("incidents follow the present, also for a story that ended before it")
    func earlierStory() {
        let start = now.advanced(bySeconds: -20 * 86_400)
        let story = DemoStory(seed: 1, from: start, to: start.advanced(bySeconds: 86_400 * 5), count: 2000, now: now)
        #expect(story.count { $0.isError } < 75)
    }
}
