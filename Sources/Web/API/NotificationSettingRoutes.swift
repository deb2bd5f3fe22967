import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Store

/// Who is told of what: set by owners for everybody, and by each person for themselves.
struct NotificationSettingRoutes: Sendable {
    let store: NotificationSettingStore

    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/v1/notification-settings", requires: .notificationSettingsManage, settings),
            Endpoint(
                .put, "/v1/notification-settings", requires: .notificationSettingsManage,
                records: .updated(.notificationSettings), setSettings),
            Endpoint(.get, "/v1/me/notification-preferences", requires: .ownNotificationPreferences, preferences),
            Endpoint(
                .put, "/v1/me/notification-preferences", requires: .ownNotificationPreferences,
                records: .updated(.notificationPreferences), setPreferences),
        ]
    }

    private func settings(_ request: TenantRequest) async throws -> Response {
        _ = try request.incoming.query(allowing: [])
        return Self.response(try await store.settings(of: request.tenant))
    }

    /// What is absent stays as it is; `quiet_hours: null` ends them.
    private func setSettings(_ request: TenantRequest) async throws -> Response {
        var body = try await request.incoming.members(allowing: ["first_error", "reauthorise", "quiet_hours"])
        var settings = try await store.settings(of: request.tenant)
        func roles(_ name: String) -> Set<Role>? {
            body.object(name, allowing: ["roles"]) { event in
                event.require("roles")
                return event.choices("roles", of: Role.self)
            }
        }
        settings.firstErrorRoles = roles("first_error") ?? settings.firstErrorRoles
        settings.reauthoriseRoles = roles("reauthorise") ?? settings.reauthoriseRoles
        if body.isNull("quiet_hours") { settings.quietHours = nil }
        let quiet = body.object("quiet_hours", allowing: ["from", "to", "time_zone"], Self.quietHours)
        try body.finish()
        settings.quietHours = quiet ?? settings.quietHours
        try await store.set(settings, tenant: request.tenant)
        return Self.response(settings)
    }

    private static func quietHours(_ members: inout BodyMembers) -> QuietHours? {
        members.require("from", "to", "time_zone")
        func time(_ name: String) -> ClockTime? {
            guard let text = members.text(name, longest: 10) else { return nil }
            return ClockTime(text) ?? members.issue(name, "invalid_format", "it is a time of day such as 22:00")
        }
        let from = time("from")
        let to = time("to")
        let zone = members.text("time_zone", longest: 64)
        if let zone, !QuietHours.isKnown(timeZone: zone) {
            members.issue("time_zone", "unknown_value", "it is a name of the IANA database such as Europe/Berlin")
        }
        guard let from, let to, let zone else { return nil }
        guard from != to else { return members.issue("to", "out_of_range", "it is another time than from") }
        return QuietHours(from: from, to: to, timeZone: zone)
    }

    private static func response(_ settings: NotificationSettings) -> Response {
        .json { json in
            json.object { object in
                let events: [(name: StaticString, roles: Set<Role>)] = [
                    ("first_error", settings.firstErrorRoles), ("reauthorise", settings.reauthoriseRoles),
                ]
                for (name, roles) in events {
                    object.key(name)
                    object.object { event in
                        event.key("roles")
                        event.array { array in
                            for role in Role.allCases where roles.contains(role) { array.value(role.rawValue) }
                        }
                    }
                }
                object.key("quiet_hours")
                guard let quiet = settings.quietHours else { return object.value(String?.none) }
                object.object { hours in
                    hours.key("from")
                    hours.value(quiet.from.description)
                    hours.key("to")
                    hours.value(quiet.to.description)
                    hours.key("time_zone")
                    hours.value(quiet.timeZone)
                }
            }
        }
    }

    private func preferences(_ request: TenantRequest) async throws -> Response {
        _ = try request.incoming.query(allowing: [])
        guard let userID = request.userID else { throw Problem(.forbidden, "Only people have preferences.") }
        return Self.response(try await store.preferences(of: userID, tenant: request.tenant))
    }

    private func setPreferences(_ request: TenantRequest) async throws -> Response {
        guard let userID = request.userID else { throw Problem(.forbidden, "Only people have preferences.") }
        var body = try await request.incoming.members(allowing: ["first_error", "reauthorise"])
        var preferences = try await store.preferences(of: userID, tenant: request.tenant)
        preferences.firstError = body.truth("first_error") ?? preferences.firstError
        preferences.reauthorise = body.truth("reauthorise") ?? preferences.reauthorise
        try body.finish()
        try await store.set(preferences, of: userID, tenant: request.tenant)
        return Self.response(preferences)
    }

    private static func response(_ preferences: NotificationPreferences) -> Response {
        .json { json in
            json.object { object in
                object.key("first_error")
                object.value(preferences.firstError)
                object.key("reauthorise")
                object.value(preferences.reauthorise)
            }
        }
    }
}
