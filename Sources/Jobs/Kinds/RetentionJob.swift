public import Domain
public import Store

/// Takes away what has outlived its retention: whole days of calls, and answers of old Idempotency-Keys.
///
/// Running twice is safe: each step looks at what is there, and an interrupted run is gone on with.
public struct RetentionJob: ScheduledJob {
    /// Its name in the database and the log.
    public let kind = "retention"
    /// Seconds between runs.
    public let intervalSeconds: Int64 = 3600

    private let partitions: PartitionStore
    private let maintenance: MaintenanceStore
    private let retentionDays: Int

    /// Prepares the job.
    /// - Parameters:
    ///   - partitions: detaches and drops them.
    ///   - maintenance: remembers what was dropped.
    ///   - retentionDays: how long calls are kept.
    public init(partitions: PartitionStore, maintenance: MaintenanceStore, retentionDays: Int) {
        self.partitions = partitions
        self.maintenance = maintenance
        self.retentionDays = retentionDays
    }

    /// Does it once.
    public func run(now: Timestamp) async throws -> DutyOutcome {
        // answers go whatever becomes of the partitions
        let answers = try await maintenance.deleteAnswers(
            before: now.advanced(bySeconds: -IdempotencyStore.lifetime))
        // a day goes when its last moment is older than the retention
        let firstKept = now.advanced(bySeconds: -Int64(retentionDays) * 86_400).day
        let steps = try await partitions.dropLeaves(before: firstKept)
        var postponed: [String] = []
        for step in steps {
            switch step {
            case .dropped(let leaf): try await maintenance.record(action: "dropped", subject: leaf)
            case .finalized(let leaf): try await maintenance.record(action: "finalized", subject: leaf)
            case .postponed(let leaf): postponed.append(leaf)
            case .detached: break
            }
        }
        return DutyOutcome(
            done: steps.map(\.description)
                + (answers > 0 ? ["deleted \(answers) answers of old Idempotency-Keys"] : []),
            postponed: postponed.isEmpty ? nil : "locks were not to be had on " + postponed.joined(separator: ", "))
    }
}
