import Console
import Domain
import Hummingbird
import Store

/// The API logs: the list, and the report of one call.
struct LogPages: Sendable {
    let pages: ConsolePages

    var endpoints: [Endpoint] {
        [pages.page(.get, "/logs", requires: .callLogsRead, section: .logs, list)]
    }

    private func list(_ visit: ConsoleVisit) async throws -> Response {
        visit.page("Logs", [PageHead("Logs")])
    }
}
