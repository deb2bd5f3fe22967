public import Domain
import ServiceLifecycle
public import Store

/// Seals the hourly counts of days that are over, so that facets and histograms of many days are read at once.
///
/// Running twice is safe, also at the same time: a day is sealed in one transaction under a lock of its counts.
public struct CountSealJob: ScheduledJob {
    /// Seconds that a run may seal for; the rest follows a minute later.
    private static let budget: Duration = .seconds(60)

    /// Its name in the database and the log.
    public let kind = "count_seals"
    /// Seconds between runs.
    public let intervalSeconds: Int64 = 60

    private let seals: CountSealStore
    private let retentionDays: Int

    /// Prepares the job.
    /// - Parameters:
    ///   - seals: seals days.
    ///   - retentionDays: how long calls are kept.
    public init(seals: CountSealStore, retentionDays: Int) {
        self.seals = seals
        self.retentionDays = retentionDays
    }

    /// Does it once.
    public func run(now: Timestamp) async throws -> DutyOutcome {
        let deadline = ContinuousClock.now.advanced(by: Self.budget)
        let summary = try await seals.seal(from: now.day.advanced(by: -Int32(retentionDays)), now: now) {
            ContinuousClock.now < deadline && !Task.isShuttingDownGracefully
        }
        let sealed = summary.sealed.count
        return DutyOutcome(
            done: sealed > 0 ? ["sealed the counts of \(sealed == 1 ? "a day" : "\(sealed) days")"] : [],
            postponed: summary.postponed.isEmpty ? nil : "\(summary.postponed.count) days were being written to")
    }
}
