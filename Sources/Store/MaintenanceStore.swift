public import Domain
import Postgres

/// What maintenance remembers: its own log, when a duty last ran, and what has outlived its use.
public struct MaintenanceStore: Sendable {
    private let database: Database

    /// Works on a database.
    /// - Parameter database: a migrated one.
    public init(database: Database) { self.database = database }

    /// Records that something was done.
    /// - Parameters:
    ///   - action: a word such as `dropped`.
    ///   - subject: what it was done to.
    /// - Throws: `DatabaseError`.
    public func record(action: String, subject: String) async throws {
        _ = try await database.execute(
            "insert into maintenance_log (action, subject) values (\(action), \(subject))", in: .everyTenant)
    }

    /// Deletes answers whose Idempotency-Key has lost its meaning, a few thousand at a time.
    /// - Parameter time: answers made before it go.
    /// - Returns: how many went.
    /// - Throws: `DatabaseError`.
    public func deleteAnswers(before time: Timestamp) async throws -> Int {
        var deleted = 0
        while true {
            let gone = try await database.execute(
                """
                delete from idempotent_answer where (tenant_id, key_hash) in (
                    select tenant_id, key_hash from idempotent_answer where created_at < \(time) limit 5000)
                """, in: .everyTenant)
            deleted += gone
            guard gone == 5000 else { return deleted }
        }
    }

    /// When a duty was last begun; nil when never.
    /// - Parameter kind: the duty's name.
    /// - Throws: `DatabaseError`.
    public func lastStart(of kind: String) async throws -> Timestamp? {
        try await database.query("select last_started_at from schedule where kind = \(kind)", in: .everyTenant) { row in
            try row.decode(Timestamp?.self, at: 0)
        }.first ?? nil
    }

    /// Claims a run of a duty: true for one caller only, whoever else asks at the same time.
    ///
    /// A run that was begun but never noted as ended (its worker died) counts as due after five minutes, one that failed
    /// after one.
    /// - Parameters:
    ///   - kind: the duty's name.
    ///   - now: by `app_now()`.
    ///   - dueBefore: the run is due when the last one began before this.
    /// - Throws: `DatabaseError`.
    public func claimRun(of kind: String, now: Timestamp, dueBefore: Timestamp) async throws -> Bool {
        let abandonedBefore = now.advanced(bySeconds: -300)
        let failedBefore = now.advanced(bySeconds: -60)
        // two claimants' clocks differ by less than this; a run later than it was noted before the clock was moved back
        let clockMovedBack = now.advanced(bySeconds: 60)
        let claimed = try await database.execute(
            """
            insert into schedule (kind, last_started_at) values (\(kind), \(now))
            on conflict (kind) do update set last_started_at = \(now), last_error = null
                where schedule.last_started_at < \(dueBefore) or schedule.last_started_at > \(clockMovedBack)
                   or (schedule.last_started_at < \(failedBefore) and schedule.last_error is not null)
                   or (schedule.last_started_at < \(abandonedBefore)
                       and (schedule.last_finished_at is null or schedule.last_finished_at < schedule.last_started_at))
            """, in: .everyTenant)
        return claimed > 0
    }

    /// Notes how a run ended.
    /// - Parameters:
    ///   - kind: the duty's name.
    ///   - now: by `app_now()`.
    ///   - error: nil when it succeeded.
    /// - Throws: `DatabaseError`.
    public func finishRun(of kind: String, now: Timestamp, error: String?) async throws {
        _ = try await database.execute(
            "update schedule set last_finished_at = \(now), last_error = \(error) where kind = \(kind)",
            in: .everyTenant)
    }
}
