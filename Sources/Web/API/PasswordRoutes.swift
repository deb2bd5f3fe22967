import Domain
import HTTPTypes
import Hummingbird
import Store

/// Asking for a link by which a forgotten password is replaced, by the API and by the console.
struct PasswordResets: Sendable {
    let oneTimeLinks: OneTimeLinkStore
    let clock: DatabaseClock
    let jobs: JobQueue

    /// Has a link sent, if anybody has the address: only the worker finds out.
    /// - Throws: `Problem` (rate_limited); `DatabaseError`.
    func request(for email: EmailAddress, from address: String) async throws {
        try await oneTimeLinks.admitReset(for: email, from: address, now: clock.now)
        try await jobs.enqueue(NewJob(AccountMailJob(.reset, email: email), tenant: nil))
    }
}

/// Choosing a password: the first by a setup link, another by a reset link; and joining by an invitation.
struct PasswordRoutes: Sendable {
    let oneTimeLinks: OneTimeLinkStore
    let invitations: InvitationStore
    let clock: DatabaseClock
    let resets: PasswordResets

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
            try await resets.request(for: email, from: request.address)
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
        let person = try Newcomer(&members)
        let expiresAt = try await invitations.create(
            tenant: request.tenant, email: person.email, name: person.name, role: person.role,
            inviter: request.userID, now: clock.now)
        return .json(.created) { json in
            json.object { object in
                object.key("email")
                object.value(person.email.text)
                object.key("role")
                object.value(person.role.rawValue)
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
