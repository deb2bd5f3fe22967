public import Domain
public import Foundation
import Postgres

extension NotificationStore {
    /// A connection that broke or works again, with everything that deciding about it needs.
    public struct ConnectionCase: Sendable {
        /// The tenant's name.
        public var tenantName: String
        /// The connection with its nodes, as it is now.
        public var connection: Connection
        /// What is set.
        public var settings: NotificationSettings
        /// The tenant's members.
        public var people: [NotificationPlan.Person]
        /// The tenant's hooks.
        public var hooks: [NotificationPlan.Hook]
    }

    /// A connection that broke or works again.
    /// - Parameters:
    ///   - id: the connection.
    ///   - tenant: whose connection.
    /// - Returns: nil when there is no such connection any more.
    /// - Throws: `DatabaseError`.
    public func connectionCase(_ id: UUID, tenant: TenantID) async throws -> ConnectionCase? {
        try await database.transaction(in: .everyTenant) { transaction in
            let name = try transaction.first("select name from tenant where tenant_id = \(tenant)") { row in
                try row.decode(String.self, at: 0)
            }
            guard let name, let connection = try ConnectionStore.find(id, tenant: tenant, transaction) else {
                return nil
            }
            return ConnectionCase(
                tenantName: name, connection: connection,
                settings: try transaction.first(
                    NotificationSettingStore.select(tenant), NotificationSettingStore.settings) ?? .usual,
                people: try Self.people(tenant, transaction), hooks: try Self.hooks(tenant, transaction))
        }
    }
}
