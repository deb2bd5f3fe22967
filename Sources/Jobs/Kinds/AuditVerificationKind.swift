public import Domain
public import Store

/// Verifies a tenant's audit log because somebody asked.
///
/// Running twice is safe: it reads, and the later result stands.
public struct AuditVerificationKind: JobKind {
    /// A few at a time: each keeps a connection and half a processor busy.
    public let limits = JobLimits {
        $0.attempts = 3
        $0.timeout = .seconds(3600)
        $0.concurrency = 2
    }

    private let verifications: AuditVerificationStore

    /// Prepares to verify.
    /// - Parameter verifications: does it, and remembers what was found.
    public init(verifications: AuditVerificationStore) { self.verifications = verifications }

    /// Verifies one log.
    public func run(_ payload: AuditVerificationJob, _ run: JobRun) async throws -> JobOutcome {
        guard let tenant = run.tenant else { return .dead("no tenant is named") }
        if let until = try await verifications.run(tenant: tenant, now: run.now) {
            return .later(until, reason: "another process verifies it")
        }
        return .done()
    }
}
