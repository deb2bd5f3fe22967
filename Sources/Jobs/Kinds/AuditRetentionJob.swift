public import Domain
public import Store

/// Takes days away from the audit log that have outlived its retention, archived first where that is configured.
///
/// Running twice is safe: each step looks at what is there, and an interrupted run is gone on with.
public struct AuditRetentionJob: ScheduledJob {
    /// Its name in the database and the log.
    public let kind = "audit_retention"
    /// Seconds between runs.
    public let intervalSeconds: Int64 = 3600
    /// Archiving a day of millions of entries takes its time.
    public let timeout: Duration = .seconds(3600)

    private let retention: AuditRetention
    private let maintenance: MaintenanceStore

    /// Prepares the job.
    /// - Parameters:
    ///   - retention: does it.
    ///   - maintenance: remembers what was dropped.
    public init(retention: AuditRetention, maintenance: MaintenanceStore) {
        self.retention = retention
        self.maintenance = maintenance
    }

    /// Does it once.
    public func run(now: Timestamp) async throws -> DutyOutcome {
        let outcome = try await retention.run(now: now)
        for manifest in outcome.archived {
            try await maintenance.record(action: "archived", subject: "audit log of \(manifest.day)")
        }
        var postponed = outcome.kept
        for step in outcome.steps {
            switch step {
            case .dropped(let leaf): try await maintenance.record(action: "dropped", subject: leaf)
            case .finalized(let leaf): try await maintenance.record(action: "finalized", subject: leaf)
            case .postponed(let leaf): postponed.append("a lock was not to be had on \(leaf)")
            case .detached: break
            }
        }
        return DutyOutcome(
            done: outcome.archived.map { "archived the audit log of \($0.day): \($0.entries) entries" }
                + outcome.steps.map(\.description),
            postponed: postponed.isEmpty ? nil : postponed.joined(separator: "; "))
    }
}
