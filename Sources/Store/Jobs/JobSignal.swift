import Logging
import Postgres
public import ServiceLifecycle
import Synchronization

/// Wakes workers after jobs were enqueued, so that they need not wait for their next look.
///
/// A notification takes a lock of the whole database at commit, so it never stands in the transaction that enqueues, and a
/// process sends at most one in `interval`: the first at once, what comes meanwhile together at its end. A notification is
/// a hint; whoever misses it polls.
public final class JobSignal: Sendable {
    /// The channel that workers listen on.
    public static let channel = "calltrail_job"
    /// The least time between two notifications of a process.
    static let interval: Duration = .milliseconds(5)

    private enum State {
        case idle
        /// One was just sent, or is being sent.
        case resting
        /// More was enqueued meanwhile.
        case wanted
    }

    private let pool: PostgresPool
    private let logger: Logger
    private let state = Mutex(State.idle)

    init(pool: PostgresPool, logger: Logger) {
        self.pool = pool
        self.logger = logger
    }

    /// Wakes workers, soon; returns at once. To be called when the transaction that enqueued has committed.
    public func send() {
        let begins = state.withLock { state in
            defer { state = state == .idle ? .resting : .wanted }
            return state == .idle
        }
        guard begins else { return }
        Task {
            repeat {
                await notify()
                try? await Task.sleep(for: Self.interval)
            } while goesOn()
        }
    }

    private func goesOn() -> Bool {
        state.withLock { state in
            defer { state = state == .wanted ? .resting : .idle }
            return state == .wanted
        }
    }

    private func notify() async {
        do {
            _ = try await pool.withConnection { connection in
                try connection.execute("notify \(identifier: Self.channel)")
            }
        } catch {
            // workers poll
            logger.debug("workers could not be woken", metadata: ["error": "\(error)"])
        }
    }
}

/// Hears when jobs are enqueued, over a connection of its own.
public struct JobListener: Sendable, Service {
    private let listener: PostgresListener

    /// Prepares to listen.
    /// - Parameter database: a migrated one. Behind a pooler nothing may be heard: then polling is all there is.
    public init(database: Database) {
        listener = PostgresListener(
            configuration: database.configuration, channels: [JobSignal.channel], logger: database.logger)
    }

    /// Listens until the service group shuts down.
    public func run() async throws { try await listener.run() }

    /// Calls back each time that jobs may have been enqueued, until listening ends. For one caller.
    /// - Parameter body: what to do then.
    public func onSignal(_ body: @Sendable () async -> Void) async {
        for await _ in listener.notifications { await body() }
    }
}
