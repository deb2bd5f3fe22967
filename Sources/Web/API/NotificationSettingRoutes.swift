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
        var body = try await request.incoming.members(allowing: BodyMembers.ofNotificationSettings)
        let settings = try body.notificationSettings(over: try await store.settings(of: request.tenant))
        try await store.set(settings, tenant: request.tenant)
        return Self.response(settings)
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
        var body = try await request.incoming.members(allowing: BodyMembers.ofNotificationPreferences)
        let preferences = try body.notificationPreferences(
            over: try await store.preferences(of: userID, tenant: request.tenant))
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
