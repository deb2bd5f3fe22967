import AuditChain
import Domain
import Postgres
import TestSupport
import Testing

@testable import Store

/// A verification is one process's at a time; these are two of them.
@Suite struct AuditVerificationTests {
    private struct Scene {
        let audit: AuditScene
        let verifications: AuditVerificationStore

        var tenant: TenantID { audit.tenant }
        var now: Timestamp { audit.now }

        init(_ name: String) async throws {
            audit = try await AuditScene.make("verification_" + name)
            verifications = AuditVerificationStore(
                database: audit.store.database, keys: audit.signer.publicKeys, retentionDays: 30)
            try await audit.append((0..<3).map { _ in audit.call() })
        }

        /// What another process left when it began at some time, seconds from now.
        func begun(_ seconds: Int64) async throws {
            let (tenant, now) = (tenant, now)
            let began = now.advanced(bySeconds: seconds)
            let until = began.advanced(bySeconds: 60)
            try await audit.store.administer { connection in
                try connection.execute(
                    """
                    insert into audit_verification (tenant_id, requested_at, requested_by, run_id, run_until)
                    values (\(tenant), \(began), 'other@example.com', gen_random_uuid(), \(until))
                    on conflict (tenant_id) do update
                    set requested_at = excluded.requested_at, requested_by = excluded.requested_by,
                        run_id = excluded.run_id, run_until = excluded.run_until
                    """)
            }
        }
    }

    @Test func aSecondOneJoins() async throws {
        let scene = try await Scene("joins")
        try await scene.begun(-5)
        try await scene.verifications.verify(tenant: scene.tenant, askedBy: "ann@example.com", now: scene.now)
        let joined = try #require(try await scene.verifications.last(of: scene.tenant))
        #expect(joined.requestedBy == "other@example.com" && joined.result == nil)
        // a worker looks again later
        let later = try await scene.verifications.run(tenant: scene.tenant, now: scene.now)
        #expect(later == scene.now.advanced(bySeconds: 55))
    }

    @Test func oneWhoseProcessDiedGivesWay() async throws {
        let scene = try await Scene("gives_way")
        try await scene.begun(-61)
        let time = scene.now
        #expect(try await scene.verifications.run(tenant: scene.tenant, now: time) == nil)
        let worked = try #require(try await scene.verifications.last(of: scene.tenant))
        #expect(worked.result?.entries == 3 && worked.result?.firstBreak == nil)
        try await scene.begun(-61)
        try await scene.verifications.verify(tenant: scene.tenant, askedBy: "ann@example.com", now: time)
        let asked = try #require(try await scene.verifications.last(of: scene.tenant))
        #expect(asked.requestedBy == "ann@example.com" && asked.result?.entries == 3 && !asked.hasStopped)
        // nobody asked for more
        #expect(try await scene.verifications.run(tenant: scene.tenant, now: time) == nil)
        let claims = try await scene.audit.count("select count(*) from audit_verification where run_id is not null")
        #expect(claims == 0)
    }
}
