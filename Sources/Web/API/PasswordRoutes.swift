import Domain
import HTTPTypes
import Hummingbird
import Store

/// Choosing a password: the first by a setup link, another by a reset link; and joining by an invitation.
struct PasswordRoutes: Sendable {
    let oneTimeLinks: OneTimeLinkStore
    let invitations: InvitationStore
    let clock: DatabaseClock
    let jobs: JobQueue

    var endpoints: [Endpoint] {
        [
            .open(.post, "/v1/password-resets", requestReset),
            .open(.post, "/v1/passwords", records: .updated(.user), choose),
            Endpoint(.post, "/v1/invitations", requires: .teamManage, records: .created(.invitation), invite),
            .open(.post, "/v1/invitations/accept", records: .created(.user), accept),
        ]
    }

    /// Answers the same whether the address is known or not: only the worker finds out.
    private func requestReset(_ request: IncomingRequest) async throws -> Response {
        var members = try await request.members(allowing: ["email"])
        let email = members.requiredEmail("email")
        try members.finish()
        if let email {
            try await oneTimeLinks.admitReset(for: email, from: request.address, now: clock.now)
            try await jobs.enqueue(NewJob(AccountMailJob(.reset, email: email), tenant: nil))
        }
        return .json(.accepted) { json in
            json.object { object in
                object.key("detail")
                object.value("If the address is known, a link is on its way to it.")
            }
        }
    }

    private func choose(_ request: IncomingRequest) async throws -> Response {
        var members = try await request.members(allowing: ["token", "password"])
        let token = members.requiredText("token")
        let password = members.requiredText("password", longest: 1000)
        try members.finish()
        try await oneTimeLinks.choosePassword(password, by: token)
        return Response(status: .noContent)
    }

    private func invite(_ request: TenantRequest) async throws -> Response {
        var members = try await request.incoming.members(allowing: ["email", "name", "role"])
        let email = members.requiredEmail("email")
        let name = members.text("name") ?? ""
        members.require("role")
        let role = members.choice("role", of: Role.self)
        try members.finish()
        guard let email, let role else { throw Problem(.invalidParameter, "email and role are needed.") }
        let expiresAt = try await invitations.create(
            tenant: request.tenant, email: email, name: name, role: role, inviter: request.userID, now: clock.now)
        return .json(.created) { json in
            json.object { object in
                object.key("email")
                object.value(email.text)
                object.key("role")
                object.value(role.rawValue)
                object.key("expires_at")
                object.value(expiresAt)
            }
        }
    }

    private func accept(_ request: IncomingRequest) async throws -> Response {
        var members = try await request.members(allowing: ["token", "password", "name"])
        let token = members.requiredText("token")
        let password = members.text("password", longest: 1000)
        let name = members.text("name")
        try members.finish()
        try await invitations.accept(token, password: password, name: name, now: clock.now)
        return Response(status: .noContent)
    }
}
