public import Connections
public import Domain
import Foundation
public import Logging

/// Looks at a batch of one application's connections, as fast as the application likes it.
///
/// Running twice is safe: a connection that was looked at is not due any more and is passed over.
public struct ConnectionChecksKind: JobKind {
    /// A batch is fifty connections; an application that hangs costs ten seconds each.
    public let limits = JobLimits {
        $0.attempts = 5
        $0.timeout = .seconds(240)
        $0.concurrency = 12
        $0.backoff = Backoff(first: 10, factor: 3, longest: 600)
        $0.keepsHistory = false
    }
    /// Connections of a batch that are looked at together.
    private static let together = 10

    private let connections: ConnectionService
    private let pace: ApplicationPace
    private let logger: Logger

    /// Prepares to check.
    /// - Parameters:
    ///   - connections: what can be done with them.
    ///   - pace: how fast each application is asked.
    ///   - logger: for connections that could not be looked at.
    public init(connections: ConnectionService, pace: ApplicationPace, logger: Logger) {
        self.connections = connections
        self.pace = pace
        self.logger = logger
    }

    /// Checks a batch.
    public func run(_ payload: ConnectionChecksJob, _ run: JobRun) async throws -> JobOutcome {
        guard let application = Application(rawValue: payload.application) else {
            return .dead("there is no application \(payload.application)")
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, item) in payload.items.enumerated() {
                if number >= Self.together { try await group.next() }
                if pace.restsUntil(application) != nil { break }
                group.addTask { try await check(item, application, run.now) }
            }
            try await group.waitForAll()
        }
        guard let rest = pace.restsUntil(application) else { return .done() }
        // what is left of the batch is still due then, the rest is not
        let seconds = Int64((rest - ContinuousClock.now).components.seconds) + 1
        return .later(run.now.advanced(bySeconds: seconds), reason: "\(application.name) asks for fewer requests")
    }

    private func check(_ item: ConnectionChecksJob.Item, _ application: Application, _ now: Timestamp) async throws {
        let tenant = TenantID(rawValue: item.tenant)
        do {
            let outcome = try await pace.taken(by: application) {
                try await connections.checkIfDue(item.connection, tenant: tenant, now: now)
            }
            if case .unavailable(_, let seconds?) = outcome { pace.rest(application, seconds: seconds) }
        } catch let problem as Problem where problem.code == .notFound {
            return
        } catch let error as CancellationError {
            throw error
        } catch {
            // one that can't be looked at must not keep the others from it; it comes again when its claim runs out
            logger.warning(
                "a connection could not be checked",
                metadata: ["connection": "\(item.connection)", "because": "\(error)"])
        }
    }
}
