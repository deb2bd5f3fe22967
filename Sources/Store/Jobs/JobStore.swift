public import Domain
public import Foundation
import Postgres

/// The life of jobs in the database. Every write about a running job carries its lease, so that a worker that stood still
/// past its lease changes nothing any more. All times are the database's.
public struct JobStore: Sendable {
    /// Seconds that a claim holds a job unless it is renewed.
    public static let leaseSeconds = 60
    /// Leases of one job that may run out before it is dead: whatever it does, it takes workers with it.
    public static let mostCrashes = 3

    /// A job that was claimed.
    public struct Claimed: Sendable {
        /// Proof that this worker holds it.
        public var lease: JobLease
        /// Its kind's word.
        public var kind: String
        /// JSON.
        public var payload: String
        /// Whose job it is.
        public var tenant: TenantID?
        /// 1 for the first run.
        public var attempt: Int16
        /// Workers that were lost while they held it.
        public var crashes: Int16
        /// When it was enqueued.
        public var enqueuedAt: Timestamp
        /// When it was due.
        public var dueAt: Timestamp
        /// When it was claimed.
        public var claimedAt: Timestamp
    }

    /// How many jobs of a kind a worker could begin now.
    public struct Room: Sendable {
        /// The kind's word.
        public var kind: String
        /// At least 1.
        public var places: Int

        /// Describes room.
        /// - Parameters:
        ///   - kind: the kind's word.
        ///   - places: at least 1.
        public init(kind: String, places: Int) {
            self.kind = kind
            self.places = places
        }
    }

    /// A run that ended, as it goes to the database.
    public struct Ended: Sendable {
        /// What becomes of the job.
        public enum Fate: Sendable, Hashable {
            case done(String?)
            /// It is gone already; only the history is written.
            case finished
            /// It runs again so many seconds from now.
            case retry(seconds: Double, reason: String)
            /// It runs again then, and the run did not count.
            case later(Timestamp, reason: String)
            case dead(String)
            /// Somebody else has it: nothing of this run counts.
            case lost
            /// It was not run, or interrupted: it is free for everybody, and the run did not count.
            case released
        }

        /// The job as it was claimed.
        public var job: Claimed
        /// What becomes of it.
        public var fate: Fate
        /// Whether the history gets a line even when it is done.
        public var keepsHistory: Bool

        /// Describes an end.
        /// - Parameters:
        ///   - job: as it was claimed.
        ///   - fate: what becomes of it.
        ///   - keepsHistory: whether the history gets a line even when it is done.
        public init(job: Claimed, fate: Fate, keepsHistory: Bool) {
            self.job = job
            self.fate = fate
            self.keepsHistory = keepsHistory
        }
    }

    let database: Database

    /// Works on a database.
    /// - Parameter database: a migrated one.
    public init(database: Database) { self.database = database }

    /// Writes down how runs ended and claims jobs, in one transaction and one round trip.
    /// - Parameters:
    ///   - ended: runs of this worker.
    ///   - room: the kinds to claim and how many of each; empty claims nothing.
    ///   - most: the most jobs to claim in all.
    ///   - token: drawn anew for each claim.
    /// - Returns: the jobs that were claimed, and how many of the ended were not this worker's any more.
    /// - Throws: `DatabaseError`; then nothing was written and nothing claimed, unless the connection broke during the
    ///   commit: then leases run out.
    public func exchange(
        ended: [Ended], room: [Room], most: Int, token: Int64
    ) async throws -> (claimed: [Claimed], lost: Int) {
        let (statements, expected) = Self.statements(for: ended)
        guard !room.isEmpty, most > 0 else {
            guard !statements.isEmpty else { return ([], 0) }
            let settings = Database.Scope.everyTenant.settings
            let affected = try await database.pool.withConnection { connection in
                try connection.pipelinedExecute(settings, statements)
            }
            return ([], Self.missing(affected, of: expected))
        }
        let claim = Self.claim(room, most: most, token: token)
        var planned = Database.Scope.everyTenant.settings
        // with many jobs waiting the planner would plan each claim anew, which takes as long as the claim
        planned.local.append((name: "plan_cache_mode", value: "force_generic_plan"))
        let settings = planned
        let (affected, claimed) = try await database.pool.withConnection { connection in
            try connection.pipelined(settings, after: statements, claim) { row in try Self.claimed(row, token: token) }
        }
        return (claimed, Self.missing(affected, of: expected))
    }

    /// Claims one job whose lease ran out before, if there is one that is due.
    ///
    /// Such a job may be what killed its worker, so it is run while the worker does nothing else: the innocent that were
    /// held by the same worker are proven innocent one by one.
    /// - Parameters:
    ///   - kinds: the kinds that this worker knows.
    ///   - token: drawn anew for each claim.
    /// - Throws: `DatabaseError`.
    public func claimSuspect(kinds: [String], token: Int64) async throws -> Claimed? {
        try await database.query(
            """
            update job set \(fragment: Self.claiming(token))
            where ctid = (select ctid from job
                          where crashes > 0 and died_at is null and run_at <= app_now() and state = 'waiting'
                            and kind = any(\(kinds))
                          order by run_at, job_id for update skip locked limit 1)
            returning \(fragment: Self.columns)
            """, in: .everyTenant
        ) { row in try Self.claimed(row, token: token) }.first
    }

    /// Whether a job whose lease ran out before is due.
    /// - Parameter kinds: the kinds that this worker knows.
    /// - Throws: `DatabaseError`.
    public func hasSuspect(kinds: [String]) async throws -> Bool {
        try await database.query(
            """
            select exists (select from job
                           where crashes > 0 and died_at is null and run_at <= app_now() and state = 'waiting'
                             and kind = any(\(kinds)))
            """, in: .everyTenant
        ) { row in try row.decode(Bool.self, at: 0) }.first ?? false
    }

    /// Renews leases.
    /// - Returns: those that were renewed; the others were lost.
    /// - Throws: `DatabaseError`.
    public func renew(_ leases: [JobLease]) async throws -> Set<JobLease> {
        let leases = leases.sorted { $0.jobID < $1.jobID }
        let renewed = try await database.query(
            """
            update job set lease_until = app_now() + \(unescaped: "interval '\(Self.leaseSeconds) s'")
            from unnest(\(leases.map(\.jobID)), \(leases.map(\.token))) as held (id, token)
            where job_id = held.id and lease_token = held.token
            returning job_id, lease_token
            """, in: .everyTenant
        ) { row in JobLease(jobID: try row.decode(Int64.self, at: 0), token: try row.decode(Int64.self, at: 1)) }
        return Set(renewed)
    }

    /// Says that a worker is at work.
    /// - Parameter worker: drawn when it started.
    /// - Throws: `DatabaseError`.
    public func noteSeen(_ worker: UUID) async throws {
        _ = try await database.execute(
            """
            insert into job_worker (worker_id, seen_at) values (\(worker), app_now())
            on conflict (worker_id) do update set seen_at = excluded.seen_at
            """, in: .everyTenant)
    }

    /// Says that a worker has ended as it should: nobody need look for its jobs.
    /// - Parameter worker: drawn when it started.
    /// - Throws: `DatabaseError`.
    public func noteGone(_ worker: UUID) async throws {
        _ = try await database.execute("delete from job_worker where worker_id = \(worker)", in: .everyTenant)
    }

    /// Whether a worker was lost: it has not been seen for the length of a lease.
    /// - Throws: `DatabaseError`.
    public func hasLostWorker() async throws -> Bool {
        try await database.query(
            """
            select exists (select from job_worker
                           where seen_at < app_now() - \(unescaped: "interval '\(Self.leaseSeconds) s'"))
            """, in: .everyTenant
        ) { row in try row.decode(Bool.self, at: 0) }.first ?? false
    }

    /// Takes jobs back whose lease ran out: their worker was lost, or stands still. One guarded update: whoever comes first
    /// does it, and a worker that comes back finds its token void.
    ///
    /// It walks over all jobs, since leases stand in no index: a second for a million. So it is for when a worker was lost,
    /// and now and then.
    /// - Returns: jobs that are free again, and jobs that are dead since it was not the first time.
    /// - Throws: `DatabaseError`.
    public func rescue() async throws -> (freed: Int, dead: Int) {
        let most = Int16(Self.mostCrashes)
        let words = "its worker was lost \(Self.mostCrashes) times while it ran"
        return try await database.transaction(in: .everyTenant) { transaction in
            let rescued = try transaction.query(
                """
                with rescued as (
                    update job
                    set state = case when crashes + 1 < \(most) then 'waiting' else 'dead' end,
                        died_at = case when crashes + 1 < \(most) then null else app_now() end,
                        last_error = case when crashes + 1 < \(most) then 'its worker was lost' else \(words) end,
                        crashes = crashes + 1, lease_token = null, lease_until = null
                    where state = 'running' and lease_until < app_now()
                    returning job_id, tenant_id, kind, attempts, state, last_error
                ), noted as (
                    insert into job_history (job_id, tenant_id, kind, outcome, attempt, started_at, finished_at, detail)
                    select job_id, tenant_id, kind, 'dead', attempts, app_now(), app_now(), last_error
                    from rescued where state = 'dead'
                ), forgotten as (
                    delete from job_worker where seen_at < app_now() - \(unescaped: "interval '\(Self.leaseSeconds) s'")
                )
                select state, job_id from rescued
                """
            ) { row in (try row.decode(String.self, at: 0), try row.decode(Int64.self, at: 1)) }
            let dead = rescued.filter { $0.0 == "dead" }.map(\.1)
            if !dead.isEmpty { try transaction.execute("select calltrail_close_ledger(\(dead))") }
            return (rescued.count - dead.count, dead.count)
        }
    }

    /// What is left undone: jobs that were given up, and how long the job that is due longest has waited.
    /// - Throws: `DatabaseError`.
    public func backlog() async throws -> (dead: Int, oldestDueSeconds: Double) {
        // a step from kind to kind along the index, not a walk over all that waits
        try await database.query(
            """
            with recursive kinds as (
                (select kind, priority from job where crashes = 0 and died_at is null order by kind, priority limit 1)
                union all
                select j.kind, j.priority from kinds k cross join lateral (
                    select kind, priority from job
                    where crashes = 0 and died_at is null and (kind, priority) > (k.kind, k.priority)
                    order by kind, priority limit 1) j
            )
            select (select count(*) from job where died_at is not null),
                   coalesce((select greatest(extract(epoch from app_now() - min(oldest.run_at)), 0)
                             from kinds k cross join lateral (
                                 select run_at from job
                                 where crashes = 0 and died_at is null and kind = k.kind and priority = k.priority
                                   and state = 'waiting'
                                 order by run_at limit 1) oldest), 0)::double precision
            """, in: .everyTenant
        ) { row in (Int(try row.decode(Int64.self, at: 0)), try row.decode(Double.self, at: 1)) }.first ?? (0, 0)
    }

    /// A job that was given up.
    public struct Dead: Sendable {
        /// Its number.
        public var id: Int64
        /// Its kind's word.
        public var kind: String
        /// Whose job it is.
        public var tenant: TenantID?
        /// Runs that failed.
        public var attempts: Int16
        /// When it was given up.
        public var diedAt: Timestamp
        /// Why.
        public var reason: String
    }

    /// Jobs that were given up, the latest first.
    /// - Parameter limit: the most to give.
    /// - Throws: `DatabaseError`.
    public func dead(limit: Int) async throws -> [Dead] {
        try await database.query(
            """
            select job_id, kind, tenant_id, attempts, died_at, coalesce(last_error, '') from job
            where died_at is not null order by died_at desc limit \(Int64(limit))
            """, in: .everyTenant
        ) { row in
            Dead(
                id: try row.decode(Int64.self, at: 0), kind: try row.text(at: 1) ?? "",
                tenant: try row.int32(at: 2).map(TenantID.init(rawValue:)), attempts: try row.int16(at: 3) ?? 0,
                diedAt: try row.decode(Timestamp.self, at: 4), reason: try row.text(at: 5) ?? "")
        }
    }

    /// Lets jobs that were given up run again, with all their attempts. A notification that died with its job is queued again;
    /// a job whose unique key was taken meanwhile stays dead, since another does its work.
    /// - Parameter ids: the jobs.
    /// - Returns: how many run again.
    /// - Throws: `DatabaseError`.
    public func revive(_ ids: [Int64]) async throws -> Int {
        let revived = try await database.query(
            """
            with chosen as (
                -- of two that died under one key, one
                select distinct on (kind, coalesce(unique_key, job_id::text)) job_id as id
                from job where job_id = any(\(ids)) and died_at is not null
                order by kind, coalesce(unique_key, job_id::text), job_id desc
            ), revived as (
                update job j
                set state = 'waiting', died_at = null, attempts = 0, crashes = 0, run_at = app_now()
                where job_id in (select id from chosen) and died_at is not null
                  and (unique_key is null
                       or not exists (select from job other where other.kind = j.kind and other.unique_key = j.unique_key
                                                              and other.died_at is null))
                returning job_id, tenant_id, payload
            ), queued as (
                update notification n set state = 'queued', reason = 'to be tried again', created_at = app_now()
                from revived r
                where n.tenant_id = r.tenant_id and n.state in ('dead', 'uncertain')
                  and n.notification_id::text = lower(r.payload ->> 'notification')
            )
            select job_id from revived
            """, in: .everyTenant
        ) { row in try row.decode(Int64.self, at: 0) }
        if !revived.isEmpty { database.jobSignal.send() }
        return revived.count
    }

    /// Deletes history and dead jobs that nobody will ask about any more, a few thousand at a time.
    /// - Parameters:
    ///   - history: history older than this goes.
    ///   - dead: jobs that died before this go.
    /// - Returns: how many went.
    /// - Throws: `DatabaseError`.
    public func prune(history: Timestamp, dead: Timestamp) async throws -> Int {
        var gone = 0
        for statement: SQL in [
            """
            delete from job_history where history_id in (
                select history_id from job_history where finished_at < \(history) order by finished_at limit 5000)
            """,
            "delete from job where job_id in (select job_id from job where died_at < \(dead) limit 5000)",
        ] {
            while true {
                let batch = try await database.execute(statement, in: .everyTenant)
                gone += batch
                guard batch == 5000 else { break }
                try Task.checkCancellation()
            }
        }
        return gone
    }
}

/// A worker's lease ran out and somebody else has the job: what the worker did late must not count.
public struct LeaseLost: Error, CustomStringConvertible {
    /// In words.
    public var description: String { "the lease was lost: the job is somebody else's" }
}
