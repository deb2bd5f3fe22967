import Domain
public import Logging
public import ServiceLifecycle
public import Store

/// Runs scheduled jobs when they are due, by the database's clock. Several workers may run one each: a run is claimed by a
/// single guarded upsert, so it happens once, and one that was missed is caught up once.
public struct Scheduler: Sendable, Service {
    /// Seconds between looks at what is due.
    static let tickSeconds = 10

    private let jobs: [any ScheduledJob]
    private let maintenance: MaintenanceStore
    private let clock: DatabaseClock
    private let logger: Logger

    /// Prepares to run jobs.
    /// - Parameters:
    ///   - jobs: what to run.
    ///   - maintenance: knows when each last ran.
    ///   - clock: gives `app_now()`.
    ///   - logger: says what was done.
    public init(jobs: [any ScheduledJob], maintenance: MaintenanceStore, clock: DatabaseClock, logger: Logger) {
        self.jobs = jobs
        self.maintenance = maintenance
        self.clock = clock
        self.logger = logger
    }

    /// Runs what is due until the service group shuts down; a run under way is finished.
    public func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                // not cancelled amid a run: only the wait between looks is
                await Task { await self.runDue() }.value
                try await Task.sleep(for: .seconds(Self.tickSeconds))
            }
        }
    }

    /// Runs what is due now.
    public func runDue() async {
        for job in jobs {
            do {
                let now = clock.now
                let isClaimed = try await maintenance.claimRun(
                    of: job.kind, now: now, dueBefore: now.advanced(bySeconds: -job.intervalSeconds))
                if isClaimed { await run(job, now: now) }
            } catch {
                logger.warning("a job could not be claimed", metadata: ["kind": "\(job.kind)", "error": "\(error)"])
            }
        }
    }

    private func run(_ job: any ScheduledJob, now: Timestamp) async {
        var failure: String?
        do {
            let outcome = try await job.run(now: now)
            for line in outcome.done { logger.notice("\(line)", metadata: ["kind": "\(job.kind)"]) }
            failure = outcome.postponed
        } catch {
            failure = "\(error)"
            logger.error("a job failed", metadata: ["kind": "\(job.kind)", "error": "\(error)"])
        }
        do { try await maintenance.finishRun(of: job.kind, now: clock.now, error: failure) } catch {
            logger.warning("a job's end could not be noted", metadata: ["kind": "\(job.kind)", "error": "\(error)"])
        }
    }
}
