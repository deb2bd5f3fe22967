import Console
import Domain
import HTTPTypes
import Hummingbird
import Store

/// What can be done with webhooks and Slack from the page of notifications.
struct ChannelPages: Sendable {
    let pages: ConsolePages
    let notifications: NotificationPages
    let addressGuard: AddressGuard

    private var channels: NotificationChannelStore { notifications.channels }

    var endpoints: [Endpoint] {
        [
            page("", .created(.notificationChannel), create),
            pages.page(
                .get, NotificationPages.path + "/channels/{id}", requires: .notificationSettingsManage,
                section: .notifications
            ) { visit in
                Self.channelPage(try await channel(visit), visit)
            },
            page("/{id}", .updated(.notificationChannel), update),
            page("/{id}/test", .call, test),
            page("/{id}/enabled", .updated(.notificationChannel), switchOnOrOff),
            page("/{id}/secret", .updated(.notificationChannel), rotateSecret),
            page("/{id}/remove", .deleted(.notificationChannel), remove),
        ]
    }

    private func page(
        _ path: String, _ records: Endpoint.Recording,
        _ act: @escaping @Sendable (ConsoleVisit) async throws -> Response
    ) -> Endpoint {
        pages.page(
            .post, NotificationPages.path + "/channels" + path, requires: .notificationSettingsManage,
            section: .notifications, records: records, act)
    }

    private func create(_ visit: ConsoleVisit) async throws -> Response {
        let form = try await visit.form()
        do {
            var members: [String: JSONValue] = ["events": .array(form.all("events").map { .text($0) })]
            for name in ["kind", "name", "url"] { members[name] = form.member(name) }
            var body = BodyMembers(members, allowing: BodyMembers.ofNewChannel)
            let new = try body.newChannel(addressGuard)
            let made = try await channels.create(
                tenant: visit.tenant, kind: new.kind, name: new.name, url: new.url, events: new.events,
                creator: visit.request.userID)
            guard let secret = made.secret else {
                return visit.redirect(to: NotificationPages.path, notice: "\(new.name) is added. Send it a test.")
            }
            return Self.secretPage(new.name, secret, visit)
        } catch let problem as Problem {
            let refused = try RefusedForm("channel", form, problem, conflictAt: "name")
            return try await notifications.show(visit, status: .unprocessableContent, refused: refused)
        }
    }

    /// The answer to the form itself: what leads to another page would have to carry the secret there.
    private static func secretPage(_ name: String, _ secret: String, _ visit: ConsoleVisit) -> Response {
        visit.page("Secret of \(name)", SecretPage.content(channel: name.cut(at: 80), secret: secret))
    }

    private func channel(_ visit: ConsoleVisit) async throws -> NotificationChannel {
        let id = try visit.request.pathID("id", "channel")
        let all = try await channels.list(tenant: visit.tenant, after: nil, limit: NotificationChannel.mostOfATenant)
        guard let channel = all.first(where: { $0.id == id }) else { throw NotificationChannelRoutes.unknown }
        return channel
    }

    private static func channelPage(
        _ channel: NotificationChannel, _ visit: ConsoleVisit, refused: RefusedForm? = nil
    ) -> Response {
        visit.page(
            channel.name, status: refused == nil ? .ok : .unprocessableContent,
            ChannelPage.content(channel, refused: refused))
    }

    private func update(_ visit: ConsoleVisit) async throws -> Response {
        let form = try await visit.form()
        let channel = try await channel(visit)
        do {
            // an address that is not told anew stays; a name and events are always sent
            var members: [String: JSONValue] = [
                "name": .text(form.trimmed("name")), "events": .array(form.all("events").map { .text($0) }),
            ]
            members["url"] = form.member("url")
            var body = BodyMembers(members, allowing: BodyMembers.ofChannel)
            let change = try body.channelChange(addressGuard)
            guard let changed = try await channels.update(channel.id, tenant: visit.tenant, change, now: visit.now)
            else { throw NotificationChannelRoutes.unknown }
            return visit.redirect(to: NotificationPages.path, notice: "\(changed.name.cut(at: 80)) is saved.")
        } catch let problem as Problem {
            return Self.channelPage(
                channel, visit, refused: try RefusedForm("channel", form, problem, conflictAt: "name"))
        }
    }

    private func test(_ visit: ConsoleVisit) async throws -> Response {
        let id = try visit.request.pathID("id", "channel")
        let queued = try await channels.test(id, tenant: visit.tenant, person: visit.request.userID, now: visit.now)
        guard queued != nil else { throw NotificationChannelRoutes.unknown }
        return visit.redirect(
            to: NotificationPages.path, notice: "A test is on its way. Below it shows how it went: load the page anew.")
    }

    private func switchOnOrOff(_ visit: ConsoleVisit) async throws -> Response {
        let isOn = try await visit.form()["enabled"] == "true"
        let id = try visit.request.pathID("id", "channel")
        var change = NotificationChannelStore.Change()
        change.isEnabled = isOn
        guard let channel = try await channels.update(id, tenant: visit.tenant, change, now: visit.now) else {
            throw NotificationChannelRoutes.unknown
        }
        return visit.redirect(
            to: NotificationPages.path, notice: "\(channel.name) is switched \(isOn ? "on" : "off").")
    }

    private func rotateSecret(_ visit: ConsoleVisit) async throws -> Response {
        let channel = try await channel(visit)
        guard let secret = try await channels.rotateSecret(channel.id, tenant: visit.tenant) else {
            throw NotificationChannelRoutes.unknown
        }
        return Self.secretPage(channel.name, secret, visit)
    }

    private func remove(_ visit: ConsoleVisit) async throws -> Response {
        let id = try visit.request.pathID("id", "channel")
        guard try await channels.remove(id, tenant: visit.tenant) else { throw NotificationChannelRoutes.unknown }
        return visit.redirect(to: NotificationPages.path, notice: "The channel is removed.")
    }
}
