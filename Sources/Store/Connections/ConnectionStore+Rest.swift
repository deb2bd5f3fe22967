public import Domain
public import Foundation
import Postgres

extension ConnectionStore {
    /// Leaves a connection unchecked from now on: there is nothing to ask. Its calls tell how it is.
    /// - Parameters:
    ///   - id: the connection.
    ///   - tenant: whose connection.
    ///   - version: of the secrets that there was nothing to ask with; when they are others by now nothing happens.
    ///   - until: when there will be something to find out; nil for never.
    ///   - reason: what is said of it until a call has told.
    /// - Throws: `DatabaseError`.
    public func restChecks(
        of id: UUID, tenant: TenantID, version: Int64, until: Timestamp? = nil, reason: String
    ) async throws {
        _ = try await database.execute(
            """
            update connection
            set next_check_at = case when state <> 'disabled' then \(until)::timestamptz end, check_claimed_until = null,
                -- a person gave it other credentials since it was refused: its calls are to be let through
                state = case when state = 'needs_reauth' and authorised_at >= state_since then 'degraded' else state end,
                state_reason = case when state = 'degraded' and last_checked_at is null
                                      or state = 'needs_reauth' and authorised_at >= state_since
                                    then \(reason) else state_reason end
            where tenant_id = \(tenant) and connection_id = \(id) and grant_version = \(version)
            """, in: .tenant(tenant))
    }

    /// Forgets that people were to be told of a break that was over before they could be.
    /// - Parameters:
    ///   - id: the connection.
    ///   - tenant: whose connection.
    ///   - now: by `app_now()`; what was noted later stays.
    /// - Throws: `DatabaseError`.
    public func forgetTelling(of id: UUID, tenant: TenantID, before now: Timestamp) async throws {
        _ = try await database.execute(
            """
            update connection set told_at = null
            where tenant_id = \(tenant) and connection_id = \(id) and told_at <= \(now) and state <> 'needs_reauth'
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
