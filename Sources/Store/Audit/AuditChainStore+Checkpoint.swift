public import AuditChain
public import Domain
import Foundation
import Postgres

extension AuditChainStore {
    /// Signs what a tenant's chain holds of ended days and no checkpoint covers yet. What is signed is verified before: nothing
    /// that was altered gets a checkpoint.
    ///
    /// Running twice is safe, also at once: it goes on where the last checkpoint ended.
    /// - Parameters:
    ///   - end: the first day that is not over.
    ///   - tenant: whose chain.
    ///   - signer: holds the key.
    /// - Returns: the checkpoints made, mostly one for each day; or, in the verdict, the break that kept them from being made.
    /// - Throws: `DatabaseError`; `AuditSigner.NoKey`.
    public func checkpoint(
        daysBefore end: Day, tenant: TenantID, signer: AuditSigner
    ) async throws -> (made: [AuditCheckpoint], verdict: AuditVerdict) {
        let (head, checkpoints, _) = try await state(tenant: tenant)
        guard let head, let last = try await lastSeq(before: end, tenant: tenant, after: head.checkpointSeq) else {
            return ([], AuditVerdict())
        }
        let before = checkpoints.last { $0.lastSeq == head.checkpointSeq }
        var verifier = AuditVerifier(after: before)
        guard verifier.firstSeq == head.checkpointSeq + 1 else {
            var verdict = AuditVerdict()
            verdict.firstBreak = AuditBreak(
                .checkpointMissing, seq: head.checkpointSeq, detail: "the checkpoint that ends here is gone")
            return ([], verdict)
        }
        var stretches: [AuditCheckpoint] = []
        try await walk(tenant: tenant, from: verifier.firstSeq, through: last) { links in
            for link in links {
                guard verifier.consume(link) else { return false }
                Self.extend(&stretches, by: link, tenant: tenant)
            }
            return true
        }
        var verdict = verifier.finish()
        if verdict.isIntact, verdict.lastSeq != last {
            verdict.firstBreak = AuditBreak(.truncated, seq: verdict.lastSeq + 1, detail: "entries are gone")
        }
        guard verdict.isIntact else { return ([], verdict) }
        let made = try stretches.map { try signer.sign($0) }
        guard try await keep(made, tenant: tenant, after: head.checkpointSeq) else {
            // somebody else was faster: what they left is done, which mostly is nothing
            return try await checkpoint(daysBefore: end, tenant: tenant, signer: signer)
        }
        return (made, verdict)
    }

    /// Signs checkpoints anew that are under an older key, so that it can be taken away.
    /// - Parameters:
    ///   - tenant: whose.
    ///   - signer: verifies with all its keys, and signs with the newest.
    /// - Returns: how many were signed anew. One whose signature does not hold stays as it is.
    /// - Throws: `DatabaseError`; `AuditSigner.NoKey`.
    public func signAnew(tenant: TenantID, signer: AuditSigner) async throws -> Int {
        let keys = Dictionary(signer.publicKeys.map { ($0.id, $0) }) { first, _ in first }
        let newest = signer.publicKeys.first?.id
        let (_, checkpoints, _) = try await state(tenant: tenant)
        let signed = try checkpoints.filter { $0.keyID != newest && keys[$0.keyID]?.verifies($0) == true }
            .map { try signer.sign($0) }
        return try await database.transaction(in: .everyTenant) { transaction in
            try signed.reduce(0) { count, checkpoint in
                try transaction.execute(
                    """
                    update audit_checkpoint set signature = \(checkpoint.signature), key_id = \(checkpoint.keyID)
                    where tenant_id = \(tenant) and first_seq = \(checkpoint.firstSeq)
                    """) + count
            }
        }
    }

    private func lastSeq(before end: Day, tenant: TenantID, after seq: Int64) async throws -> Int64? {
        try await database.query(
            """
            select max(seq) from audit_log
            where tenant_id = \(tenant) and seq > \(seq) and occurred_at < \(unescaped: "timestamptz '\(end.start)'")
            """, in: .tenant(tenant)
        ) { row in try row.decode(Int64?.self, at: 0) }.first ?? nil
    }

    private static func extend(_ stretches: inout [AuditCheckpoint], by link: AuditLink, tenant: TenantID) {
        if stretches.last?.day == link.day {
            stretches[stretches.count - 1].lastSeq = link.seq
            stretches[stretches.count - 1].lastHash = link.hash.bytes
        } else {
            stretches.append(
                AuditCheckpoint(
                    tenant: tenant, day: link.day, firstSeq: link.seq, lastSeq: link.seq,
                    firstPreviousHash: link.previousHash.bytes, lastHash: link.hash.bytes))
        }
    }

    /// - Returns: false when other checkpoints were made since the chain was looked at; then these are not kept.
    private func keep(_ checkpoints: [AuditCheckpoint], tenant: TenantID, after seq: Int64) async throws -> Bool {
        guard let last = checkpoints.last else { return true }
        return try await database.transaction(in: .everyTenant) { transaction in
            // first, so that of two at once the second waits here and then finds nothing to move
            let moved = try transaction.execute(
                """
                update audit_chain set checkpoint_seq = \(last.lastSeq)
                where tenant_id = \(tenant) and checkpoint_seq = \(seq)
                """)
            guard moved == 1 else { return false }
            for checkpoint in checkpoints {
                try transaction.execute(
                    """
                    insert into audit_checkpoint (tenant_id, day, first_seq, last_seq, first_prev_hash, last_hash, signature,
                                                  key_id)
                    values (\(tenant), \(checkpoint.day), \(checkpoint.firstSeq), \(checkpoint.lastSeq),
                            \(checkpoint.firstPreviousHash), \(checkpoint.lastHash), \(checkpoint.signature),
                            \(checkpoint.keyID))
                    """)
            }
            return true
        }
    }
}
