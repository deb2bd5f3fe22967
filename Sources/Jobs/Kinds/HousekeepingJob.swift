public import Domain
public import Store

/// Deletes what nobody asks about any more: ended runs, dead jobs, the ledger's old lines, connections' old events,
/// and shares that ended long ago.
///
/// Running twice is safe: what is gone is gone.
public struct HousekeepingJob: ScheduledJob {
    /// Days for which ended runs are kept.
    static let historyDays: Int64 = 7
    /// Days for which dead jobs and the ledger are kept.
    static let ledgerDays: Int64 = 90

    /// Its name in the database and the log.
    public let kind = "housekeeping"
    /// Seconds between runs.
    public let intervalSeconds: Int64 = 3600

    private let jobs: JobStore
    private let notifications: NotificationStore
    private let connections: ConnectionStore
    private let shares: ShareStore

    /// Prepares the job.
    /// - Parameters:
    ///   - jobs: whose history and dead go.
    ///   - notifications: the ledger.
    ///   - connections: whose events go.
    ///   - shares: whose old ones go.
    public init(
        jobs: JobStore, notifications: NotificationStore, connections: ConnectionStore, shares: ShareStore
    ) {
        self.jobs = jobs
        self.notifications = notifications
        self.connections = connections
        self.shares = shares
    }

    /// Does it once.
    public func run(now: Timestamp) async throws -> DutyOutcome {
        let ledger = now.advanced(bySeconds: -Self.ledgerDays * 86_400)
        let ended = try await jobs.prune(history: now.advanced(bySeconds: -Self.historyDays * 86_400), dead: ledger)
        let lines = try await notifications.prune(before: ledger)
        _ = try await connections.prune(now: now)
        let shares = try await shares.prune(now: now)
        return DutyOutcome(
            done: (ended > 0 ? ["deleted \(ended) ended runs and dead jobs"] : [])
                + (lines > 0 ? ["deleted \(lines) lines of the notification ledger"] : [])
                + (shares > 0 ? ["deleted \(shares) shares"] : []))
    }
}
