import Domain
import Postgres

extension JobStore {
    static let columns: SQL = """
        job_id, kind, payload::text, tenant_id, attempts, crashes, created_at, run_at, (select app_now())
        """

    static func claiming(_ token: Int64) -> SQL {
        """
        state = 'running', lease_token = \(token), attempts = attempts + 1,
        lease_until = (select app_now()) + \(unescaped: "interval '\(leaseSeconds) s'")
        """
    }

    /// Kind by kind and priority by priority, each an index range, so that the cost does not grow with what waits: neither
    /// jobs of a kind without room nor jobs of the future are walked over. Rows are found again by their place. The clock is read once: its
    /// function, asked for each row, would take half the time.
    static func claim(_ room: [Room], most: Int, token: Int64) -> SQL {
        """
        with picked as materialized (
            select k.place
            from unnest(\(room.map(\.kind))::text[], \(room.map { Int64($0.places) })::bigint[]) with ordinality wanted (kind, places, rank)
            cross join lateral (
                select j.place from (values (0::smallint), (1::smallint), (2::smallint)) p (priority)
                cross join lateral (
                    select ctid as place from job
                    where crashes = 0 and died_at is null and kind = wanted.kind and priority = p.priority
                      and run_at <= (select app_now()) and state = 'waiting'
                    order by run_at, job_id for update skip locked limit wanted.places
                ) j
                limit wanted.places
            ) k
            limit \(Int64(most))
        )
        update job set \(fragment: claiming(token))
        where ctid = any(array(select place from picked))
        returning \(fragment: columns)
        """
    }

    static func claimed(_ row: Row, token: Int64) throws -> Claimed {
        Claimed(
            lease: JobLease(jobID: try row.decode(Int64.self, at: 0), token: token),
            kind: try row.text(at: 1) ?? "", payload: try row.text(at: 2) ?? "{}",
            tenant: try row.int32(at: 3).map(TenantID.init(rawValue:)), attempt: try row.int16(at: 4) ?? 1,
            crashes: try row.int16(at: 5) ?? 0, enqueuedAt: try row.decode(Timestamp.self, at: 6),
            dueAt: try row.decode(Timestamp.self, at: 7), claimedAt: try row.decode(Timestamp.self, at: 8))
    }

    /// - Returns: the statements, and for each how many jobs it should find.
    static func statements(for ended: [Ended]) -> (statements: [SQL], expected: [Int]) {
        var done: [JobLease] = []
        var released: [JobLease] = []
        var dead: [(lease: JobLease, reason: String)] = []
        var waiting: [(lease: JobLease, seconds: Double, at: Timestamp, uncounted: Int16, reason: String)] = []
        var history: [(job: Claimed, outcome: String, detail: String)] = []
        let noTime = Timestamp(microseconds: 0)
        for end in ended {
            switch end.fate {
            case .done(let detail):
                done.append(end.job.lease)
                if end.keepsHistory { history.append((end.job, "done", detail ?? "")) }
            case .finished:
                if end.keepsHistory { history.append((end.job, "done", "")) }
            case .retry(let seconds, let reason):
                waiting.append((end.job.lease, seconds, noTime, 0, reason))
                history.append((end.job, "failed", reason))
            case .later(let time, let reason):
                waiting.append((end.job.lease, 0, time, 1, reason))
            case .dead(let reason):
                dead.append((end.job.lease, reason))
                history.append((end.job, "dead", reason))
            case .released: released.append(end.job.lease)
            case .lost: break
            }
        }
        var statements: [SQL] = []
        var expected: [Int] = []
        func add(_ count: Int, _ statement: SQL) {
            guard count > 0 else { return }
            statements.append(statement)
            expected.append(count)
        }
        // one order for all who lock several jobs: renewing goes by it too
        done.sort { $0.jobID < $1.jobID }
        add(done.count, delete(done))
        add(released.count, release(released))
        add(
            waiting.count,
            """
            update job set state = 'waiting', lease_token = null, lease_until = null, last_error = nullif(reason, ''),
                           attempts = attempts - uncounted,
                           run_at = case when at = timestamptz 'epoch' then app_now() + seconds * interval '1 s' else at end
            from unnest(\(waiting.map(\.lease.jobID)), \(waiting.map(\.lease.token)), \(waiting.map(\.seconds)),
                        \(waiting.map(\.at)), \(waiting.map(\.uncounted)), \(waiting.map(\.reason)))
                as ended (id, token, seconds, at, uncounted, reason)
            where job_id = id and lease_token = token
            """)
        add(
            dead.count,
            """
            update job set state = 'dead', died_at = app_now(), lease_token = null, lease_until = null, last_error = reason
            from unnest(\(dead.map(\.lease.jobID)), \(dead.map(\.lease.token)), \(dead.map(\.reason)))
                as ended (id, token, reason)
            where job_id = id and lease_token = token
            """)
        if !dead.isEmpty {
            statements.append("select calltrail_close_ledger(\(dead.map(\.lease.jobID)))")
            expected.append(0)
        }
        add(
            history.count,
            """
            insert into job_history (job_id, tenant_id, kind, outcome, attempt, started_at, finished_at, detail)
            select id, nullif(tenant, 0), kind, outcome, attempt, started, app_now(), nullif(detail, '')
            from unnest(\(history.map(\.job.lease.jobID)), \(history.map { $0.job.tenant?.rawValue ?? 0 }),
                        \(history.map(\.job.kind)), \(history.map(\.outcome)), \(history.map(\.job.attempt)),
                        \(history.map(\.job.claimedAt)), \(history.map(\.detail)))
                as ended (id, tenant, kind, outcome, attempt, started, detail)
            """)
        return (statements, expected)
    }

    private static func delete(_ leases: [JobLease]) -> SQL {
        """
        delete from job using unnest(\(leases.map(\.jobID)), \(leases.map(\.token))) as ended (id, token)
        where job_id = ended.id and lease_token = ended.token
        """
    }

    private static func release(_ leases: [JobLease]) -> SQL {
        """
        update job set state = 'waiting', lease_token = null, lease_until = null, attempts = attempts - 1
        from unnest(\(leases.map(\.jobID)), \(leases.map(\.token))) as ended (id, token)
        where job_id = ended.id and lease_token = ended.token
        """
    }

    static func missing(_ affected: [Int], of expected: [Int]) -> Int {
        zip(expected, affected).reduce(0) { $0 + max($1.0 - $1.1, 0) }
    }

    /// Takes a job away in the transaction of what it did.
    /// - Throws: `LeaseLost` when the job is somebody else's by now: then nothing of the transaction may stand.
    static func finish(_ lease: JobLease, _ transaction: isolated PostgresConnection) throws {
        guard try transaction.execute(delete([lease])) == 1 else { throw LeaseLost() }
    }

    /// Makes sure, until the transaction ends, that a job is still this worker's.
    /// - Throws: `LeaseLost`.
    static func hold(_ lease: JobLease, _ transaction: isolated PostgresConnection) throws {
        let held = try transaction.first(
            "select 1 from job where job_id = \(lease.jobID) and lease_token = \(lease.token) for update"
        ) { _ in true }
        guard held == true else { throw LeaseLost() }
    }
}
