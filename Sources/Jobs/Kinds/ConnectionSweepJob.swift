public import Domain
public import Store

/// Enqueues the checks that are due, and clears away authorisations that nobody came back from.
///
/// Running twice is safe: what was enqueued is claimed and not due again before the claim runs out.
public struct ConnectionSweepJob: ScheduledJob {
    /// The kind's word.
    public let kind = "connection_sweep"
    /// Every 15 seconds.
    public let intervalSeconds: Int64 = 15
    /// The most connections of one run: more than an hour's share of any tenant, and a bounded queue.
    private static let most = 2_000

    private let connections: ConnectionStore
    private let authorizations: AuthorizationStore

    /// Prepares to sweep.
    /// - Parameters:
    ///   - connections: knows what is due.
    ///   - authorizations: authorisations under way.
    public init(connections: ConnectionStore, authorizations: AuthorizationStore) {
        self.connections = connections
        self.authorizations = authorizations
    }

    /// Sweeps once.
    public func run(now: Timestamp) async throws -> DutyOutcome {
        let count = try await connections.enqueueDueChecks(limit: Self.most, now: now)
        try await authorizations.sweep(now: now)
        return DutyOutcome(done: count == 0 ? [] : ["enqueued checks of \(count) connections"])
    }
}
