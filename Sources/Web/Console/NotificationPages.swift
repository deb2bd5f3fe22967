import Console
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Store

/// Who is told of what, and what was told.
struct NotificationPages: Sendable {
    let pages: ConsolePages
    let settings: NotificationSettingStore
    let channels: NotificationChannelStore
    let ledger: NotificationStore

    static let path = Section.notifications.path
    private static let limit = 25

    var endpoints: [Endpoint] {
        [
            pages.page(.get, Self.path, requires: .ownNotificationPreferences, section: .notifications) { visit in
                try await show(visit)
            },
            pages.page(
                .post, Self.path + "/own", requires: .ownNotificationPreferences, section: .notifications,
                records: .updated(.notificationPreferences), setOwn),
            pages.page(
                .post, Self.path + "/tenant", requires: .notificationSettingsManage, section: .notifications,
                records: .updated(.notificationSettings), setTenant),
        ]
    }

    /// The page.
    /// - Parameters:
    ///   - visit: who looks.
    ///   - status: 200 unless something is wrong.
    ///   - sent: roles that were sent with what can't be used.
    ///   - refused: what was sent and can't be used.
    func show(
        _ visit: ConsoleVisit, status: HTTPResponse.Status = .ok, sent: NotificationSettings? = nil,
        refused: RefusedForm? = nil
    ) async throws -> Response {
        guard let person = visit.request.userID else { throw Problem(.forbidden, "Only people have preferences.") }
        var tenant: NotificationsPage.TenantSettings?
        if visit.may(.notificationSettingsManage) {
            let present = try await settings.settings(of: visit.tenant)
            tenant = .init(
                settings: sent ?? present,
                channels: try await channels.list(
                    tenant: visit.tenant, after: nil, limit: NotificationChannel.mostOfATenant),
                zones: Self.zones)
        }
        let page = NotificationsPage(
            preferences: try await settings.preferences(of: person, tenant: visit.tenant), tenant: tenant,
            ledger: try await lines(visit, of: person), refused: refused)
        return visit.page("Notifications", status: status, page.content(zone: visit.zone))
    }

    private static let zones = ["UTC"] + TimeZone.knownTimeZoneIdentifiers.filter(QuietHours.isKnown).sorted()

    /// Whoever manages the settings sees every decision, others those about themselves.
    private func lines(_ visit: ConsoleVisit, of person: UUID) async throws -> NotificationLedger {
        let query = try FormFields(visit.request.request.uri.query ?? "")
        let shown = NotificationLedger.Filter(
            state: NotificationState(rawValue: query["state"]), event: NotificationEvent(rawValue: query["event"]),
            bot: query.trimmed("bot"))
        var filter = NotificationStore.Filter()
        filter.states = shown.state.map { [$0] } ?? []
        filter.event = shown.event
        filter.botID = shown.bot.isEmpty ? nil : shown.bot
        if !visit.may(.notificationSettingsManage) { filter.userID = person }
        let after = UUID(uuidString: query["cursor"])
        let found = try await ledger.list(
            tenant: visit.tenant, filter: filter, after: after, limit: Self.limit + 1)
        let older = found.count > Self.limit ? found[Self.limit - 1].id : nil
        return NotificationLedger(
            lines: found.prefix(Self.limit).map(NotificationLedger.Line.init), filter: shown, isFirst: after == nil,
            older: older.map { "\(Self.path)?\(shown.query)&cursor=\($0.uuidString.lowercased())" })
    }

    private func setOwn(_ visit: ConsoleVisit) async throws -> Response {
        guard let person = visit.request.userID else { throw Problem(.forbidden, "Only people have preferences.") }
        let form = try await visit.form()
        // a box that is not ticked is not sent
        var body = BodyMembers(
            ["first_error": .truth(form.has("first_error")), "reauthorise": .truth(form.has("reauthorise"))],
            allowing: BodyMembers.ofNotificationPreferences)
        try await settings.set(
            try body.notificationPreferences(over: .usual), of: person, tenant: visit.tenant)
        return visit.redirect(to: Self.path, notice: "Your own mails are set.")
    }

    private func setTenant(_ visit: ConsoleVisit) async throws -> Response {
        let form = try await visit.form()
        var sent = NotificationSettings.usual
        sent.firstErrorRoles = Set(form.all("first_error").compactMap(Role.init))
        sent.reauthoriseRoles = Set(form.all("reauthorise").compactMap(Role.init))
        do {
            var members: [String: JSONValue] = ["quiet_hours": .null]
            for name in ["first_error", "reauthorise"] {
                members[name] = .object(["roles": .array(form.all(name).map { .text($0) })])
            }
            if form.has("has_quiet_hours") {
                var quiet: [String: JSONValue] = [:]
                for name in ["from", "to", "time_zone"] { quiet[name] = form.member("quiet_hours." + name) }
                members["quiet_hours"] = .object(quiet)
            }
            var body = BodyMembers(members, allowing: BodyMembers.ofNotificationSettings)
            try await settings.set(try body.notificationSettings(over: .usual), tenant: visit.tenant)
            return visit.redirect(to: Self.path, notice: "Who is told is set.")
        } catch let problem as Problem {
            return try await show(
                visit, status: .unprocessableContent, sent: sent, refused: try RefusedForm("tenant", form, problem))
        }
    }
}

extension NotificationLedger.Line {
    /// A line as the store has it.
    init(_ entry: NotificationStore.Entry) {
        self.init(
            event: entry.event, medium: entry.medium, recipient: entry.recipient, state: entry.state,
            reason: entry.reason, botID: entry.botID, entryID: entry.entryID, connectionID: entry.connectionID,
            createdAt: entry.createdAt, dueAt: entry.dueAt, sentAt: entry.sentAt, openedAt: entry.openedAt)
    }
}
