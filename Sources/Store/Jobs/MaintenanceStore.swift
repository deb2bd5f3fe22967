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

    /// A scheduled kind of job.
    public struct Due: Sendable {
        /// Its word.
        public var kind: String
        /// Seconds between runs.
        public var intervalSeconds: Int64

        /// Describes a kind.
        /// - Parameters:
        ///   - kind: its word.
        ///   - intervalSeconds: seconds between runs.
        public init(kind: String, intervalSeconds: Int64) {
            self.kind = kind
            self.intervalSeconds = intervalSeconds
        }
    }

    /// Enqueues the scheduled kinds that are due, each once however long it was not; one caller at a time, others find the
    /// lock taken and do nothing. A kind whose last run still waits or runs is left alone.
    /// - Parameter kinds: every scheduled kind.
    /// - Returns: how many were enqueued.
    /// - Throws: `DatabaseError`.
    @discardableResult
    public func enqueueDue(_ kinds: [Due]) async throws -> Int {
        let enqueued = try await database.transaction(in: .everyTenant) { transaction in
            let leads = try transaction.first(
                "select pg_try_advisory_xact_lock(hashtext('calltrail.schedule'))"
            ) { row in try row.decode(Bool.self, at: 0) }
            guard leads == true else { return 0 }
            // a run noted later than now was noted before the clock was moved back
            return try transaction.execute(
                """
                with due as (
                    insert into schedule (kind, last_started_at)
                    select given.kind, app_now()
                    from unnest(\(kinds.map(\.kind)), \(kinds.map(\.intervalSeconds))) as given (kind, seconds)
                    left join schedule s on s.kind = given.kind
                    where (s.last_started_at is null or s.last_started_at < app_now() - seconds * interval '1 s'
                           or s.last_started_at > app_now() + interval '1 minute')
                      and not exists (select from job j where j.kind = given.kind and j.unique_key = 'schedule'
                                                          and j.died_at is null)
                    on conflict (kind) do update set last_started_at = excluded.last_started_at
                    returning kind
                )
                insert into job (kind, unique_key) select kind, 'schedule' from due
                on conflict (kind, unique_key) where unique_key is not null and died_at is null do nothing
                """)
        }
        if enqueued > 0 { database.jobSignal.send() }
        return enqueued
    }

    /// Notes how a scheduled run ended.
    /// - Parameters:
    ///   - kind: its word.
    ///   - now: by `app_now()`.
    ///   - error: nil when it succeeded.
    /// - Throws: `DatabaseError`.
    public func noteEnd(of kind: String, now: Timestamp, error: String?) async throws {
        let words = error.map { $0.plainLine() }
        _ = try await database.execute(
            "update schedule set last_finished_at = \(now), last_error = \(words) where kind = \(kind)",
            in: .everyTenant)
    }
}
