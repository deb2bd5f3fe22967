public import Connections
public import Domain

/// Looks at one connection at once, because calls with it were refused.
///
/// Running twice is safe: a check asks, and writes what it heard.
public struct ConnectionCheckKind: JobKind {
    /// An application may take its time.
    public let limits = JobLimits {
        $0.attempts = 5
        $0.timeout = .seconds(60)
        $0.concurrency = 8
        $0.backoff = Backoff(first: 5, factor: 3, longest: 300)
    }

    private let connections: ConnectionService

    /// Prepares to check.
    /// - Parameter connections: what can be done with them.
    public init(connections: ConnectionService) { self.connections = connections }

    /// Checks one connection.
    public func run(_ payload: ConnectionCheckJob, _ run: JobRun) async throws -> JobOutcome {
        guard let tenant = run.tenant else { return .dead("a connection without a tenant") }
        do {
            let checked = try await connections.check(payload.connection, tenant: tenant)
            return .done(checked.map { "found \($0.health.state.rawValue)" } ?? "there is nothing to ask")
        } catch let problem as Problem where problem.code == .notFound {
            return .done("it was removed")
        }
    }
}
