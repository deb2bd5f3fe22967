public import Domain
public import Foundation
import Postgres

extension ConnectionStore {
    /// Leaves a connection unchecked from now on: there is nothing to ask. Its calls tell how it is.
    /// - Parameters:
    ///   - id: the connection.
    ///   - tenant: whose connection.
    ///   - reason: what is said of it until a call has told.
    /// - Throws: `DatabaseError`.
    public func restChecks(of id: UUID, tenant: TenantID, reason: String) async throws {
        _ = try await database.execute(
            """
            update connection
            set next_check_at = null, check_claimed_until = null,
                state_reason = case when state = 'degraded' and last_checked_at is null then \(reason) else state_reason end
            where tenant_id = \(tenant) and connection_id = \(id)
            """, in: .tenant(tenant))
    }

    /// The nodes of several connections.
    /// - Parameters:
    ///   - ids: the connections.
    ///   - tenant: whose connections.
    ///   - most: of each, those that were told first.
    /// - Throws: `DatabaseError`.
    public func nodes(
        of ids: [UUID], tenant: TenantID, most: Int
    ) async throws -> [UUID: [ConnectionNode]] {
        guard !ids.isEmpty else { return [:] }
        let rows = try await database.query(
            """
            select connection_id, bot_id, node_id, path, state, is_learnt
            from (select *, row_number() over (partition by connection_id order by is_learnt, bot_id, node_id) as place
                  from connection_node where tenant_id = \(tenant) and connection_id = any(\(ids))) numbered
            where place <= \(Int64(most)) order by connection_id, place
            """, in: .tenant(tenant)
        ) { row in
            let (id, bot, node, path, state, isLearnt) = try row.decode(
                UUID.self, String.self, String.self, String?.self, String.self, Bool.self)
            return (
                id,
                ConnectionNode(
                    botID: bot, nodeID: node, path: path, state: ConnectionNode.State(rawValue: state) ?? .broken,
                    isLearnt: isLearnt)
            )
        }
        return Dictionary(grouping: rows, by: \.0).mapValues { $0.map(\.1) }
    }
}
