import Console
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Store

/// A person's own account.
struct AccountPages: Sendable {
    let pages: ConsolePages

    private var sessions: SessionStore { pages.sessions }

    var endpoints: [Endpoint] {
        [
            pages.page(.get, "/account", requires: nil) { try await show($0) },
            pages.page(.post, "/account/name", requires: nil, records: .updated(.user), rename),
            pages.page(.post, "/account/password", requires: nil, records: .updated(.user), changePassword),
            pages.page(.post, "/account/sessions/{id}/end", requires: nil, records: .deleted(.session), end),
            pages.page(.post, "/account/sessions/end-others", requires: nil, records: .deleted(.session), endOthers),
        ]
    }

    private func show(
        _ visit: ConsoleVisit, name: String? = nil, problem: Problem? = nil
    ) async throws -> Response {
        let errors = problem.map { FormErrors($0) } ?? FormErrors()
        let own = try await sessions.list(of: visit.session.userID, current: visit.token, now: visit.now)
        var response = visit.page(
            "Account", status: problem?.formStatus ?? .ok, notices: errors.notices,
            AccountPage.content(
                email: visit.session.email, name: name ?? visit.session.name, sessions: own, tenants: visit.tenants,
                current: visit.tenant, errors: errors, zone: visit.zone))
        if let seconds = problem?.retryAfterSeconds { response.headers[.retryAfter] = String(seconds) }
        return response
    }

    private func rename(_ visit: ConsoleVisit) async throws -> Response {
        let form = try await visit.form()
        var given = form.members(texts: ["name"])
        do {
            try await sessions.rename(visit.session.userID, to: try AccountRoutes.name(&given))
            return visit.redirect(to: "/account", notice: "Your name is saved.")
        } catch let problem as Problem where problem.isOfForm {
            return try await show(visit, name: form["name"], problem: problem)
        }
    }

    private func changePassword(_ visit: ConsoleVisit) async throws -> Response {
        var given = try await visit.form().members(texts: ["current_password", "password"])
        do {
            let (old, new) = try AccountRoutes.passwords(&given)
            try await sessions.changePassword(
                of: visit.session.userID, from: old, to: new, keeping: visit.token,
                address: visit.request.incoming.address, now: visit.now)
            return visit.redirect(
                to: "/account", notice: "Your password is changed. Everywhere else you are signed out.")
        } catch let problem as Problem where problem.isOfForm {
            return try await show(visit, problem: problem)
        }
    }

    private func end(_ visit: ConsoleVisit) async throws -> Response {
        let id = try visit.request.pathID("id", "session")
        let isDone = try await sessions.end(id, of: visit.session.userID)
        return visit.redirect(
            to: "/account", notice: isDone ? "That session is signed out." : "That session had ended before.")
    }

    private func endOthers(_ visit: ConsoleVisit) async throws -> Response {
        let count = try await sessions.endOthers(of: visit.session.userID, keeping: visit.token)
        return visit.redirect(to: "/account", notice: "Signed out everywhere else: \(count) sessions ended.")
    }
}
