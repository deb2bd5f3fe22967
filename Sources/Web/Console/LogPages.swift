import Console
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Ingest
import Logging
import NIOCore
import Store

/// The API logs: the list, the report of one call beside it, and the bodies as they came.
struct LogPages: Sendable {
    let pages: ConsolePages
    let store: CallLogStore
    let retentionDays: Int
    let publicURL: String

    /// Calls on a page of the list.
    private static let limit = 50
    /// Time after which the histogram stops counting: it must not hold up the list.
    private static let countBudget: Duration = .milliseconds(150)

    var endpoints: [Endpoint] {
        [
            pages.page(.get, "/logs", requires: .callLogsRead, section: .logs, list),
            pages.page(.get, "/logs/{id}", requires: .callLogsRead, section: .logs, show),
            pages.page(.get, "/logs/{id}/request", requires: .callLogsRead, section: .logs) { visit in
                Self.body(try await detail(visit).exchange.request)
            },
            pages.page(.get, "/logs/{id}/response", requires: .callLogsRead, section: .logs) { visit in
                Self.body(try await detail(visit).exchange.response)
            },
        ]
    }

    private func list(_ visit: ConsoleVisit) async throws -> Response {
        let sent = visit.request.request.uri.query ?? ""
        let address = try Self.address(sent)
        // a form names every field and each box apart: the address that people see and share says the same in short
        guard Self.isCanonical(sent, address) else { return .redirect(to: address.path) }
        return try await page(visit, address, chosen: nil)
    }

    private func show(_ visit: ConsoleVisit) async throws -> Response {
        let address = try Self.address(visit.request.request.uri.query ?? "")
        let detail = try await detail(visit)
        // the script changes the report alone
        guard visit.request.request.headers[.consolePart] == nil else {
            var response = Response.html(report(detail, address, visit).html())
            response.headers[.vary] = HTTPField.Name.consolePart.rawName
            return response
        }
        return try await page(visit, address, chosen: detail)
    }

    private func page(
        _ visit: ConsoleVisit, _ address: LogAddress, chosen: CallLogStore.Detail?
    ) async throws -> Response {
        let query: CallLogQuery
        let parameters: QueryParameters
        do { (query, parameters) = try self.query(address, now: visit.now) } catch {
            return refused(error, visit)
        }
        let binding = CursorBinding.of(visit.tenant, parameters, CallLogQuery.parameters)
        async let facets = facets(query, visit)
        async let counted = histogram(query, visit)
        let page: CallLogPage
        do {
            let position = try address["cursor"].first.map { text throws(Problem) in
                try CallLogCursor.decode(text, binding: binding)
            }
            page = try await store.page(
                query, tenant: visit.tenant, after: position, limit: Self.limit, now: visit.now)
        } catch let problem as Problem where problem.code == .invalidParameter {
            return refused(problem, visit)
        }
        let older = page.next.map { CallLogCursor.encode($0, binding: binding) }
        let isFirst = page.items.isEmpty && !address.isFiltered && address["cursor"].isEmpty
        let list: any Component =
            if isFirst {
                FirstCall(mayMakeKeys: visit.may(.apiKeysManage), publicURL: publicURL, now: visit.now)
            } else if page.items.isEmpty {
                NoMatches.content(address, scannedTo: page.scannedTo, older: older, zone: visit.zone)
            } else {
                CallList(
                    page, address: address, older: older, chosen: chosen?.item.log.id, zone: visit.zone,
                    now: visit.now)
            }
        let content = LogsPage(
            filters: FilterBar(address: address, facets: await facets, areCountsExact: !query.needsRows),
            histogram: isFirst ? nil : await counted.map { Histogram($0, address: address, zone: visit.zone) },
            list: list, report: chosen.map { report($0, address, visit) })
        let title = chosen.map { "\($0.item.log.statusCode) \($0.item.log.application.name)" } ?? "Logs"
        return visit.page(title, isWide: true, refreshSeconds: isFirst ? 5 : nil, [content])
    }

    private func report(_ detail: CallLogStore.Detail, _ address: LogAddress, _ visit: ConsoleVisit) -> CallReport {
        CallReport(
            detail.item, detail.exchange, curl: detail.curl, address: address, zone: visit.zone,
            now: visit.now, retentionDays: retentionDays, actions: actions(detail, visit))
    }

    private func actions(_ detail: CallLogStore.Detail, _ visit: ConsoleVisit) -> [any Component] {
        guard visit.may(.callLogsShare) else { return [] }
        return [LinkButton("Share", path: "/logs/\(detail.item.log.id.uuidString.lowercased())/share")]
    }

    private func detail(_ visit: ConsoleVisit) async throws -> CallLogStore.Detail {
        let id = try visit.request.pathID("id", "call")
        guard let detail = try await store.find(id, tenant: visit.tenant, now: visit.now) else {
            throw Problem(
                .notFound, "There is no such call: it was never here, or is older than \(retentionDays) days and gone.")
        }
        return detail
    }

    /// What can be chosen. Filters that only the rows know are left out: the counts are then not shown.
    private func facets(_ query: CallLogQuery, _ visit: ConsoleVisit) async -> CallLogFacets? {
        var query = query
        if query.needsRows {
            var counted = CallLogQuery()
            (counted.from, counted.to) = (query.from, query.to)
            query = counted
        }
        return await optional(visit) { try await store.facets(query, tenant: visit.tenant, now: visit.now) }
    }

    private func histogram(_ query: CallLogQuery, _ visit: ConsoleVisit) async -> CallLogHistogram? {
        let from = max(query.from ?? store.firstKept(now: visit.now), store.firstKept(now: visit.now))
        let seconds = (min(query.to ?? visit.now, visit.now).microseconds - from.microseconds) / 1_000_000
        return await optional(visit) {
            try await store.histogram(
                query, by: seconds <= 8 * 86_400 ? .hour : .day, tenant: visit.tenant, now: visit.now,
                budget: Self.countBudget)
        }
    }

    /// The list is shown though a count failed; the log says why it did.
    private func optional<Value: Sendable>(
        _ visit: ConsoleVisit, _ count: () async throws -> Value
    ) async -> Value? {
        do { return try await count() } catch {
            let context = visit.request.incoming.context
            context.logger.warning(
                "calls were not counted", metadata: ["request_id": "\(context.requestID)", "error": "\(error)"])
            return nil
        }
    }

    private func refused(_ problem: Problem, _ visit: ConsoleVisit) -> Response {
        visit.page(
            "Logs", status: .badRequest,
            [
                EmptyState(
                    "This filter can't be used", problem.detail,
                    actions: [LinkButton("Clear all", path: "/logs", kind: .primary)])
            ])
    }

    private static func address(_ query: String) throws(Problem) -> LogAddress {
        let form = try FormFields(query)
        return LogAddress(form.all)
    }

    /// Whether a query says what it says in the form in which addresses have it, however its letters are escaped.
    private static func isCanonical(_ query: String, _ address: LogAddress) -> Bool {
        let sent = query.split(separator: "&")
        let canonical = address.query().split(separator: "&")
        return sent.count == canonical.count
            && zip(sent, canonical).allSatisfy { $0.removingPercentEncoding == $1.removingPercentEncoding }
    }

    /// The query for the store, read as strictly as the API's.
    private func query(
        _ address: LogAddress, now: Timestamp
    ) throws(Problem) -> (query: CallLogQuery, parameters: QueryParameters) {
        let parameters = try QueryParameters(
            address.query(CallLogQuery.parameters), allowing: CallLogQuery.parameters)
        var query = try CallLogQuery(parameters)
        if let start = try LogPeriod.start(in: address, now: now) { query.from = start }
        return (query, parameters)
    }

    /// A body as it came. Whatever it holds, a browser must take it for nothing but text.
    private static func body(_ message: CapturedMessage) -> Response {
        var response = Response(
            status: .ok, headers: [.contentType: "text/plain; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(bytes: message.body?.bytes ?? [])))
        response.headers[.contentSecurityPolicy] = "sandbox; default-src 'none'"
        return response
    }
}

extension HTTPField.Name {
    /// `X-Calltrail-Part`: names the part of a page that is asked for alone.
    static let consolePart = named("x-calltrail-part")
}
