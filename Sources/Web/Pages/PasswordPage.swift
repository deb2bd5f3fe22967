import Crypto
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Store

/// The pages behind the links that people get: choosing a password, joining a tenant. They work without script.
struct PasswordPage: Sendable {
    let oneTimeLinks: OneTimeLinkStore
    let invitations: InvitationStore
    let clock: DatabaseClock

    var endpoints: [Endpoint] {
        [
            .open(.get, "/setup/{token}", show),
            .open(.post, "/setup/{token}", choose),
            .open(.get, "/reset/{token}", show),
            .open(.post, "/reset/{token}", choose),
            .open(.get, "/invitation/{token}", showInvitation),
            .open(.post, "/invitation/{token}", accept),
        ]
    }

    private func show(_ request: IncomingRequest) async throws -> Response {
        guard let email = try await oneTimeLinks.person(of: token(request)) else { return gone }
        return page("Choose a password") {
            Self.writePasswordForm(into: &$0, words: "For \(email).", button: "Set password")
        }
    }

    private func choose(_ request: IncomingRequest) async throws -> Response {
        guard let email = try await oneTimeLinks.person(of: token(request)) else { return gone }
        do {
            try await oneTimeLinks.choosePassword(try await field("password", of: request), by: token(request))
        } catch let problem as Problem where problem.code == .invalidParameter {
            return page("Choose a password", status: .unprocessableContent) { main in
                main.element("p", ["role": "alert"], problem.detail)
                Self.writePasswordForm(into: &main, words: "For \(email).", button: "Set password")
            }
        }
        return page("Done") { $0.element("p", "Your password is set. You can sign in now.") }
    }

    private func showInvitation(_ request: IncomingRequest) async throws -> Response {
        guard let invited = try await invitations.pending(token(request), now: clock.now) else { return gone }
        return page("Join \(invited.tenantName)") { Self.writeJoinForm(into: &$0, invited) }
    }

    private func accept(_ request: IncomingRequest) async throws -> Response {
        guard let invited = try await invitations.pending(token(request), now: clock.now) else { return gone }
        do {
            let password = try await field("password", of: request)
            try await invitations.accept(
                token(request), password: password.isEmpty ? nil : password, name: nil, now: clock.now)
        } catch let problem as Problem where problem.code == .invalidParameter || problem.code == .conflict {
            return page("Join \(invited.tenantName)", status: .unprocessableContent) { main in
                main.element("p", ["role": "alert"], problem.detail)
                Self.writeJoinForm(into: &main, invited)
            }
        }
        return page("Welcome") { $0.element("p", "You belong to \(invited.tenantName) now. You can sign in.") }
    }

    private var gone: Response {
        page("This link is used up", status: .notFound) {
            $0.element("p", "It was used, has expired, or never was one. Ask for a new one.")
        }
    }

    private func token(_ request: IncomingRequest) -> String {
        request.context.parameters.get("token")?.removingPercentEncoding ?? ""
    }

    /// A field of a form.
    private func field(_ name: String, of request: IncomingRequest) async throws -> String {
        let text = try await request.services.bodies.withBody(of: request.request) {
            String(decoding: $0, as: UTF8.self)
        }
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0] == name else { continue }
            return parts[1].replacing("+", with: " ").removingPercentEncoding ?? ""
        }
        return ""
    }

    private static func writeJoinForm(into main: inout HTMLWriter, _ invited: InvitationStore.Pending) {
        guard invited.needsPassword else {
            main.element("p", "As \(invited.email), with the password you have.")
            main.element("form", ["method": "post"]) { $0.element("button", "Join") }
            return
        }
        writePasswordForm(into: &main, words: "As \(invited.email). Choose a password.", button: "Join")
    }

    private static func writePasswordForm(into main: inout HTMLWriter, words: String, button: String) {
        main.element("p", words)
        main.element("form", ["method": "post"]) { form in
            form.element("label") { label in
                label.write("Password, 12 characters or more")
                label.void(
                    "input",
                    [
                        "type": "password", "name": "password", "minlength": "12", "maxlength": "128",
                        "autocomplete": "new-password", "required": "",
                    ])
            }
            form.element("button", button)
        }
    }

    private func page(
        _ title: String, status: HTTPResponse.Status = .ok, _ content: (inout HTMLWriter) -> Void
    ) -> Response {
        var html = HTMLWriter()
        html.element("html", ["lang": "en"]) { html in
            html.element("head") { head in
                head.void("meta", ["charset": "utf-8"])
                head.void("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
                head.element("title", "\(title) · Calltrail")
                head.style(Self.style)
            }
            html.element("body") { body in
                body.element("main") { main in
                    main.element("h1", title)
                    content(&main)
                }
            }
        }
        return Response(
            status: status,
            headers: [
                .contentType: "text/html; charset=utf-8", .contentSecurityPolicy: Self.policy,
                .referrerPolicy: "no-referrer",
            ],
            body: .init(byteBuffer: ByteBuffer(string: html.text)))
    }

    private static let style: StaticString = """
        :root{color-scheme:light dark}body{font:14px/1.5 system-ui,sans-serif;margin:0;display:grid;place-items:center;\
        min-height:100vh}main{width:min(360px,calc(100% - 32px))}h1{font-size:20px}label{display:block}\
        input,button{font:inherit;width:100%;box-sizing:border-box;padding:8px 12px;margin:4px 0 12px;border-radius:6px;\
        border:1px solid #8888}button{background:#1f5fbf;color:#fff;border:0;cursor:pointer}\
        :focus-visible{outline:2px solid #1f5fbf;outline-offset:2px}[role=alert]{color:#d2392f}
        """

    private static let policy: String = {
        let hash = Data(SHA256.hash(data: Data(style.description.utf8))).base64EncodedString()
        return
            "default-src 'none'; style-src 'sha256-\(hash)'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    }()
}
