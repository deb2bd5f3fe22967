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
        var body = try await request.incoming.members(allowing: ["kind", "name", "url", "events"])
        body.require("kind", "name", "url", "events")
        let kind = body.choice("kind", of: NotificationChannel.Kind.self)
        let name = self.name(&body)
        let url = self.url(&body)
        let events = self.events(&body)
        try body.finish()
        guard let kind, let name, let url, let events else {
            throw Problem(.invalidParameter, "kind, name, url and events are needed.")
        }
        let made = try await channels.create(
            tenant: request.tenant, kind: kind, name: name, url: url, events: events, creator: request.userID)
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
        var body = try await request.incoming.members(allowing: ["name", "url", "events", "enabled"])
        var change = NotificationChannelStore.Change()
        change.name = name(&body)
        change.url = url(&body)
        change.events = events(&body)
        change.isEnabled = body.truth("enabled")
        try body.finish()
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

    private static var unknown: Problem { Problem(.notFound, "There is no channel with this id.") }

    /// A name; nil when absent.
    private func name(_ body: inout BodyMembers) -> String? {
        guard let name = body.text("name") else { return nil }
        return name.isEmpty ? body.issue("name", "required", "a channel needs a name") : name
    }

    /// A URL that might be called; nil when absent.
    private func url(_ body: inout BodyMembers) -> OutgoingURL? {
        guard let text = body.text("url", longest: OutgoingURL.longest) else { return nil }
        let url: OutgoingURL
        do { url = try OutgoingURL(text) } catch { return body.issue("url", "invalid_format", error.description) }
        if let refusal = addressGuard.refusal(of: url) { return body.issue("url", "not_allowed", refusal) }
        return url
    }

    /// At least one event; nil when absent.
    private func events(_ body: inout BodyMembers) -> Set<NotificationChannel.Event>? {
        guard let events = body.choices("events", of: NotificationChannel.Event.self) else { return nil }
        return events.isEmpty ? body.issue("events", "required", "a channel needs an event") : events
    }

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
