public import Domain
public import Store

/// Something the worker does again and again. Each run is a job like any other: enqueued when it is due, held by a lease,
/// tried again when it fails.
///
/// Running a kind twice must be safe: a worker may be lost between doing and noting.
public protocol ScheduledJob: Sendable {
    /// A word that stands in the database and the log; unique.
    var kind: String { get }
    /// Seconds between runs.
    var intervalSeconds: Int64 { get }
    /// How long a run may take.
    var timeout: Duration { get }

    /// Does it once.
    /// - Parameter now: `app_now()` at the start of the run.
    /// - Returns: what was done.
    /// - Throws: whatever keeps it from being done; it is tried again a minute later.
    func run(now: Timestamp) async throws -> DutyOutcome
}

extension ScheduledJob {
    /// Ten minutes.
    public var timeout: Duration { .seconds(600) }
}

/// What a scheduled run did.
public struct DutyOutcome: Sendable {
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

extension RunnableKind {
    /// A scheduled job as a kind: its runs are noted in the schedule.
    /// - Parameters:
    ///   - job: what to do.
    ///   - maintenance: keeps the schedule.
    ///   - clock: gives `app_now()`.
    public init(_ job: any ScheduledJob, maintenance: MaintenanceStore, clock: DatabaseClock) {
        let limits = JobLimits {
            $0.attempts = 5
            $0.timeout = job.timeout
            $0.concurrency = 1
            $0.backoff = Backoff(first: 60, factor: 2, longest: 600)
        }
        self.init(name: job.kind, priority: .normal, limits: limits) { _, run in
            do {
                let outcome = try await job.run(now: run.now)
                try await maintenance.noteEnd(of: job.kind, now: clock.now, error: outcome.postponed)
                if let reason = outcome.postponed { return .later(clock.now.advanced(bySeconds: 60), reason: reason) }
                return .done(outcome.done.isEmpty ? nil : outcome.done.joined(separator: "; "))
            } catch {
                let words = "\(error)"
                try? await uncancelled { try await maintenance.noteEnd(of: job.kind, now: clock.now, error: words) }
                throw error
            }
        }
    }
}
