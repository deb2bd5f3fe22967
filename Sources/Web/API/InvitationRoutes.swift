import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Store

/// The invitations that nobody has accepted yet.
struct InvitationRoutes: Sendable {
    let invitations: InvitationStore

    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/v1/invitations", requires: .teamManage, list),
            Endpoint(
                .delete, "/v1/invitations/{id}", requires: .teamManage, records: .deleted(.invitation), withdraw),
        ]
    }

    private func list(_ request: TenantRequest) async throws -> Response {
        let page = try ListPage(request.incoming.query(allowing: ["limit", "cursor"]))
        let found = try await invitations.list(
            tenant: request.tenant, after: try page.afterID(), limit: page.limit + 1)
        return .json { json in page.write(found, key: \.id.uuidString, into: &json) { Self.write($0, into: &$1) } }
    }

    private func withdraw(_ request: TenantRequest) async throws -> Response {
        _ = try request.incoming.query(allowing: [])
        let id = try request.pathID("id", "invitation")
        guard try await invitations.withdraw(id, tenant: request.tenant) != nil else {
            throw Problem(.notFound, "There is no invitation with this id that waits.")
        }
        return Response(status: .noContent)
    }

    private static func write(_ invitation: Invitation, into object: inout JSONWriter) {
        object.key("id")
        object.value(invitation.id)
        object.key("email")
        object.value(invitation.email)
        object.key("name")
        object.value(invitation.name)
        object.key("role")
        object.value(invitation.role.rawValue)
        object.key("invited_by")
        object.value(invitation.invitedBy)
        object.key("created_at")
        object.value(invitation.createdAt)
        object.key("expires_at")
        object.value(invitation.expiresAt)
    }
}
