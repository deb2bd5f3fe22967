import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Store

/// Somebody who is to join a tenant, as requests and forms name them.
struct Newcomer: Sendable {
    let email: EmailAddress
    let name: String
    let role: Role

    /// Reads `email`, `name` and `role`, and ends the reading.
    /// - Throws: `Problem` when there were issues.
    init(_ members: inout BodyMembers) throws(Problem) {
        let email = members.requiredEmail("email")
        name = members.text("name") ?? ""
        members.require("role")
        let role = members.choice("role", of: Role.self)
        try members.finish()
        guard let email, let role else { throw Problem(.invalidParameter, "email and role are needed.") }
        (self.email, self.role) = (email, role)
    }
}

/// The people of a tenant.
struct UserRoutes: Sendable {
    let members: MemberStore
    let clock: DatabaseClock
    let links: PublicLinks

    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/v1/users", requires: .teamManage, list),
            Endpoint(.post, "/v1/users", requires: .teamManage, records: .created(.user), create),
            Endpoint(.patch, "/v1/users/{id}", requires: .teamManage, records: .updated(.user), update),
            Endpoint(.delete, "/v1/users/{id}", requires: .teamManage, records: .deleted(.user), remove),
        ]
    }

    private func list(_ request: TenantRequest) async throws -> Response {
        let page = try ListPage(request.incoming.query(allowing: ["limit", "cursor"]))
        let people = try await members.list(tenant: request.tenant, after: page.after, limit: page.limit + 1)
        return .json { json in page.write(people, key: \.email, into: &json) { Self.write($0, into: &$1) } }
    }

    private func create(_ request: TenantRequest) async throws -> Response {
        var body = try await request.incoming.members(allowing: ["email", "name", "role", "password"])
        let password = body.text("password", longest: 1000)
        let person = try Newcomer(&body)
        let made = try await members.create(
            tenant: request.tenant, email: person.email, name: person.name, role: person.role, password: password,
            authority: .owner, now: clock.now)
        return .json(.created) { json in
            json.object { object in
                Self.write(made.member, into: &object)
                object.key("setup_url")
                object.value(made.setupToken.map(links.setup))
            }
        }
    }

    private func update(_ request: TenantRequest) async throws -> Response {
        let id = try request.pathID("id", "person")
        var body = try await request.incoming.members(allowing: ["name", "role", "disabled"])
        var change = MemberStore.Change()
        change.name = body.text("name")
        change.role = body.choice("role", of: Role.self)
        change.isDisabled = body.truth("disabled")
        try body.finish()
        guard let member = try await members.update(id, tenant: request.tenant, change, now: clock.now) else {
            throw Problem(.notFound, "There is no person with this id.")
        }
        return .json { json in json.object { Self.write(member, into: &$0) } }
    }

    private func remove(_ request: TenantRequest) async throws -> Response {
        _ = try request.incoming.query(allowing: [])
        let id = try request.pathID("id", "person")
        guard try await members.remove(id, tenant: request.tenant) else {
            throw Problem(.notFound, "There is no person with this id.")
        }
        return Response(status: .noContent)
    }

    private static func write(_ member: Member, into object: inout JSONWriter) {
        object.key("id")
        object.value(member.userID)
        object.key("email")
        object.value(member.email)
        object.key("name")
        object.value(member.name)
        object.key("role")
        object.value(member.role.rawValue)
        object.key("is_creator")
        object.value(member.isCreator)
        object.key("active")
        object.value(member.isActive)
        object.key("disabled")
        object.value(member.isDisabled)
        object.key("created_at")
        object.value(member.createdAt)
    }
}
