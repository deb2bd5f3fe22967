public import Domain
public import Foundation
import Postgres

extension ConnectionStore {
    /// The most calls that failed that are looked at, the newest first.
    static let mostErrorsLookedAt = 20_000

    /// What is hit by a connection that does not work.
    /// - Parameters:
    ///   - connection: the connection, as it was just read.
    ///   - tenant: whose connection.
    ///   - now: by `app_now()`.
    /// - Returns: nil when it works, or is switched off.
    /// - Throws: `DatabaseError`.
    public func impact(of connection: Connection, tenant: TenantID, now: Timestamp) async throws -> ConnectionImpact? {
        guard [.needsReauth, .degraded].contains(connection.health.state) else { return nil }
        return try await impact(
            of: connection.id, tenant: tenant, since: connection.health.since, lastOKAt: connection.health.lastOKAt,
            now: now)
    }

    /// What a connection hits, or hit, while it does not work.
    /// - Parameters:
    ///   - id: the connection.
    ///   - tenant: whose connection.
    ///   - since: when it was found to be broken.
    ///   - lastOKAt: when a call last succeeded; calls that were refused after it, of a day at the most, are hit too.
    ///   - now: by `app_now()`.
    /// - Throws: `DatabaseError`.
    public func impact(
        of id: UUID, tenant: TenantID, since: Timestamp, lastOKAt: Timestamp?, now: Timestamp
    ) async throws -> ConnectionImpact {
        let refusedSince = max(lastOKAt ?? since, since.advanced(bySeconds: -86_400))
        let rows = try await database.query(
            Self.impactQuery(
                of: id, tenant: tenant, since: since, refusedSince: min(refusedSince, since), now: now),
            in: .tenant(tenant)
        ) { row in
            let (looked, failed, users, bot, name, calls) = try row.decode(
                Int64.self, Int64.self, Int64.self, String?.self, String?.self, Int64?.self)
            let hit = bot.map { ConnectionImpact.Bot(id: $0, name: name ?? "", failedCalls: Int(calls ?? 0)) }
            return (looked: Int(looked), failed: Int(failed), users: Int(users), bot: hit)
        }
        return ConnectionImpact(
            since: since, failedCalls: rows.first?.failed ?? 0, bots: rows.compactMap(\.bot),
            users: rows.first?.users ?? 0,
            isLowerBound: rows.first.map { $0.looked >= Self.mostErrorsLookedAt } ?? false)
    }

    /// How many calls with a connection were answered 401.
    /// - Parameters:
    ///   - id: the connection.
    ///   - tenant: whose connection.
    ///   - since: calls from then on.
    /// - Returns: among the newest 20,000 calls that failed.
    /// - Throws: `DatabaseError`.
    public func refusals(_ id: UUID, tenant: TenantID, since: Timestamp) async throws -> Int {
        try await database.query(
            """
            with looked as (\(fragment: Self.errors(of: tenant, since: since, until: nil)))
            select count(*) from looked where status_code = 401 and lower(connection_id) = \(id.uuidString.lowercased())
            """, in: .tenant(tenant)
        ) { row in Int(try row.decode(Int64.self, at: 0)) }.first ?? 0
    }

    /// One row a bot, the most failing first; without any, one row that names none.
    static func impactQuery(of id: UUID, tenant: TenantID, since: Timestamp, refusedSince: Timestamp, now: Timestamp)
        -> SQL
    {
        """
        with looked as (\(fragment: errors(of: tenant, since: refusedSince, until: now.advanced(bySeconds: 86_400)))),
        hit as materialized (
            select bot_key, coalesce(user_id, user_name) as person from looked
            where lower(connection_id) = \(id.uuidString.lowercased())
              and (occurred_at >= \(since) or status_code in (401, 403))
        )
        select (select count(*) from looked), (select count(*) from hit), (select count(distinct person) from hit),
               bots.bot_id, bots.name, bots.calls
        from (select) one
        left join (
            select b.bot_id, b.name, h.calls
            from (select bot_key, count(*) as calls from hit group by bot_key) h
            join bot b on b.tenant_id = \(tenant) and b.bot_key = h.bot_key
        ) bots on true
        order by bots.calls desc, bots.bot_id
        """
    }

    /// Calls that failed, newest first, by the index of errors. Entries hold a connection's id as the client wrote it, so it is
    /// compared in lower case.
    ///
    /// The days stand in the text, so that planning prunes to their partitions.
    private static func errors(of tenant: TenantID, since: Timestamp, until: Timestamp?) -> SQL {
        let first = since.day.start
        let last = until?.day.advanced(by: 1).start
        let end: SQL = last.map { "and occurred_at < \(unescaped: "timestamptz '\($0)'")" } ?? ""
        return """
            select bot_key, user_id, user_name, status_code, connection_id, occurred_at from call_log
            where tenant_id = \(tenant) and is_error and occurred_at >= \(unescaped: "timestamptz '\(first)'")
              and occurred_at >= \(since) \(fragment: end)
            order by occurred_at desc, id desc limit \(Int64(mostErrorsLookedAt))
            """
    }
}
