public import Domain

/// Something the worker does again and again.
///
/// Running a kind twice must be safe: a worker may die between doing and noting.
public protocol ScheduledJob: Sendable {
    /// A word that stands in the database and the log; unique.
    var kind: String { get }
    /// Seconds between runs.
    var intervalSeconds: Int64 { get }

    /// Does it once.
    /// - Parameter now: `app_now()` at the start of the run.
    /// - Returns: what was done.
    /// - Throws: whatever keeps it from being done; it is tried again a minute later.
    func run(now: Timestamp) async throws -> JobOutcome
}

/// What a run did.
public struct JobOutcome: Sendable {
    /// A line for each thing that was done; empty when there was nothing to do.
    public var done: [String]
    /// What has to wait, and why: the job runs again a minute later. Nil when nothing has.
    public var postponed: String?

    /// Describes a run.
    /// - Parameters:
    ///   - done: a line for each thing that was done.
    ///   - postponed: what has to wait, and why.
    public init(done: [String], postponed: String? = nil) {
        self.done = done
        self.postponed = postponed
    }
}
