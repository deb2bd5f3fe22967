import Console
import Domain
import HTTPTypes
import Hummingbird
import Store

/// Signing in and out, turning to another tenant, and the start.
struct SignInPages: Sendable {
    let pages: ConsolePages
    let resets: PasswordResets

    private var sessions: SessionStore { pages.sessions }
    private var cookies: SessionCookie { pages.cookies }

    var endpoints: [Endpoint] {
        [
            .open(.get, "/", start),
            .open(.get, "/login", show),
            .open(.post, "/login", records: .login, signIn),
            .open(.get, "/forgot-password", showReset),
            .open(.post, "/forgot-password", requestReset),
            pages.page(.post, "/sign-out", requires: nil, signOut),
            pages.page(.post, "/session/tenant", requires: nil, records: .login, turn),
        ]
    }

    private func start(_ request: IncomingRequest) async throws -> Response {
        .redirect(to: try await pages.person(request) == nil ? "/login" : "/logs")
    }

    private func show(_ request: IncomingRequest) async throws -> Response {
        let target = try LocalPath(FormFields(request.request.uri.query ?? "")["return_to"])
        if try await pages.person(request) != nil { return .redirect(to: target?.text ?? "/logs") }
        let flash = FlashCookie(cookies)
        var notices = flash.read(request.request.headers).map { [$0] } ?? []
        let hadSession = cookies.token(in: request.request.headers) != nil
        if notices.isEmpty, hadSession {
            notices = [Notice("Your session has ended. Sign in, and you are where you were.", .neutral)]
        }
        var response = page(SignInPage.content(returnTo: target?.text), notices, request)
        if flash.read(request.request.headers) != nil { response.headers.append(flash.clear) }
        return response
    }

    private func signIn(_ request: IncomingRequest) async throws -> Response {
        try cookies.refuseKnownForeign(request.request)
        let form = try await FormFields(of: request)
        let target = LocalPath(form["return_to"])
        let (email, password) = (form["email"], form["password"])
        let missing = SignInPage.Missing(email: email.isEmpty, password: password.isEmpty)
        guard !missing.isAnything, email.utf8.count <= 254, password.utf8.count <= 1000 else {
            return page(
                SignInPage.content(email: email, missing: missing, returnTo: target?.text), [], request,
                status: .unprocessableContent)
        }
        do {
            let begun = try await sessions.signIn(
                email: email, password: password, tenant: nil, address: request.address, now: pages.clock.now)
            var response = Response.redirect(to: target?.text ?? "/logs")
            response.headers[.setCookie] = cookies.set(begun.token)
            return response
        } catch let problem as Problem where problem.code == .unauthenticated || problem.code == .rateLimited {
            let isWrong = problem.code == .unauthenticated
            let words =
                isWrong
                ? problem.detail : "\(problem.detail) Try again in \(problem.retryAfterSeconds ?? 1) s."
            var response = page(
                SignInPage.content(email: email, returnTo: target?.text), [Notice(words, .error)], request,
                status: isWrong ? .unprocessableContent : .tooManyRequests)
            if let seconds = problem.retryAfterSeconds { response.headers[.retryAfter] = String(seconds) }
            return response
        }
    }

    private func page(
        _ content: [any Component], _ notices: [Notice], _ request: IncomingRequest,
        heading: String = "Sign in", status: HTTPResponse.Status = .ok
    ) -> Response {
        .html(
            Page(
                title: heading, frame: PlainFrame(heading: heading, notices: notices, content: content),
                zone: request.request.readerZone),
            status: status)
    }

    private func showReset(_ request: IncomingRequest) async throws -> Response {
        if try FormFields(request.request.uri.query ?? "").has("sent") {
            return page(ForgotPasswordPage.sent, [], request, heading: "Look into your mail")
        }
        return page(ForgotPasswordPage.content(), [], request, heading: "Forgot your password?")
    }

    private func requestReset(_ request: IncomingRequest) async throws -> Response {
        try cookies.refuseKnownForeign(request.request)
        let given = try await FormFields(of: request)["email"]
        guard let email = EmailAddress(given) else {
            return page(
                ForgotPasswordPage.content(email: given, error: "This is not an e-mail address."), [], request,
                heading: "Forgot your password?", status: .unprocessableContent)
        }
        try await resets.request(for: email, from: request.address)
        return .redirect(to: "/forgot-password?sent")
    }

    private func signOut(_ visit: ConsoleVisit) async throws -> Response {
        try await sessions.end(visit.token)
        visit.request.incoming.services.authenticator.forget(visit.token)
        var response = visit.redirect(to: "/login", notice: "You are signed out.")
        response.headers.append(HTTPField(name: .setCookie, value: cookies.clear()))
        return response
    }

    /// Leads to the same place in the other tenant: one of its lists, for it knows none of this one's ids.
    private func turn(_ visit: ConsoleVisit) async throws -> Response {
        let form = try await visit.form()
        guard let tenant = TenantID(form["tenant_id"]) else {
            throw Problem(.notFound, "You belong to no such tenant.")
        }
        let begun = try await sessions.move(visit.token, to: tenant, now: visit.now)
        visit.request.incoming.services.authenticator.forget(visit.token)
        let place = Section.allCases.first { form["return_to"].hasPrefix($0.path) } ?? .logs
        var response = visit.redirect(
            to: place.path, notice: "You are looking at \(begun.session.principal.tenant.name) now.")
        response.headers.append(HTTPField(name: .setCookie, value: cookies.set(begun.token)))
        return response
    }
}
