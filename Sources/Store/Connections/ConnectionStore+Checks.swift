public import Domain
import Foundation
import Postgres

extension ConnectionStore {
    /// Seconds that whoever claimed a check has for it; after that somebody else may.
    public static let checkSeconds: Int64 = 600

    /// Claims checks that are due, the longest due first.
    /// - Parameters:
    ///   - limit: the most to claim.
    ///   - now: by `app_now()`.
    /// - Returns: the connections by application.
    /// - Throws: `DatabaseError`.
    public func claimDue(
        limit: Int, now: Timestamp
    ) async throws -> [(Application, [ConnectionChecksJob.Item])] {
        try await database.pool.transaction(Self.claimSettings) { transaction in
            try Self.claimDue(limit: limit, now: now, transaction)
        }
    }

    /// Claims checks that are due and asks for jobs that do them, all or nothing.
    /// - Parameters:
    ///   - limit: the most to claim.
    ///   - batch: the most connections of a job; they are of one application.
    ///   - now: by `app_now()`.
    /// - Returns: how many were claimed; fewer than `limit` when no more were due.
    /// - Throws: `DatabaseError`.
    @discardableResult
    public func enqueueDueChecks(limit: Int, batch: Int = 50, now: Timestamp) async throws -> Int {
        let claimed = try await database.pool.transaction(Self.claimSettings) { transaction in
            // what waits already is not added to: the claims of what waits too long would run out
            let waiting = try transaction.first(
                """
                select count(*) from job
                where kind = \(ConnectionChecksJob.kind) and state = 'waiting' and died_at is null and run_at <= app_now()
                """
            ) { row in Int(try row.decode(Int64.self, at: 0)) }
            let room = limit - (waiting ?? 0) * max(batch, 1)
            guard room > 0 else { return 0 }
            let due = try Self.claimDue(limit: room, now: now, transaction)
            let jobs = due.flatMap { application, items in
                stride(from: 0, to: items.count, by: max(batch, 1)).map { start in
                    let part = items[start..<min(start + max(batch, 1), items.count)]
                    return NewJob(ConnectionChecksJob(application, Array(part)), tenant: nil)
                }
            }
            try JobQueue.enqueue(jobs, transaction)
            return due.reduce(0) { $0 + $1.1.count }
        }
        if claimed > 0 { database.jobSignal.send() }
        return claimed
    }

    /// Gives claimed checks back; what is still due can be claimed at once.
    /// - Parameter items: the connections.
    /// - Throws: `DatabaseError`.
    public func releaseClaims(_ items: [ConnectionChecksJob.Item]) async throws {
        guard !items.isEmpty else { return }
        _ = try await database.execute(
            """
            with held as materialized (
                select tenant_id, connection_id from connection
                where (tenant_id, connection_id) in (
                        select * from unnest(\(items.map(\.tenant)), \(items.map(\.connection))))
                  and check_claimed_until is not null
                order by tenant_id, connection_id for no key update
            )
            update connection c set check_claimed_until = null
            from held where c.tenant_id = held.tenant_id and c.connection_id = held.connection_id
            """, in: .everyTenant)
    }

    private static func claimDue(
        limit: Int, now: Timestamp, _ transaction: isolated PostgresConnection
    ) throws -> [(Application, [ConnectionChecksJob.Item])] {
        let claimed = try transaction.query(claim(limit: limit, now: now)) { row in
            let (tenant, connection, application) = try row.decode(TenantID.self, UUID.self, String.self)
            return (application, ConnectionChecksJob.Item(tenant: tenant, connection: connection))
        }
        // an application of a later version is left to it: the claim runs out
        return Dictionary(grouping: claimed, by: \.0).sorted { $0.key < $1.key }.compactMap { key, items in
            Application(rawValue: key).map { ($0, items.map(\.1)) }
        }
    }

    /// However many are claimed, they are looked up by their keys: left to itself, the planner reads the whole table.
    static var claimSettings: TransactionSettings {
        var settings = Database.Scope.everyTenant.settings
        settings.local += [("enable_hashjoin", "off"), ("enable_mergejoin", "off")]
        return settings
    }

    /// Walks `connection_due` from its start; two at once pass over each other's rows. 100,000 due rows went at 19,000 a second,
    /// 2,000 a claim.
    static func claim(limit: Int, now: Timestamp) -> SQL {
        """
        with due as materialized (
            select tenant_id, connection_id from connection
            where next_check_at is not null and greatest(next_check_at, check_claimed_until) <= \(now)
            order by greatest(next_check_at, check_claimed_until)
            limit \(Int64(limit)) for no key update skip locked
        )
        update connection c set check_claimed_until = \(now.advanced(bySeconds: checkSeconds))
        from due where c.tenant_id = due.tenant_id and c.connection_id = due.connection_id
        returning c.tenant_id, c.connection_id, c.application
        """
    }
}
