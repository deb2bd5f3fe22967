import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Store

/// Where notifications go to besides mail: webhooks and Slack.
struct NotificationChannelRoutes: Sendable {
    let channels: NotificationChannelStore
    let clock: DatabaseClock
    /// For refusing at once what would be refused at delivery.
    let addressGuard: AddressGuard

    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/v1/notification-channels", requires: .notificationSettingsManage, list),
            Endpoint(
                .post, "/v1/notification-channels", requires: .notificationSettingsManage,
                records: .created(.notificationChannel), create),
            Endpoint(
                .patch, "/v1/notification-channels/{id}", requires: .notificationSettingsManage,
                records: .updated(.notificationChannel), update),
            Endpoint(
                .delete, "/v1/notification-channels/{id}", requires: .notificationSettingsManage,
                records: .deleted(.notificationChannel), remove),
            Endpoint(.post, "/v1/notification-channels/{id}/test", requires: .notificationSettingsManage, test),
            Endpoint(
                .post, "/v1/notification-channels/{id}/rotate-secret", requires: .notificationSettingsManage,
                records: .updated(.notificationChannel),
                rotateSecret),
        ]
    }

    private func list(_ request: TenantRequest) async throws -> Response {
        let page = try ListPage(request.incoming.query(allowing: ["limit", "cursor"]))
        let after = try page.afterID()
        let found = try await channels.list(tenant: request.tenant, after: after, limit: page.limit + 1)
        return .json { json in page.write(found, key: { $0.id.uuidString }, into: &json) { Self.write($0, into: &$1) } }
    }

    private func create(_ request: TenantRequest) async throws -> Response {
        var body = try await request.incoming.members(allowing: BodyMembers.ofNewChannel)
        let new = try body.newChannel(addressGuard)
        let made = try await channels.create(
            tenant: request.tenant, kind: new.kind, name: new.name, url: new.url, events: new.events,
            creator: request.userID)
        return .json(.created) { json in
            json.object { object in
                Self.write(made.channel, into: &object)
                object.key("secret")
                object.value(made.secret)
            }
        }
    }

    private func update(_ request: TenantRequest) async throws -> Response {
        let id = try request.pathID("id", "channel")
        var body = try await request.incoming.members(allowing: BodyMembers.ofChannel)
        let change = try body.channelChange(addressGuard)
        let channel = try await channels.update(id, tenant: request.tenant, change, now: clock.now)
        guard let channel else { throw Self.unknown }
        return .json { json in json.object { Self.write(channel, into: &$0) } }
    }

    private func remove(_ request: TenantRequest) async throws -> Response {
        _ = try request.incoming.query(allowing: [])
        let id = try request.pathID("id", "channel")
        guard try await channels.remove(id, tenant: request.tenant) else { throw Self.unknown }
        return Response(status: .noContent)
    }

    private func test(_ request: TenantRequest) async throws -> Response {
        let id = try request.pathID("id", "channel")
        try await request.incoming.members(allowing: []).finish()
        let queued = try await channels.test(id, tenant: request.tenant, person: request.userID, now: clock.now)
        guard let queued else { throw Self.unknown }
        return .json(.accepted) { json in
            json.object { object in
                object.key("notification_id")
                object.value(queued)
            }
        }
    }

    private func rotateSecret(_ request: TenantRequest) async throws -> Response {
        let id = try request.pathID("id", "channel")
        try await request.incoming.members(allowing: []).finish()
        let secret = try await channels.rotateSecret(id, tenant: request.tenant)
        guard let secret else { throw Self.unknown }
        return .json { json in
            json.object { object in
                object.key("id")
                object.value(id)
                object.key("secret")
                object.value(secret)
            }
        }
    }

    static var unknown: Problem { Problem(.notFound, "There is no channel with this id.") }

    private static func write(_ channel: NotificationChannel, into object: inout JSONWriter) {
        object.key("id")
        object.value(channel.id)
        object.key("kind")
        object.value(channel.kind.rawValue)
        object.key("name")
        object.value(channel.name)
        object.key("origin")
        object.value(channel.origin)
        object.key("events")
        object.array { array in for event in channel.events.map(\.rawValue).sorted() { array.value(event) } }
        object.key("enabled")
        object.value(channel.disabledAt == nil)
        object.key("disabled_at")
        object.value(optional: channel.disabledAt)
        object.key("disabled_reason")
        object.value(channel.disabledReason)
        object.key("failures")
        object.value(channel.failures)
        object.key("failing_since")
        object.value(optional: channel.failingSince)
        object.key("last_ok_at")
        object.value(optional: channel.lastOKAt)
        object.key("created_by")
        if let creator = channel.createdBy { object.value(creator) } else { object.raw("null") }
        object.key("created_at")
        object.value(channel.createdAt)
    }
}
