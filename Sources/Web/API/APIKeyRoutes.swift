import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Store

/// A tenant's API keys.
struct APIKeyRoutes: Sendable {
    /// A key that is to be made, as requests and forms describe it.
    struct NewKey: Sendable {
        let name: String
        let scopes: Set<Scope>
        /// Days until it ends; nil for never.
        let days: Int?

        /// Reads `name`, `scopes` and `expires_in_days`, and ends the reading.
        /// - Throws: `Problem` when there were issues.
        init(_ members: inout BodyMembers) throws(Problem) {
            name = members.requiredText("name")
            if name.isEmpty, members.present("name") != nil { members.issue("name", "required", "a key needs a name") }
            scopes = members.choices("scopes", of: Scope.self) ?? []
            if scopes.isEmpty { members.issue("scopes", "required", "a key needs a scope") }
            days = members.integer("expires_in_days", 1...3650)
            try members.finish()
        }
    }

    let keys: APIKeyStore
    let clock: DatabaseClock

    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/v1/api-keys", requires: .apiKeysManage, list),
            Endpoint(.post, "/v1/api-keys", requires: .apiKeysManage, records: .created(.apiKey), create),
            Endpoint(.delete, "/v1/api-keys/{id}", requires: .apiKeysManage, records: .deleted(.apiKey), revoke),
            Endpoint(.post, "/v1/api-keys/{id}/rotate", requires: .apiKeysManage, records: .created(.apiKey), rotate),
        ]
    }

    private func list(_ request: TenantRequest) async throws -> Response {
        let page = try ListPage(request.incoming.query(allowing: ["limit", "cursor"]))
        let after = try page.afterID()
        let found = try await keys.list(tenant: request.tenant, after: after, limit: page.limit + 1)
        return .json { json in page.write(found, key: { $0.id.uuidString }, into: &json) { Self.write($0, into: &$1) } }
    }

    private func create(_ request: TenantRequest) async throws -> Response {
        var members = try await request.incoming.members(allowing: ["name", "scopes", "expires_in_days"])
        let new = try NewKey(&members)
        let key = try await keys.create(
            tenant: request.tenant, name: new.name, scopes: new.scopes, lifetimeDays: new.days, creator: request.userID)
        return Self.answer(key)
    }

    private func revoke(_ request: TenantRequest) async throws -> Response {
        _ = try request.incoming.query(allowing: [])
        let id = try request.pathID("id", "key")
        guard try await keys.revoke(id, tenant: request.tenant) else {
            throw Problem(.notFound, "There is no key with this id in force.")
        }
        return Response(status: .noContent)
    }

    private func rotate(_ request: TenantRequest) async throws -> Response {
        let id = try request.pathID("id", "key")
        var members = try await request.incoming.members(allowing: ["overlap_hours"])
        let key = try await keys.rotate(
            id, tenant: request.tenant, overlapSeconds: try Self.overlapSeconds(&members), creator: request.userID)
        guard let key else { throw Problem(.notFound, "There is no key with this id in force.") }
        return Self.answer(key)
    }

    /// Reads how long an old key works beside its successor, and ends the reading.
    /// - Throws: `Problem` when there were issues.
    static func overlapSeconds(_ members: inout BodyMembers) throws(Problem) -> Int64 {
        let hours = members.integer("overlap_hours", 0...720) ?? 24
        try members.finish()
        return Int64(hours) * 3600
    }

    private static func answer(_ key: NewAPIKey) -> Response {
        .json(.created) { json in
            json.object { object in
                object.key("id")
                object.value(key.id)
                object.key("key")
                object.value(key.text)
            }
        }
    }

    private static func write(_ key: APIKeyRecord, into object: inout JSONWriter) {
        object.key("id")
        object.value(key.id)
        object.key("name")
        object.value(key.name)
        object.key("prefix")
        object.value(key.prefix)
        object.key("scopes")
        object.array { array in for scope in key.scopes.map(\.rawValue).sorted() { array.value(scope) } }
        object.key("created_at")
        object.value(key.createdAt)
        object.key("expires_at")
        object.value(optional: key.expiresAt)
        object.key("revoked_at")
        object.value(optional: key.revokedAt)
        object.key("last_used_at")
        object.value(optional: key.lastUsedAt)
        object.key("created_by")
        if let creator = key.createdBy {
            object.object { member in
                member.key("id")
                member.value(creator)
                member.key("email")
                member.value(key.creatorEmail)
            }
        } else {
            object.raw("null")
        }
    }
}
