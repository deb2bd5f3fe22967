import Console
import Domain
import Hummingbird
import Store

/// What the calls of the last days amount to.
struct UsagePages: Sendable {
    let pages: ConsolePages
    let store: CallLogStore
    let retentionDays: Int

    var endpoints: [Endpoint] { [pages.page(.get, "/usage", requires: .callLogsRead, section: .usage, show)] }

    private func show(_ visit: ConsoleVisit) async throws -> Response {
        let kept = max(1, retentionDays)
        let choices = [1, 7, 30].filter { $0 < kept } + [min(kept, 90)]
        let query = try FormFields(visit.request.request.uri.query ?? "")
        let days = Int(query["days"]).flatMap { (1...kept).contains($0) ? $0 : nil } ?? min(30, kept)
        let usage = try await store.usage(days: days, tenant: visit.tenant, now: visit.now)
        return visit.page(
            "Usage", UsagePage.content(usage, days: days, choices: Array(Set(choices)).sorted()))
    }
}
