import Console
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Store

/// A request of somebody who is signed in, and the ways to answer it.
struct ConsoleVisit: Sendable {
    let request: TenantRequest
    let session: Session
    /// The tenants to which the person belongs.
    let tenants: [(tenant: Tenant, role: Role)]
    let section: Section?
    /// By `app_now()`.
    let now: Timestamp
    let cookies: SessionCookie
    /// The session's.
    let token: String

    var principal: Principal { request.principal }
    var tenant: TenantID { request.tenant }
    /// The zone in which the reader is shown times.
    var zone: ReaderZone { request.request.readerZone }

    /// Whether the person has a permission.
    func may(_ permission: Permission) -> Bool { principal.has(permission) }

    /// The person's role in the tenant.
    var role: Role {
        if case .user(_, let role) = principal.identity { role } else { .agent }
    }

    /// A page within the frame.
    /// - Parameters:
    ///   - title: stands in the browser's tab.
    ///   - status: 200 unless something is wrong.
    ///   - isWide: whether it is made of panes that scroll by themselves.
    ///   - notices: besides the one that an earlier answer left.
    ///   - refreshSeconds: after which the page loads itself anew where no script runs.
    ///   - formTargets: servers that forms lead to besides this one, as a content security policy names them.
    ///   - path: the page's own, where that of the request is not to be kept.
    ///   - hasScript: whether the console's script runs; not on pages whose address is a secret.
    ///   - content: components.
    func page(
        _ title: String, status: HTTPResponse.Status = .ok, isWide: Bool = false, notices: [Notice] = [],
        refreshSeconds: Int? = nil, formTargets: [String] = [], path: String? = nil,
        hasScript: Bool = true, _ content: [any Component]
    ) -> Response {
        let left = FlashCookie(cookies).read(request.request.headers)
        let frame = Frame(
            section: section,
            viewer: .init(
                name: session.name, email: session.email, role: role, tenant: principal.tenant, tenants: tenants),
            path: path ?? request.request.uri.description, isWide: isWide, notices: (left.map { [$0] } ?? []) + notices,
            content: content)
        var page = Page(title: title, frame: frame, zone: zone, hasScript: hasScript)
        page.refreshSeconds = refreshSeconds
        return .html(page, status: status, formTargets: formTargets)
    }

    /// Leads to another page of the console.
    /// - Parameters:
    ///   - path: of this server.
    ///   - notice: what that page says once.
    ///   - standing: the notice's colour and sign.
    func redirect(to path: String, notice: String? = nil, _ standing: Standing = .success) -> Response {
        var response = Response.redirect(to: path)
        if let notice { response.headers.append(FlashCookie(cookies).set(notice, standing)) }
        return response
    }

    /// The fields of the form that was sent.
    /// - Throws: `Problem`.
    func form() async throws -> FormFields { try await FormFields(of: request.incoming) }

    /// A page about what went wrong.
    func page(of problem: Problem) -> Response {
        var response = page(
            problem.code.title, status: .init(code: problem.code.status),
            [heading] + ProblemPage.content(problem, requestID: request.incoming.context.requestID))
        if let seconds = problem.retryAfterSeconds { response.headers[.retryAfter] = String(seconds) }
        return response
    }

    /// Tells on a page that is not shown which one it is.
    private var heading: any Component { PageHead(section?.words ?? "Calltrail") }

    /// The page that says why this one is not shown; nil when it is.
    func refusal(_ permission: Permission?) -> Response? {
        guard let permission else { return nil }
        guard may(permission) else {
            return page(
                "Not allowed", status: .forbidden,
                [heading, NoPermissionPage.content(permission, role: role, tenant: principal.tenant)])
        }
        guard permission.needsCallLogs, let missing = principal.tenant.missingForCallLogs else { return nil }
        return page(
            "Not in your plan", status: .forbidden,
            [heading, NoPlanPage.content(missing: missing, tenant: principal.tenant)])
    }

    /// Takes back the notice that a page has shown.
    func finished(_ response: Response) -> Response {
        guard response.status != .seeOther, FlashCookie(cookies).read(request.request.headers) != nil else {
            return response
        }
        var response = response
        response.headers.append(FlashCookie(cookies).clear)
        return response
    }
}
