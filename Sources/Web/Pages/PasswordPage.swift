import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Store

/// The pages behind the links that people get: choosing a password, joining a tenant. They work without script.
struct PasswordPage: Sendable {
    let oneTimeLinks: OneTimeLinkStore
    let invitations: InvitationStore
    let clock: DatabaseClock

    var endpoints: [Endpoint] {
        [
            .open(.get, "/setup/{token}", show),
            .open(.post, "/setup/{token}", records: .updated(.user), choose),
            .open(.get, "/reset/{token}", show),
            .open(.post, "/reset/{token}", records: .updated(.user), choose),
            .open(.get, "/invitation/{token}", showInvitation),
            .open(.post, "/invitation/{token}", records: .created(.user), accept),
        ]
    }

    private func show(_ request: IncomingRequest) async throws -> Response {
        guard let email = try await oneTimeLinks.person(of: token(request)) else { return gone }
        return PlainPage.response("Choose a password") {
            Self.writePasswordForm(into: &$0, words: "For \(email).", button: "Set password")
        }
    }

    private func choose(_ request: IncomingRequest) async throws -> Response {
        guard let email = try await oneTimeLinks.person(of: token(request)) else { return gone }
        do {
            try await oneTimeLinks.choosePassword(
                try await PlainPage.field("password", of: request), by: token(request))
        } catch let problem as Problem where problem.code == .invalidParameter {
            return PlainPage.response("Choose a password", status: .unprocessableContent) { main in
                main.element("p", ["role": "alert"], problem.detail)
                Self.writePasswordForm(into: &main, words: "For \(email).", button: "Set password")
            }
        }
        return PlainPage.response("Done") { $0.element("p", "Your password is set. You can sign in now.") }
    }

    private func showInvitation(_ request: IncomingRequest) async throws -> Response {
        guard let invited = try await invitations.pending(token(request), now: clock.now) else { return gone }
        return PlainPage.response("Join \(invited.tenantName)") { Self.writeJoinForm(into: &$0, invited) }
    }

    private func accept(_ request: IncomingRequest) async throws -> Response {
        guard let invited = try await invitations.pending(token(request), now: clock.now) else { return gone }
        do {
            let password = try await PlainPage.field("password", of: request)
            try await invitations.accept(
                token(request), password: password.isEmpty ? nil : password, name: nil, now: clock.now)
        } catch let problem as Problem where problem.code == .invalidParameter || problem.code == .conflict {
            return PlainPage.response("Join \(invited.tenantName)", status: .unprocessableContent) { main in
                main.element("p", ["role": "alert"], problem.detail)
                Self.writeJoinForm(into: &main, invited)
            }
        }
        return PlainPage.response("Welcome") {
            $0.element("p", "You belong to \(invited.tenantName) now. You can sign in.")
        }
    }

    private var gone: Response {
        PlainPage.response("This link is used up", status: .notFound) {
            $0.element("p", "It was used, has expired, or never was one. Ask for a new one.")
        }
    }

    private func token(_ request: IncomingRequest) -> String {
        request.context.parameters.get("token")?.removingPercentEncoding ?? ""
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
}
