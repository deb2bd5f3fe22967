public import Domain
public import Foundation
import Postgres

extension MemberStore {
    /// A member of a tenant.
    /// - Parameters:
    ///   - userID: the person.
    ///   - tenant: where.
    /// - Returns: nil when there is none.
    /// - Throws: `DatabaseError`.
    public func find(_ userID: UUID, tenant: TenantID) async throws -> Member? {
        try await database.transaction(in: .everyTenant) { transaction in
            try Self.find(userID, tenant: tenant, transaction)
        }
    }

    /// When members were last seen in a tenant, as far as their sessions tell: nothing is known of who signed out, or stayed
    /// away for a week.
    /// - Parameters:
    ///   - people: whom.
    ///   - tenant: where.
    /// - Throws: `DatabaseError`.
    public func lastSeen(_ people: [UUID], tenant: TenantID) async throws -> [UUID: Timestamp] {
        let seen = try await database.query(
            """
            select user_id, max(last_used_at) from session
            where tenant_id = \(tenant) and user_id = any(\(people)) group by user_id
            """, in: .everyTenant
        ) { row in try row.decode(UUID.self, Timestamp.self) }
        return Dictionary(seen) { first, _ in first }
    }
}
