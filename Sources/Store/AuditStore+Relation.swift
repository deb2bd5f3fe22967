public import Domain
import Foundation
import Postgres

extension AuditStore {
    /// Whether a tenant has an entity.
    /// - Parameters:
    ///   - entity: which kind.
    ///   - key: its id.
    ///   - tenant: whose it would be.
    /// - Throws: `DatabaseError`.
    public func knows(_ entity: AuditEntity, _ key: String, tenant: TenantID) async throws -> Bool {
        let id = UUID(uuidString: key)
        let condition: SQL
        switch entity {
        case .bot: condition = "exists (select from bot where tenant_id = \(tenant) and bot_id = \(key))"
        case .tenant, .notificationSettings: return key == tenant.description
        case .callLog:
            guard let id, let time = id.version7Time else { return false }
            condition = """
                exists (select from call_log where tenant_id = \(tenant) and occurred_at = \(time) and id = \(id)
                          and occurred_at >= \(unescaped: "timestamptz '\(time.day.start)'")
                          and occurred_at < \(unescaped: "timestamptz '\(time.day.advanced(by: 1).start)'"))
                """
        case .apiKey: condition = Self.exists("api_key", "key_id", id, tenant)
        case .connection: condition = Self.exists("connection", "connection_id", id, tenant)
        case .invitation: condition = Self.exists("invitation", "invitation_id", id, tenant)
        case .notificationChannel: condition = Self.exists("notification_channel", "channel_id", id, tenant)
        case .share: condition = Self.exists("share", "share_id", id, tenant)
        case .user, .notificationPreferences: condition = Self.exists("membership", "user_id", id, tenant)
        // nobody outside learns a session's id
        case .session: return false
        }
        return try await database.query("select \(fragment: condition)", in: .tenant(tenant)) { row in
            try row.decode(Bool.self, at: 0)
        }.first ?? false
    }

    private static func exists(_ table: String, _ column: String, _ id: UUID?, _ tenant: TenantID) -> SQL {
        """
        exists (select from \(unescaped: table) where tenant_id = \(tenant) and \(unescaped: column) = \(id))
        """
    }
}
