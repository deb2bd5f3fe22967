public import Domain
import ServiceLifecycle
public import Store

/// Merges small blocks of bodies into full ones, and gives back their space.
///
/// Running twice is safe, also at the same time: each merge is one transaction that puts a block in the place of others, under
/// a lock of its tenant and day, and looks at what is there then; what was merged is small no more. A worker that died
/// has committed whole merges or nothing.
public struct CompactionJob: ScheduledJob {
    /// Seconds that a run may merge for, well below the ten minutes after which it is cancelled; the rest follows a minute later.
    public static let budget: Duration = .seconds(240)
    /// Lines a run writes of damaged blocks.
    private static let reportedDamage = 20

    /// Its name in the database and the log.
    public let kind = "compaction"
    /// Seconds between runs.
    public let intervalSeconds: Int64 = 3600

    private let compaction: CompactionStore

    /// Prepares the job.
    /// - Parameter compaction: merges.
    public init(compaction: CompactionStore) { self.compaction = compaction }

    /// Does it once.
    public func run(now: Timestamp) async throws -> DutyOutcome {
        let deadline = ContinuousClock.now.advanced(by: Self.budget)
        let summary = try await compaction.compact(now: now) {
            // a worker that is to stop does not wait for all of it
            ContinuousClock.now < deadline && !Task.isShuttingDownGracefully
        }
        var done: [String] = []
        if summary.merged > 0 {
            done.append("merged \(summary.merged) blocks of \(summary.entries) entries into \(summary.made)")
        }
        done += summary.tidied
        done += summary.damaged.prefix(Self.reportedDamage).map(\.description)
        let unreported = summary.damaged.count - Self.reportedDamage
        if unreported > 0 { done.append("\(unreported) further body blocks can't be read") }
        var postponed: String?
        if !summary.isComplete { postponed = "there are more blocks to merge" }
        if summary.postponed > 0 { postponed = "\(summary.postponed) tenants' days were busy" }
        return DutyOutcome(done: done, postponed: postponed)
    }
}
