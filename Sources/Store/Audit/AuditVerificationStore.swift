public import AuditChain
public import Domain
import Foundation
import Postgres

/// Verifies audit logs when people ask for it, and remembers how the last time went.
public struct AuditVerificationStore: Sendable {
    /// Entries that are verified while somebody waits; a longer log is left to a worker. 50,000 take well below a second.
    public static let mostAtOnce: Int64 = 50_000

    /// Seconds for which a verification counts as under way though nobody says so any more.
    private static let patienceSeconds: Int64 = 60
    /// How often a verification says that it goes on.
    private static let signOfLife: Duration = .seconds(20)

    private let database: Database
    private let chains: AuditChainStore
    private let keys: [AuditPublicKey]
    private let retentionDays: Int

    /// Works on a database.
    /// - Parameters:
    ///   - database: a migrated one.
    ///   - keys: those that checkpoints may be signed with.
    ///   - retentionDays: earlier days may have been dropped.
    public init(database: Database, keys: [AuditPublicKey], retentionDays: Int) {
        self.database = database
        chains = AuditChainStore(database: database)
        self.keys = keys
        self.retentionDays = retentionDays
    }

    /// How much of a tenant's log is signed.
    /// - Parameter tenant: whose.
    /// - Throws: `DatabaseError`.
    public func standing(of tenant: TenantID) async throws -> AuditStanding {
        try await database.query(
            """
            select c.seq, c.checkpoint_seq,
                   (select day from audit_checkpoint where tenant_id = \(tenant) order by first_seq desc limit 1),
                   coalesce((select min(seq) from audit_log where tenant_id = \(tenant)), c.seq + 1)
            from audit_chain c where c.tenant_id = \(tenant)
            """, in: .tenant(tenant)
        ) { row in
            let (last, checkpoint, day, first) = try row.decode(Int64.self, Int64.self, Day?.self, Int64.self)
            return AuditStanding(
                lastSeq: last, checkpointSeq: checkpoint, coveredThrough: day, kept: last - first + 1)
        }.first ?? AuditStanding(lastSeq: 0, checkpointSeq: 0, coveredThrough: nil, kept: 0)
    }

    /// The last verification of a tenant's log; nil when there was none.
    /// - Parameter tenant: whose.
    /// - Throws: `DatabaseError`.
    public func last(of tenant: TenantID) async throws -> AuditVerification? {
        try await database.query(
            """
            select requested_at, requested_by, finished_at, entries, covered_through, uncovered, break_kind, break_seq,
                   break_day, break_detail, coalesce(run_until <= app_now(), false)
            from audit_verification where tenant_id = \(tenant)
            """, in: .tenant(tenant), Self.verification
        ).first
    }

    /// Verifies a log: a short one now, a long one by a worker soon. One that is under way is not begun again, whichever
    /// process does it: who asks meanwhile gets its result.
    /// - Parameters:
    ///   - tenant: whose.
    ///   - person: who asks.
    ///   - now: by `app_now()`.
    /// - Throws: `DatabaseError`.
    public func verify(tenant: TenantID, askedBy person: String, now: Timestamp) async throws {
        let isLong = try await standing(of: tenant).kept > Self.mostAtOnce
        // a worker begins when it comes to it
        let run = isLong ? nil : UUID()
        let until = isLong ? nil : now.advanced(bySeconds: Self.patienceSeconds)
        let isAskedFor = try await database.transaction(in: .everyTenant) { transaction in
            let row = try transaction.first(
                """
                insert into audit_verification as v (tenant_id, requested_at, requested_by, run_id, run_until)
                values (\(tenant), \(now), \(person), \(run), \(until))
                on conflict (tenant_id) do update
                set requested_at = excluded.requested_at, requested_by = excluded.requested_by,
                    run_id = excluded.run_id, run_until = excluded.run_until
                where v.run_until is null or v.run_until <= \(now)
                returning true
                """
            ) { row in try row.decode(Bool.self, at: 0) }
            guard row != nil else { return false }
            if isLong {
                try JobQueue.enqueue(
                    [NewJob(AuditVerificationJob(), tenant: tenant, uniqueKey: "\(tenant)")], transaction)
            }
            return true
        }
        guard isAskedFor else { return }
        guard let run else { return database.jobSignal.send() }
        try await perform(run, tenant: tenant, now: now)
    }

    /// Verifies a log that somebody asked for, and remembers what was found.
    /// - Parameters:
    ///   - tenant: whose.
    ///   - now: by `app_now()`.
    /// - Returns: nil when there is nothing more to do; until when another process verifies it otherwise.
    /// - Throws: `DatabaseError`.
    public func run(tenant: TenantID, now: Timestamp) async throws -> Timestamp? {
        let run = UUID()
        let begun = try await database.execute(
            """
            update audit_verification
            set run_id = \(run), run_until = \(now.advanced(bySeconds: Self.patienceSeconds))
            where tenant_id = \(tenant) and (run_until is null or run_until <= \(now))
              and (finished_at is null or finished_at < requested_at)
            """, in: .everyTenant)
        if begun > 0 {
            try await perform(run, tenant: tenant, now: now)
            return nil
        }
        return try await database.query(
            "select run_until from audit_verification where tenant_id = \(tenant) and run_until > \(now)",
            in: .everyTenant
        ) { row in try row.decode(Timestamp.self, at: 0) }.first
    }

    private func perform(_ run: UUID, tenant: TenantID, now: Timestamp) async throws {
        var coverage = AuditVerifier.Coverage()
        coverage.keptFrom = now.advanced(bySeconds: -Int64(retentionDays) * 86_400).day
        let verdict: AuditVerdict
        do {
            verdict = try await verify(tenant, run, coverage)
        } catch {
            // it is over, and can be asked for again at once
            _ = try? await database.execute(
                "update audit_verification set run_until = \(now) where tenant_id = \(tenant) and run_id = \(run)",
                in: .everyTenant)
            throw error
        }
        let found = verdict.firstBreak
        _ = try await database.execute(
            """
            update audit_verification
            set finished_at = greatest(app_now(), requested_at), entries = \(verdict.entries),
                covered_through = \(verdict.coveredThrough), uncovered = \(verdict.uncoveredEntries),
                break_kind = \(found?.kind.rawValue), break_seq = \(found?.seq), break_day = \(found?.day),
                break_detail = \(found?.detail), run_id = null, run_until = null
            where tenant_id = \(tenant) and run_id = \(run)
            """, in: .everyTenant)
    }

    /// Verifies, and says meanwhile that it goes on.
    private func verify(
        _ tenant: TenantID, _ run: UUID, _ coverage: AuditVerifier.Coverage
    ) async throws -> AuditVerdict {
        let signs = Task { [database] in
            while true {
                try await Task.sleep(for: Self.signOfLife)
                // one that fails is made up for by the next: patience is three of them
                _ = try? await database.execute(
                    """
                    update audit_verification set run_until = app_now() + \(Self.patienceSeconds) * interval '1 second'
                    where tenant_id = \(tenant) and run_id = \(run)
                    """, in: .everyTenant)
            }
        }
        defer { signs.cancel() }
        return try await chains.verify(tenant: tenant, keys: keys, coverage: coverage)
    }

    private static func verification(_ row: Row) throws -> AuditVerification {
        var verification = AuditVerification(
            requestedAt: try row.decode(Timestamp.self, at: 0), requestedBy: try row.decode(String.self, at: 1),
            hasStopped: try row.decode(Bool.self, at: 10), result: nil)
        guard let finishedAt = try row.decode(Timestamp?.self, at: 2) else { return verification }
        var found: AuditBreak?
        if let kind = try row.text(at: 6).flatMap(AuditBreak.Kind.init), let seq = try row.decode(Int64?.self, at: 7) {
            found = AuditBreak(
                kind, seq: seq, day: try row.decode(Day?.self, at: 8), detail: try row.text(at: 9) ?? "")
        }
        verification.result = AuditVerification.Result(
            finishedAt: finishedAt, entries: try row.decode(Int64?.self, at: 3) ?? 0,
            coveredThrough: try row.decode(Day?.self, at: 4), uncovered: try row.decode(Int64?.self, at: 5) ?? 0,
            firstBreak: found)
        return verification
    }
}
