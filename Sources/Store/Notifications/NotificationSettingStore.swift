public import Domain
public import Foundation
import Postgres

/// What is set about notifications: by a tenant's owners for everybody, by each person for themselves.
public struct NotificationSettingStore: Sendable {
    private let database: Database

    /// Works on a database.
    /// - Parameter database: a migrated one.
    public init(database: Database) { self.database = database }

    /// What a tenant's owners have set; the usual when they have set nothing.
    /// - Parameter tenant: whose.
    /// - Throws: `DatabaseError`.
    public func settings(of tenant: TenantID) async throws -> NotificationSettings {
        try await database.query(Self.select(tenant), in: .tenant(tenant), Self.settings).first ?? .usual
    }

    /// Sets a tenant's settings.
    /// - Parameters:
    ///   - settings: all of them.
    ///   - tenant: whose.
    /// - Throws: `DatabaseError`.
    public func set(_ settings: NotificationSettings, tenant: TenantID) async throws {
        let quiet = settings.quietHours
        try await database.transaction(in: .tenant(tenant)) { transaction in
            let before = try transaction.first(Self.select(tenant), Self.settings) ?? .usual
            try transaction.execute(
                """
                insert into notification_setting (tenant_id, first_error_roles, reauthorise_roles, quiet_from, quiet_to,
                                                  quiet_time_zone, updated_at)
                values (\(tenant), \(Self.names(settings.firstErrorRoles)), \(Self.names(settings.reauthoriseRoles)),
                        \(quiet?.from.description)::text::time, \(quiet?.to.description)::text::time, \(quiet?.timeZone),
                        app_now())
                on conflict (tenant_id) do update
                    set first_error_roles = excluded.first_error_roles, reauthorise_roles = excluded.reauthorise_roles,
                        quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to,
                        quiet_time_zone = excluded.quiet_time_zone, updated_at = excluded.updated_at
                """)
            var fields = before.firstErrorRoles == settings.firstErrorRoles ? [] : ["first_error"]
            if before.reauthoriseRoles != settings.reauthoriseRoles { fields.append("reauthorise") }
            if before.quietHours != settings.quietHours { fields.append("quiet_hours") }
            try AuditLog.record(
                .updated(.notificationSettings, tenant.description, fields: fields), tenant: tenant, transaction)
        }
    }

    /// What a person has set for themselves.
    /// - Parameters:
    ///   - userID: the person.
    ///   - tenant: where.
    /// - Throws: `DatabaseError`.
    public func preferences(of userID: UUID, tenant: TenantID) async throws -> NotificationPreferences {
        try await database.transaction(in: .tenant(tenant)) { transaction in
            try Self.preferences(of: userID, tenant: tenant, transaction)
        }
    }

    /// Sets a person's preferences.
    /// - Parameters:
    ///   - preferences: all of them.
    ///   - userID: the person; a member of the tenant.
    ///   - tenant: where.
    /// - Throws: `DatabaseError`.
    public func set(_ preferences: NotificationPreferences, of userID: UUID, tenant: TenantID) async throws {
        try await database.transaction(in: .tenant(tenant)) { transaction in
            let before = try Self.preferences(of: userID, tenant: tenant, transaction)
            try transaction.execute(
                """
                insert into notification_preference (tenant_id, user_id, first_error, reauthorise, updated_at)
                values (\(tenant), \(userID), \(preferences.firstError), \(preferences.reauthorise), app_now())
                on conflict (tenant_id, user_id) do update
                    set first_error = excluded.first_error, reauthorise = excluded.reauthorise,
                        updated_at = excluded.updated_at
                """)
            let fields =
                (before.firstError == preferences.firstError ? [] : ["first_error"])
                + (before.reauthorise == preferences.reauthorise ? [] : ["reauthorise"])
            try AuditLog.record(
                .updated(.notificationPreferences, userID, fields: fields), tenant: tenant, transaction)
        }
    }

    private static func preferences(
        of userID: UUID, tenant: TenantID, _ transaction: isolated PostgresConnection
    ) throws -> NotificationPreferences {
        try transaction.first(
            """
            select first_error, reauthorise from notification_preference
            where tenant_id = \(tenant) and user_id = \(userID)
            """
        ) { row in
            NotificationPreferences(
                firstError: try row.decode(Bool.self, at: 0), reauthorise: try row.decode(Bool.self, at: 1))
        } ?? .usual
    }

    /// Switches an event off for the person that a notification went to: what the link in a mail does.
    /// - Parameters:
    ///   - notification: the ledger's id.
    ///   - tenant: whose.
    /// - Returns: the event and the person's address; nil when there is no such notification, or it went to nobody.
    /// - Throws: `DatabaseError`.
    public func unsubscribe(
        notification: UUID, tenant: TenantID
    ) async throws -> (event: NotificationEvent, recipient: String)? {
        let found = try await database.query(
            """
            select event, recipient, user_id from notification
            where tenant_id = \(tenant) and notification_id = \(notification) and user_id is not null
            """, in: .tenant(tenant)
        ) { row in try row.decode(String.self, String.self, UUID.self) }.first
        guard let (name, recipient, userID) = found, let event = NotificationEvent(rawValue: name) else { return nil }
        let column: SQL
        switch event {
        case .firstError: column = "first_error"
        case .reauthorise: column = "reauthorise"
        case .test: return (event, recipient)
        }
        // this column alone: what the person sets at the same time stays
        try await database.transaction(in: .tenant(tenant)) { transaction in
            try transaction.execute(
                """
                insert into notification_preference (tenant_id, user_id, \(fragment: column), updated_at)
                values (\(tenant), \(userID), false, app_now())
                on conflict (tenant_id, user_id) do update
                    set \(fragment: column) = false, updated_at = excluded.updated_at
                """)
            try AuditLog.record(
                .updated(.notificationPreferences, userID, fields: [event.rawValue]), tenant: tenant,
                by: (userID, recipient), transaction)
        }
        return (event, recipient)
    }

    static func select(_ tenant: TenantID) -> SQL {
        """
        select first_error_roles, reauthorise_roles, to_char(quiet_from, 'HH24:MI'), to_char(quiet_to, 'HH24:MI'),
               quiet_time_zone
        from notification_setting where tenant_id = \(tenant)
        """
    }

    static func settings(_ row: Row) throws -> NotificationSettings {
        let (first, reauthorise, from, to, zone) = try row.decode(
            [String].self, [String].self, String?.self, String?.self, String?.self)
        var quiet: QuietHours?
        if let from = from.flatMap(ClockTime.init), let to = to.flatMap(ClockTime.init), let zone {
            quiet = QuietHours(from: from, to: to, timeZone: zone)
        }
        return NotificationSettings(
            firstErrorRoles: Set(first.compactMap(Role.init(rawValue:))),
            reauthoriseRoles: Set(reauthorise.compactMap(Role.init(rawValue:))), quietHours: quiet)
    }

    private static func names(_ roles: Set<Role>) -> [String] { roles.map(\.rawValue).sorted() }
}
