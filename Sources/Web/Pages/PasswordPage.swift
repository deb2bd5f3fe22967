import Console
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
        return PlainPage.response(
            "Choose a password", PasswordForm.content(words: "For \(email).", button: "Set password"))
    }

    private func choose(_ request: IncomingRequest) async throws -> Response {
        guard let email = try await oneTimeLinks.person(of: token(request)) else { return gone }
        do {
            try await oneTimeLinks.choosePassword(
                try await FormFields(of: request)["password"], by: token(request))
        } catch let problem as Problem where problem.code == .invalidParameter {
            return PlainPage.response(
                "Choose a password", status: .unprocessableContent,
                PasswordForm.content(words: "For \(email).", button: "Set password", error: problem.detail))
        }
        return PlainPage.response(
            "Done",
            [
                Paragraph("Your password is set. You can sign in now."),
                LinkButton("Sign in", path: "/login", kind: .primary),
            ])
    }

    private func showInvitation(_ request: IncomingRequest) async throws -> Response {
        guard let invited = try await invitations.pending(token(request), now: clock.now) else { return gone }
        return PlainPage.response("Join \(invited.tenantName)", Self.joinForm(invited))
    }

    private func accept(_ request: IncomingRequest) async throws -> Response {
        guard let invited = try await invitations.pending(token(request), now: clock.now) else { return gone }
        do {
            let password = try await FormFields(of: request)["password"]
            try await invitations.accept(
                token(request), password: password.isEmpty ? nil : password, name: nil, now: clock.now)
        } catch let problem as Problem where problem.code == .invalidParameter || problem.code == .conflict {
            return PlainPage.response(
                "Join \(invited.tenantName)", status: .unprocessableContent,
                notices: invited.needsPassword ? [] : [Notice(problem.detail, .error)],
                Self.joinForm(invited, error: problem.detail))
        }
        return PlainPage.response(
            "Welcome",
            [
                Paragraph("You belong to \(invited.tenantName) now. You can sign in."),
                LinkButton("Sign in", path: "/login", kind: .primary),
            ])
    }

    private var gone: Response {
        PlainPage.response(
            "This link is used up", status: .notFound,
            [
                Paragraph("It was used, has expired, or never was one. Ask for a new one."),
                TextLink("Send a link for a new password", path: "/forgot-password"),
            ])
    }

    private func token(_ request: IncomingRequest) -> String {
        request.context.parameters.get("token")?.removingPercentEncoding ?? ""
    }

    private static func joinForm(_ invited: InvitationStore.Pending, error: String? = nil) -> [any Component] {
        guard invited.needsPassword else {
            return [
                Paragraph("As \(invited.email), with the password you have."),
                Form(action: nil, fields: [], buttons: [Button("Join")]),
            ]
        }
        return PasswordForm.content(words: "As \(invited.email). Choose a password.", button: "Join", error: error)
    }
}
