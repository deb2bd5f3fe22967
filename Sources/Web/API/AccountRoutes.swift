import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Store

/// What people do with their own account: its name, its password, its sessions.
struct AccountRoutes: Sendable {
    let sessions: SessionStore
    let clock: DatabaseClock

    var endpoints: [Endpoint] {
        [
            .anyPrincipal(.patch, "/v1/me", records: .updated(.user), rename),
            .anyPrincipal(.put, "/v1/me/password", records: .updated(.user), changePassword),
            .anyPrincipal(.get, "/v1/sessions", list),
            .anyPrincipal(.delete, "/v1/sessions/{id}", records: .deleted(.session), end),
        ]
    }

    private func rename(_ request: TenantRequest) async throws -> Response {
        let person = try Self.person(request)
        var members = try await request.incoming.members(allowing: ["name"])
        try await sessions.rename(person, to: try Self.name(&members))
        return Response(status: .noContent)
    }

    /// Reads a person's name, and ends the reading.
    /// - Throws: `Problem` when there were issues.
    static func name(_ members: inout BodyMembers) throws(Problem) -> String {
        let name = members.requiredText("name")
        try members.finish()
        return name
    }

    private func changePassword(_ request: TenantRequest) async throws -> Response {
        let person = try Self.person(request)
        var members = try await request.incoming.members(allowing: ["current_password", "password"])
        let (given, new) = try Self.passwords(&members)
        try await sessions.changePassword(
            of: person, from: given, to: new, keeping: try Self.token(request), address: request.incoming.address,
            now: clock.now)
        return Response(status: .noContent)
    }

    /// Reads the password that is and the one that shall be, and ends the reading.
    /// - Throws: `Problem` when there were issues.
    static func passwords(_ members: inout BodyMembers) throws(Problem) -> (given: String, new: String) {
        let given = members.requiredText("current_password", longest: 1000)
        let new = members.requiredText("password", longest: 1000)
        try members.finish()
        return (given, new)
    }

    private func list(_ request: TenantRequest) async throws -> Response {
        _ = try request.incoming.query(allowing: [])
        let found = try await sessions.list(
            of: try Self.person(request), current: try Self.token(request), now: clock.now)
        return .json { json in
            json.object { object in
                object.key("data")
                object.array { array in
                    for session in found { array.object { Self.write(session, into: &$0) } }
                }
            }
        }
    }

    private func end(_ request: TenantRequest) async throws -> Response {
        _ = try request.incoming.query(allowing: [])
        let person = try Self.person(request)
        guard try await sessions.end(try request.pathID("id", "session"), of: person) else {
            throw Problem(.notFound, "There is no session with this id.")
        }
        return Response(status: .noContent)
    }

    private static func person(_ request: TenantRequest) throws(Problem) -> UUID {
        guard let id = request.userID else { throw Problem(.forbidden, "An API key has no account.") }
        return id
    }

    private static func token(_ request: TenantRequest) throws(Problem) -> String {
        try request.incoming.services.authenticator.credential(of: request.request)
    }

    private static func write(_ session: OpenSession, into object: inout JSONWriter) {
        object.key("id")
        object.value(session.id)
        object.key("tenant_name")
        object.value(session.tenantName)
        object.key("created_at")
        object.value(session.createdAt)
        object.key("last_used_at")
        object.value(session.lastUsedAt)
        object.key("expires_at")
        object.value(session.expiresAt)
        object.key("current")
        object.value(session.isCurrent)
    }
}
