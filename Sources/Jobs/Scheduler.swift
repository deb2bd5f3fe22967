public import Logging
public import ServiceLifecycle
public import Store

/// Enqueues scheduled jobs when they are due, by the database's clock.
///
/// Of several workers one at a time does so, by an advisory lock that its transaction holds. What was due several times
/// while no worker ran is enqueued once.
public struct Scheduler: Sendable, Service {
    /// Seconds between looks at what is due.
    static let tickSeconds = 5

    private let jobs: [any ScheduledJob]
    private let maintenance: MaintenanceStore
    private let logger: Logger

    /// Prepares to enqueue.
    /// - Parameters:
    ///   - jobs: what to enqueue.
    ///   - maintenance: knows when each was last due.
    ///   - logger: says what failed.
    public init(jobs: [any ScheduledJob], maintenance: MaintenanceStore, logger: Logger) {
        self.jobs = jobs
        self.maintenance = maintenance
        self.logger = logger
    }

    /// Enqueues what is due until the service group shuts down.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await tick()
                try? await Task.sleep(for: .seconds(Self.tickSeconds))
            }
        }
    }

    /// Enqueues what is due now.
    public func tick() async {
        do {
            let kinds = jobs.map { MaintenanceStore.Due(kind: $0.kind, intervalSeconds: $0.intervalSeconds) }
            try await maintenance.enqueueDue(kinds)
        } catch {
            logger.warning("scheduled jobs could not be enqueued", metadata: ["error": "\(error)"])
        }
    }
}
