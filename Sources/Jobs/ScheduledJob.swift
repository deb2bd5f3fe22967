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
    /// - Returns: what was done, a line each; empty when there was nothing to do.
    /// - Throws: whatever keeps it from being done; the next run tries again.
    func run(now: Timestamp) async throws -> [String]
}
