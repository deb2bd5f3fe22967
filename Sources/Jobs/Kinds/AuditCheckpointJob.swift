public import AuditChain
public import Domain
public import Store

/// Signs what the audit log holds of ended days.
///
/// Running twice is safe: it goes on where the last checkpoint ended, and of two at once one fails.
public struct AuditCheckpointJob: ScheduledJob {
    /// Its name in the database and the log.
    public let kind = "audit_checkpoints"
    /// Seconds between runs.
    public let intervalSeconds: Int64 = 3600

    private let chains: AuditChainStore
    private let signer: AuditSigner

    /// Prepares the job.
    /// - Parameters:
    ///   - chains: what is signed.
    ///   - signer: holds the key.
    public init(chains: AuditChainStore, signer: AuditSigner) {
        self.chains = chains
        self.signer = signer
    }

    /// Does it once. A chain that was altered gets no checkpoint, and does not keep others from theirs.
    public func run(now: Timestamp) async throws -> DutyOutcome {
        var done: [String] = []
        var broken: [String] = []
        for tenant in try await chains.tenants() {
            let (made, verdict) = try await chains.checkpoint(daysBefore: now.day, tenant: tenant, signer: signer)
            for checkpoint in made {
                done.append("signed entries \(checkpoint.firstSeq) to \(checkpoint.lastSeq) of tenant \(tenant)")
            }
            if let found = verdict.firstBreak { broken.append("tenant \(tenant): \(found)") }
        }
        return DutyOutcome(
            done: done, postponed: broken.isEmpty ? nil : "the audit log was altered: " + broken.joined(separator: "; ")
        )
    }
}
