public import Domain
import Foundation
import Postgres

extension ConnectionStore {
    /// A node that was seen again is noted at most this often, in seconds: calls come by the thousand.
    static let seenAgainSeconds: Int64 = 3_600

    /// Takes in nodes that called with connections. What is no connection of the tenant is passed over, and so are nodes
    /// beyond what a connection may have.
    /// - Parameters:
    ///   - nodes: as calls named them.
    ///   - tenant: whose calls.
    ///   - now: by `app_now()`.
    /// - Returns: how many were new.
    /// - Throws: `DatabaseError`.
    @discardableResult
    public func learn(_ nodes: [ConnectionSignalsJob.Node], tenant: TenantID, now: Timestamp) async throws -> Int {
        let usable = nodes.filter { (1...128).contains($0.bot.utf8.count) && $0.node.utf8.count <= 128 }
        guard !usable.isEmpty else { return 0 }
        let paths = usable.map { node in node.path.flatMap { $0.utf8.count <= 4096 ? $0 : nil } ?? "" }
        let seenBefore = now.advanced(bySeconds: -Self.seenAgainSeconds)
        return try await database.transaction(in: .tenant(tenant)) { transaction in
            // held, so that none of them breaks or mends meanwhile, and that two of these don't both find the last place
            try transaction.execute(
                """
                select from connection
                where tenant_id = \(tenant) and connection_id = any(\(usable.map(\.connection)))
                order by connection_id for no key update
                """)
            return try transaction.query(
                """
                with given as (
                    select distinct on (connection_id, bot_id, node_id) connection_id, bot_id, node_id, nullif(path, '') as path
                    from unnest(\(usable.map(\.connection)), \(usable.map(\.bot)), \(usable.map(\.node)), \(paths))
                        as given (connection_id, bot_id, node_id, path)
                    order by connection_id, bot_id, node_id, path desc nulls last
                ), known as (
                    select g.*, c.state,
                           (select count(*) from connection_node n
                            where n.tenant_id = c.tenant_id and n.connection_id = c.connection_id) as taken,
                           exists (select from connection_node n
                                   where n.tenant_id = c.tenant_id and n.connection_id = c.connection_id
                                     and n.bot_id = g.bot_id and n.node_id = g.node_id) as is_known
                    from given g join connection c on c.tenant_id = \(tenant) and c.connection_id = g.connection_id
                ), numbered as (
                    select *, row_number() over (partition by connection_id, is_known order by bot_id, node_id) as place
                    from known
                )
                insert into connection_node as n (tenant_id, connection_id, bot_id, node_id, path, state, is_learnt,
                                                  created_at, last_seen_at)
                select \(tenant), connection_id, bot_id, node_id, path,
                       case state when 'needs_reauth' then 'broken' else 'attached' end, true, \(now), \(now)
                from numbered where is_known or taken + place <= \(Int64(Connection.mostNodes))
                on conflict (tenant_id, connection_id, bot_id, node_id) do update
                set last_seen_at = excluded.last_seen_at,
                    path = case when n.is_learnt or n.path is null then coalesce(excluded.path, n.path) else n.path end
                where n.last_seen_at is null or n.last_seen_at < \(seenBefore)
                   or n.is_learnt and n.path <> excluded.path
                returning n.created_at = \(now) and n.is_learnt
                """
            ) { row in try row.decode(Bool.self, at: 0) }.count { $0 }
        }
    }

    /// Replaces the nodes that were told. Nodes that were learnt make room for them, those not seen for longest first.
    /// - Parameter state: the connection's.
    /// - Throws: `Problem` when there are too many; `DatabaseError`.
    static func setNodes(
        _ nodes: [ConnectionNode], of id: UUID, tenant: TenantID, state: ConnectionState, now: Timestamp,
        _ transaction: isolated PostgresConnection
    ) throws {
        guard nodes.count <= Connection.mostNodes else {
            throw Problem(.invalidParameter, "A connection has at most \(Connection.mostNodes) nodes.")
        }
        let (bots, names) = (nodes.map(\.botID), nodes.map(\.nodeID))
        try transaction.execute(
            """
            delete from connection_node
            where tenant_id = \(tenant) and connection_id = \(id) and not is_learnt
              and (bot_id, node_id) not in (select * from unnest(\(bots), \(names)))
            """)
        try transaction.execute(
            """
            insert into connection_node (tenant_id, connection_id, bot_id, node_id, path, state, is_learnt, created_at)
            select distinct on (bot_id, node_id) \(tenant), \(id), bot_id, node_id, nullif(path, ''),
                   \(nodeState(state).rawValue), false, \(now)
            from unnest(\(bots), \(names), \(nodes.map { $0.path ?? "" })) as given (bot_id, node_id, path)
            order by bot_id, node_id, path desc
            on conflict (tenant_id, connection_id, bot_id, node_id) do update
            set is_learnt = false, path = coalesce(excluded.path, connection_node.path)
            """)
        try transaction.execute(
            """
            delete from connection_node
            where tenant_id = \(tenant) and connection_id = \(id) and is_learnt and (bot_id, node_id) in (
                select bot_id, node_id from connection_node
                where tenant_id = \(tenant) and connection_id = \(id)
                order by is_learnt, last_seen_at desc offset \(Int64(Connection.mostNodes)))
            """)
    }

    /// Marks what nodes of a connection can do.
    static func mark(
        _ state: ConnectionNode.State, nodesOf id: UUID, tenant: TenantID, _ transaction: isolated PostgresConnection
    ) throws {
        try transaction.execute(
            """
            update connection_node set state = \(state.rawValue)
            where tenant_id = \(tenant) and connection_id = \(id) and state <> \(state.rawValue)
            """)
    }
}
