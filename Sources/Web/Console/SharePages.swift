import Console
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Store

/// Sharing calls with people outside, and seeing what they did with the links.
struct SharePages: Sendable {
    let pages: ConsolePages
    let shares: ShareStore
    let calls: CallLogStore
    let retentionDays: Int

    /// Shares on a page.
    private static let limit = 50

    var endpoints: [Endpoint] {
        [
            page(.get, "/shares", list),
            page(.get, "/shares/{id}", show),
            page(.post, "/shares/{id}/revoke", records: .deleted(.share), revoke),
            page(.get, "/logs/{id}/share") { try ask($0, try await call($0)) },
            page(.post, "/logs/{id}/share", records: .created(.share), create),
        ]
    }

    private func page(
        _ method: HTTPRequest.Method, _ path: String, records: Endpoint.Recording = .call,
        _ handler: @escaping @Sendable (ConsoleVisit) async throws -> Response
    ) -> Endpoint {
        pages.page(method, path, requires: .callLogsShare, section: .shares, records: records, handler)
    }

    private func list(_ visit: ConsoleVisit) async throws -> Response {
        let query = try FormFields(visit.request.request.uri.query ?? "")
        let (call, after) = (UUID(uuidString: query["call_log"]), UUID(uuidString: query["after"]))
        let found = try await shares.list(
            tenant: visit.tenant, callLogID: call, after: after, limit: Self.limit + 1, now: visit.now)
        let shown = Array(found.prefix(Self.limit))
        let filter = call.map { "call_log=\($0.uuidString.lowercased())" }
        let newest = after == nil ? nil : "/shares" + (filter.map { "?" + $0 } ?? "")
        let older =
            found.count > Self.limit
            ? shown.last.map { "/shares?" + (filter.map { $0 + "&" } ?? "") + "after=\($0.id.uuidString.lowercased())" }
            : nil
        return visit.page(
            "Shares", SharesPage.content(shown, ofCall: call, older: older, newest: newest, zone: visit.zone))
    }

    private func show(_ visit: ConsoleVisit) async throws -> Response {
        let id = try visit.request.pathID("id", "share")
        guard let (share, events) = try await shares.find(id, tenant: visit.tenant, now: visit.now) else {
            throw Self.unknown
        }
        return visit.page("Share", Console.SharePage.content(share, events: events, zone: visit.zone))
    }

    private func revoke(_ visit: ConsoleVisit) async throws -> Response {
        let id = try visit.request.pathID("id", "share")
        let person = visit.session.userID
        guard try await shares.revoke(id, tenant: visit.tenant, by: person, now: visit.now) else {
            throw Self.unknown
        }
        return visit.redirect(to: SharesPage.path(id), notice: "The share is revoked: its links show nothing any more.")
    }

    private func ask(
        _ visit: ConsoleVisit, _ call: CallLog, _ draft: ShareCallPage.Draft = .init(), problem: Problem? = nil
    ) throws -> Response {
        let errors = problem.map { FormErrors($0) } ?? FormErrors()
        var response = visit.page(
            "Share a call", status: problem?.formStatus ?? .ok, notices: errors.notices,
            ShareCallPage.content(
                call, keptUntil: call.occurredAt.advanced(bySeconds: Int64(retentionDays) * 86_400), draft: draft,
                once: .version7(at: visit.now), errors: errors, zone: visit.zone))
        if let seconds = problem?.retryAfterSeconds { response.headers[.retryAfter] = String(seconds) }
        return response
    }

    private func create(_ visit: ConsoleVisit) async throws -> Response {
        let call = try await call(visit)
        let form = try await visit.form()
        var draft = ShareCallPage.Draft()
        (draft.recipients, draft.hours) = (form["recipients"], form["expires_in_hours"])
        draft.message = form["message"]
        var given = form.members(
            texts: ["message", "passphrase"], numbers: ["expires_in_hours"], lists: ["recipients"])
        do {
            let new = try ShareRoutes.share(of: call.id, &given)
            let made = try await shares.create(
                new, tenant: visit.tenant, by: visit.session.userID, now: visit.now, id: form.onceID)
            guard let made else { throw Self.callGone }
            let count = made.recipients.count
            return visit.redirect(
                to: SharesPage.path(made.id),
                notice: count == 1 ? "A link is on its way." : "\(count) links are on their way.")
        } catch let problem as Problem where problem.isOfForm {
            return try ask(visit, call, draft, problem: problem)
        }
    }

    private func call(_ visit: ConsoleVisit) async throws -> CallLog {
        let id = try visit.request.pathID("id", "call")
        guard let detail = try await calls.find(id, tenant: visit.tenant, now: visit.now) else { throw Self.callGone }
        return detail.item.log
    }

    private static let unknown = Problem(.notFound, "There is no such share.")
    private static let callGone = Problem(.notFound, "There is no such call; it may be gone already.")
}
