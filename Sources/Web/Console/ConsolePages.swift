import Console
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Store

/// Makes endpoints of the console: each knows who is there, by the session's cookie, and what they may see. Every page of
/// people who are signed in is declared by `page`.
struct ConsolePages: Sendable {
    let sessions: SessionStore
    let clock: DatabaseClock
    let cookies: SessionCookie

    /// A page, or a form of one, for people who are signed in.
    ///
    /// Nobody signed in leads to `/login` and back; a missing permission or plan gives a page that says so; whatever the
    /// handler throws becomes a page with the request's id.
    /// - Parameters:
    ///   - method: GET shows, POST takes a form and answers by a redirect.
    ///   - path: as `Endpoint` writes it.
    ///   - permission: what it takes; nil for what everybody may.
    ///   - section: which link of the rail is the current one.
    ///   - records: what goes into the audit log.
    ///   - handler: answers, as `ConsoleVisit` helps to.
    func page(
        _ method: HTTPRequest.Method, _ path: String, requires permission: Permission?, section: Section? = nil,
        records: Endpoint.Recording = .call, _ handler: @escaping @Sendable (ConsoleVisit) async throws -> Response
    ) -> Endpoint {
        Endpoint(
            method: method, path: path, access: permission.map { .permission($0) } ?? .anyPrincipal, records: records
        ) { incoming in
            await respond(to: incoming, requires: permission, section: section, handler)
        }
    }

    private func respond(
        to incoming: IncomingRequest, requires permission: Permission?, section: Section?,
        _ handler: (ConsoleVisit) async throws -> Response
    ) async -> Response {
        do {
            guard let principal = try await person(incoming) else { return try signIn(incoming) }
            return try await incoming.recorded(as: principal) {
                try await serve(principal, incoming, permission, section, handler)
            }
        } catch {
            let problem = Problem(error)
            incoming.context.report(problem, of: incoming.request)
            return ProblemPage.response(problem, requestID: incoming.context.requestID)
        }
    }

    private func serve(
        _ principal: Principal, _ incoming: IncomingRequest, _ permission: Permission?, _ section: Section?,
        _ handler: (ConsoleVisit) async throws -> Response
    ) async throws -> Response {
        let standing = incoming.services.limiter.take(.read, for: principal)
        if let seconds = standing?.retryAfterSeconds {
            throw Problem(.rateLimited, "These are too many requests a minute.", retryAfterSeconds: seconds)
        }
        guard let visit = try await visit(incoming, principal, section) else { return try signIn(incoming) }
        do {
            if let refused = visit.refusal(permission) { return refused }
            return visit.finished(try await handler(visit))
        } catch {
            let problem = Problem(error)
            incoming.context.report(problem, of: incoming.request)
            return visit.page(of: problem)
        }
    }

    /// Who is signed in; nil when nobody is.
    func person(_ incoming: IncomingRequest) async throws -> Principal? {
        do {
            let principal = try await incoming.authenticate()
            guard case .user = principal.identity else { return nil }
            return principal
        } catch let problem as Problem where problem.code == .unauthenticated {
            return nil
        }
    }

    private func visit(
        _ incoming: IncomingRequest, _ principal: Principal, _ section: Section?
    ) async throws -> ConsoleVisit? {
        guard case .user(let userID, _) = principal.identity else { return nil }
        let token = try incoming.services.authenticator.credential(of: incoming.request)
        async let tenants = sessions.tenants(of: userID)
        guard let session = try await sessions.find(token, now: clock.now) else { return nil }
        return ConsoleVisit(
            request: TenantRequest(incoming: incoming, principal: principal), session: session,
            tenants: try await tenants, section: section, now: clock.now, cookies: cookies, token: token)
    }

    /// Leads to `/login`, and from there back to the page that was asked for; to no page that a form was sent to.
    private func signIn(_ incoming: IncomingRequest) throws -> Response {
        let asked = [.get, .head].contains(incoming.request.method) ? LocalPath(incoming.request.uri.description) : nil
        var path = "/login"
        if let asked, asked.text != "/" { path += "?return_to=" + FormFields.encoded(asked.text) }
        return .redirect(to: path)
    }
}

/// A path of this server, with its query: what may be redirected to though a request named it.
struct LocalPath: Sendable, Hashable {
    let text: String

    /// - Parameter text: nil comes of whatever a browser could take for another server's address.
    init?(_ text: String?) {
        guard let text, text.hasPrefix("/"), !text.hasPrefix("//"), text.utf8.count <= 2048,
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") })
        else { return nil }
        self.text = text
    }
}

extension Response {
    /// Leads to another page, which is asked for by GET: so that back, forward and reloading send no form again.
    static func redirect(to path: String) -> Response {
        Response(status: .seeOther, headers: [.location: path])
    }

    /// A page of the console.
    /// - Parameter referrer: which pages are told where a request came from: none where the address is a secret. Others
    ///   tell pages of this server: without, browsers would hide the `Origin` of forms too.
    static func html(
        _ page: Page, status: HTTPResponse.Status = .ok, referrer: String = "same-origin"
    ) -> Response {
        html(page.html(), status: status, referrer: referrer)
    }

    /// A page of the console, or a part of one.
    static func html(
        _ markup: String, status: HTTPResponse.Status = .ok, referrer: String = "same-origin"
    ) -> Response {
        Response(
            status: status,
            headers: [
                .contentType: "text/html; charset=utf-8", .contentSecurityPolicy: consolePolicy,
                .referrerPolicy: referrer,
            ],
            body: .init(byteBuffer: .init(string: markup)))
    }

    private static let consolePolicy = """
        default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
        form-action 'self'; base-uri 'none'; frame-ancestors 'none'
        """
}
