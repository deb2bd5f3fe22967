import Console
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Store

/// A tenant's API keys: made, shown once, rotated, revoked.
struct APIKeyPages: Sendable {
    let pages: ConsolePages
    let keys: APIKeyStore
    let publicURL: String

    /// Keys on a page.
    private static let limit = 100

    var endpoints: [Endpoint] {
        [
            page(.get, "/api-keys", list),
            page(.get, "/api-keys/new") { $0.page("Make a key", NewAPIKeyPage.content(once: UUID())) },
            page(.post, "/api-keys/new", records: .created(.apiKey), create),
            page(.get, "/api-keys/{id}/rotate", askRotation),
            page(.post, "/api-keys/{id}/rotate", records: .created(.apiKey), rotate),
            page(.post, "/api-keys/{id}/revoke", records: .deleted(.apiKey), revoke),
        ]
    }

    private func page(
        _ method: HTTPRequest.Method, _ path: String, records: Endpoint.Recording = .call,
        _ handler: @escaping @Sendable (ConsoleVisit) async throws -> Response
    ) -> Endpoint {
        pages.page(method, path, requires: .apiKeysManage, section: .apiKeys, records: records, handler)
    }

    private func list(_ visit: ConsoleVisit) async throws -> Response {
        let after = try FormFields(visit.request.request.uri.query ?? "")["after"]
        let found = try await keys.list(tenant: visit.tenant, after: UUID(uuidString: after), limit: Self.limit + 1)
        let shown = Array(found.prefix(Self.limit))
        let older = found.count > Self.limit ? shown.last.map { "/api-keys?after=\($0.id.uuidString)" } : nil
        return visit.page(
            "API keys",
            APIKeysPage.content(shown, older: older, isFirst: after.isEmpty, now: visit.now, zone: visit.zone))
    }

    private func create(_ visit: ConsoleVisit) async throws -> Response {
        let form = try await visit.form()
        var given = form.members(texts: ["name"], numbers: ["expires_in_days"], boxes: ["scopes"])
        do {
            let new = try APIKeyRoutes.NewKey(&given)
            let key = try await keys.create(
                tenant: visit.tenant, name: new.name, scopes: new.scopes, lifetimeDays: new.days,
                creator: visit.request.userID, id: form.onceID)
            return visit.page("Key made", made(key, name: new.name, scopes: new.scopes, visit))
        } catch let problem as Problem where problem.isOfForm {
            let errors = FormErrors(problem)
            return visit.page(
                "Make a key", status: problem.formStatus, notices: errors.notices,
                NewAPIKeyPage.content(
                    once: UUID(), name: form["name"], scopes: form.all("scopes"), days: form["expires_in_days"],
                    errors: errors))
        }
    }

    private func askRotation(_ visit: ConsoleVisit) async throws -> Response {
        visit.page(
            "Rotate key", NewAPIKeyPage.rotation(of: try await key(visit), once: UUID(), zone: visit.zone))
    }

    private func rotate(_ visit: ConsoleVisit) async throws -> Response {
        let old = try await key(visit)
        let form = try await visit.form()
        var given = form.members(numbers: ["overlap_hours"])
        do {
            let new = try await keys.rotate(
                old.id, tenant: visit.tenant, overlapSeconds: try APIKeyRoutes.overlapSeconds(&given),
                creator: visit.request.userID, newID: form.onceID)
            guard let new else { throw Self.ended }
            return visit.page("Key rotated", made(new, name: old.name, scopes: old.scopes, visit))
        } catch let problem as Problem where problem.isOfForm {
            return visit.page(
                "Rotate key", status: problem.formStatus, notices: [Notice(problem.detail, .error)],
                NewAPIKeyPage.rotation(of: old, once: UUID(), zone: visit.zone))
        }
    }

    private func made(
        _ key: NewAPIKey, name: String, scopes: Set<Scope>, _ visit: ConsoleVisit
    ) -> [any Component] {
        NewAPIKeyPage.made(key.text, name: name, scopes: scopes, publicURL: publicURL, now: visit.now)
    }

    private func revoke(_ visit: ConsoleVisit) async throws -> Response {
        let old = try await key(visit)
        let isDone = try await keys.revoke(old.id, tenant: visit.tenant)
        return visit.redirect(
            to: "/api-keys", notice: isDone ? "\(old.name) is revoked." : "\(old.name) was revoked before.")
    }

    private func key(_ visit: ConsoleVisit) async throws -> APIKeyRecord {
        let id = try visit.request.pathID("id", "key")
        guard let key = try await keys.find(id, tenant: visit.tenant) else {
            throw Problem(.notFound, "There is no such key.")
        }
        return key
    }

    private static let ended = Problem(.conflict, "This key has ended; there is nothing to rotate. Make a new one.")
}
