public import Domain
public import Foundation
import Postgres

extension NotificationStore {
    /// Whether anybody was told, or is to be told, of something, or kept from it by what is set.
    /// - Parameters:
    ///   - subjectKey: what it is called in the ledger.
    ///   - tenant: whose.
    /// - Returns: false when the ledger knows nothing of it, or that it was over before anybody could be told.
    /// - Throws: `DatabaseError`.
    public func wasTold(of subjectKey: String, tenant: TenantID) async throws -> Bool {
        try await database.query(
            """
            select exists (select from notification
                           where tenant_id = \(tenant) and subject_key = \(subjectKey) and recipient <> 'everybody')
            """, in: .everyTenant
        ) { row in try row.decode(Bool.self, at: 0) }.first ?? false
    }

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
