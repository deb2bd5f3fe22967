public import AuditChain
public import Domain
import Foundation
import Postgres

/// Takes days away from the audit log that have outlived their retention: closes them, signs their checkpoints, archives them
/// where that is configured, and only then drops them. Each step stands alone, so that an interrupted run is gone on with.
public struct AuditRetention: Sendable {
    /// What became of the days.
    public struct Outcome: Sendable {
        /// What was done, in order.
        public var steps: [PartitionStore.Step] = []
        /// Days that were archived now.
        public var archived: [AuditArchive.Manifest] = []
        /// Days that stay, and why.
        public var kept: [String] = []
    }

    private let database: Database
    private let chains: AuditChainStore
    private let partitions: PartitionStore
    private let signer: AuditSigner
    private let archive: AuditArchive?
    private let retentionDays: Int

    /// Prepares the duty.
    /// - Parameters:
    ///   - database: a migrated one.
    ///   - signer: signs checkpoints.
    ///   - archive: nil when days are dropped without one.
    ///   - retentionDays: how long entries are kept.
    public init(database: Database, signer: AuditSigner, archive: AuditArchive?, retentionDays: Int) {
        self.database = database
        self.signer = signer
        self.archive = archive
        self.retentionDays = retentionDays
        chains = AuditChainStore(database: database)
        partitions = PartitionStore(database: database, family: .audit)
    }

    /// The oldest day to keep.
    /// - Parameter now: by `app_now()`.
    public func firstKept(now: Timestamp) -> Day { now.advanced(bySeconds: -Int64(retentionDays) * 86_400).day }

    /// Does it once.
    /// - Parameter now: by `app_now()`.
    /// - Throws: `DatabaseError`; what the archive's file system says.
    public func run(now: Timestamp) async throws -> Outcome {
        var outcome = Outcome()
        let firstKept = firstKept(now: now)
        let due = try await partitions.leaves().filter { $0.day < firstKept }
        guard !due.isEmpty else { return outcome }
        for leaf in due where leaf.isAttached && !leaf.isPending { try await close(leaf) }
        for tenant in try await chains.tenants() {
            let verdict = try await chains.checkpoint(daysBefore: firstKept, tenant: tenant, signer: signer).verdict
            if let found = verdict.firstBreak { outcome.kept.append("tenant \(tenant): \(found)") }
        }
        var ready: Set<Day> = []
        for leaf in due where leaf.isAttached && !leaf.isPending {
            if try await isUncovered(leaf) {
                outcome.kept.append("\(leaf.day): entries without a checkpoint")
                continue
            }
            if let archive {
                if try archive.manifest(of: leaf.day) == nil {
                    outcome.archived.append(try await archive.write(leaf.day, from: chains, now: now))
                } else if let flaw = try await archive.flaw(of: leaf.day, chains) {
                    outcome.kept.append("\(leaf.day): \(flaw)")
                    continue
                }
            }
            ready.insert(leaf.day)
        }
        outcome.steps = try await partitions.dropLeaves(before: firstKept, ready: ready)
        return outcome
    }

    /// Lets nothing more into a day: it would be acknowledged, and then dropped without being archived.
    private func close(_ leaf: PartitionStore.Leaf) async throws {
        try await database.pool.transaction { transaction in
            try transaction.execute("set local lock_timeout = '2s'")
            try transaction.execute(
                """
                create or replace trigger closed before insert on \(identifier: leaf.name)
                for each row execute function calltrail_audit_day_is_closed()
                """)
        }
    }

    private func isUncovered(_ leaf: PartitionStore.Leaf) async throws -> Bool {
        try await database.query(
            """
            select exists (
                select from audit_log a
                left join audit_chain c on c.tenant_id = a.tenant_id
                where a.occurred_at >= \(unescaped: "timestamptz '\(leaf.day.start)'")
                  and a.occurred_at < \(unescaped: "timestamptz '\(leaf.day.advanced(by: 1).start)'")
                  and a.seq > coalesce(c.checkpoint_seq, 0))
            """, in: .everyTenant
        ) { row in try row.decode(Bool.self, at: 0) }.first ?? true
    }
}
