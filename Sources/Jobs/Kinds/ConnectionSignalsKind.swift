public import Connections
public import Domain
import Foundation
public import Store

/// Takes in what logged calls say about connections: nodes that call with one are bound to it, and one whose calls are
/// refused again and again is checked.
///
/// Running twice is safe: a node is bound once, and a check asks and writes what it heard.
public struct ConnectionSignalsKind: JobKind {
    /// Refused calls within `seconds` that make a burst.
    static let burst = 3
    /// How far back refused calls are counted.
    static let seconds: Int64 = 300
    /// Seconds that a check's finding stands, whatever calls say.
    static let standing: Int64 = 5

    /// Seconds by which clocks may differ.
    static let skew: Int64 = 5

    /// Quick, but for the checks.
    public let limits = JobLimits {
        $0.attempts = 5
        $0.timeout = .seconds(60)
        $0.concurrency = 4
        $0.keepsHistory = false
    }

    private let connections: ConnectionService
    private let jobs: JobQueue

    /// Prepares to take signals in.
    /// - Parameters:
    ///   - connections: what can be done with them.
    ///   - jobs: takes the checks.
    public init(connections: ConnectionService, jobs: JobQueue) {
        self.connections = connections
        self.jobs = jobs
    }

    /// Takes in what a group of calls said.
    public func run(_ payload: ConnectionSignalsJob, _ run: JobRun) async throws -> JobOutcome {
        guard let tenant = run.tenant else { return .dead("signals without a tenant") }
        if !payload.nodes.isEmpty {
            _ = try await connections.store.learn(payload.nodes, tenant: tenant, now: run.now)
        }
        for id in payload.refused { try await takeRefusals(of: id, tenant, run.now) }
        return .done()
    }

    /// Has a connection checked whose calls are refused, if a check could tell anything new.
    private func takeRefusals(of id: UUID, _ tenant: TenantID, _ now: Timestamp) async throws {
        guard let health = try await connections.store.find(id, tenant: tenant)?.health else { return }
        switch health.state {
        // what is broken or switched off is refused, and people know
        case .needsReauth, .disabled: return
        case .healthy, .degraded: break
        }
        // what was refused before a check, that check has answered; clients' clocks are not this one's
        let start = now.advanced(bySeconds: -Self.seconds)
        let since = health.lastCheckedAt.map { max($0.advanced(bySeconds: -Self.skew), start) } ?? start
        guard try await connections.store.refusals(id, tenant: tenant, since: since) >= Self.burst else { return }
        let key = id.uuidString.lowercased()
        if let standsUntil = health.lastCheckedAt?.advanced(bySeconds: Self.standing), standsUntil > now {
            // the last calls of a burst may be refused for good: they are looked at again when the finding is old
            try await jobs.enqueue(
                NewJob(
                    ConnectionSignalsJob(nodes: [], refused: [id]), tenant: tenant, runAt: standsUntil,
                    uniqueKey: "refused:\(key)"))
            return
        }
        try await jobs.enqueue(NewJob(ConnectionCheckJob(id), tenant: tenant, uniqueKey: key))
    }
}
