public import Domain
public import Store

/// Deletes sessions that have ended and sign-in failures that are forgotten.
///
/// Running twice is safe: what is gone is gone.
public struct SessionSweepJob: ScheduledJob {
    /// Its name in the database and the log.
    public let kind = "sessions"
    /// Seconds between runs.
    public let intervalSeconds: Int64 = 3600

    private let sessions: SessionStore

    /// Prepares the job.
    /// - Parameter sessions: whose ended ones go.
    public init(sessions: SessionStore) { self.sessions = sessions }

    /// Does it once.
    public func run(now: Timestamp) async throws -> DutyOutcome {
        let swept = try await sessions.sweep(now: now)
        return DutyOutcome(done: swept > 0 ? ["deleted \(swept) ended sessions"] : [])
    }
}
