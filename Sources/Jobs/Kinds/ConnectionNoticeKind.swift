public import Domain
import Foundation
public import Logging
public import Store

/// Decides who is told that a connection broke, or works again, and writes every decision into the ledger.
///
/// Running twice is safe: a decision that stands in the ledger is not taken again, and the ledger, the jobs that send and
/// the end of this job are one transaction.
public struct ConnectionNoticeKind: JobKind {
    /// Decisions are quick.
    public let limits = JobLimits {
        $0.attempts = 20
        $0.timeout = .seconds(60)
        $0.concurrency = 4
        $0.backoff = Backoff(first: 2, factor: 2, longest: 600)
    }

    private let connections: ConnectionStore
    private let ledger: NotificationStore
    private let links: PublicLinks
    private let mailDomain: String
    private let logger: Logger

    /// Prepares to decide.
    /// - Parameters:
    ///   - connections: knows what was hit.
    ///   - ledger: takes the decisions.
    ///   - links: where people read more.
    ///   - mailDomain: the part of a mail's Message-ID behind the `@`.
    ///   - logger: for what could not be found out.
    public init(
        connections: ConnectionStore, ledger: NotificationStore, links: PublicLinks, mailDomain: String, logger: Logger
    ) {
        self.connections = connections
        self.ledger = ledger
        self.links = links
        self.mailDomain = mailDomain
        self.logger = logger
    }

    /// Decides about one change.
    public func run(_ payload: ConnectionNoticeJob, _ run: JobRun) async throws -> JobOutcome {
        guard let tenant = run.tenant else { return .dead("a connection without a tenant") }
        guard let found = try await ledger.connectionCase(payload.connection, tenant: tenant) else {
            return .done("the connection was removed")
        }
        let brokenSince = payload.brokenSince.map(Timestamp.init(microseconds:))
        // a recovery tells what had been hit meanwhile
        let impact = await impact(
            of: payload.connection, since: brokenSince ?? found.connection.health.since,
            lastOKAt: payload.change == .broken ? found.connection.health.lastOKAt : nil, tenant, run.now)
        let news = ConnectionNews(
            found.connection, payload.change, brokenSince: brokenSince, impact: impact, tenantName: found.tenantName,
            links: links)
        let plan: NotificationPlan
        if isOutdated(payload, found.connection) {
            plan = NotificationPlan(suppressing: "it was over before anybody could be told")
            // the next break is news again
            if payload.change == .broken {
                try await connections.forgetTelling(of: payload.connection, tenant: tenant, before: run.now)
            }
        } else if let brokenSince, try await !wasTold(payload.connection, brokenSince, tenant) {
            plan = NotificationPlan(suppressing: "nobody was told that it broke")
        } else {
            plan = NotificationPlan(
                .reauthorise, people: found.people, hooks: found.hooks, settings: found.settings, now: run.now)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        try await ledger.record(
            plan, event: .reauthorise,
            subjectKey: Self.subjectKey(payload.connection, payload.change, payload.at),
            facts: String(decoding: try encoder.encode(news), as: UTF8.self), botKey: nil, entryID: nil,
            mailDomain: mailDomain, tenant: tenant, lease: run.lease, now: run.now)
        return .finished
    }

    /// What a change is called in the ledger.
    private static func subjectKey(_ id: UUID, _ change: ConnectionHealth.Change, _ at: Int64) -> String {
        "\(id.uuidString.lowercased()):\(change.rawValue):\(at)"
    }

    private func wasTold(_ id: UUID, _ brokenSince: Timestamp, _ tenant: TenantID) async throws -> Bool {
        try await ledger.wasTold(of: Self.subjectKey(id, .broken, brokenSince.microseconds), tenant: tenant)
    }

    /// Whether the connection is no longer as the job says: it was mended, or broke again, before the job ran.
    private func isOutdated(_ payload: ConnectionNoticeJob, _ connection: Connection) -> Bool {
        switch payload.change {
        case .broken: connection.health.state != .needsReauth
        case .recovered: connection.health.state == .needsReauth
        }
    }

    /// A message without it is better than none.
    private func impact(
        of id: UUID, since: Timestamp, lastOKAt: Timestamp?, _ tenant: TenantID, _ now: Timestamp
    ) async -> ConnectionImpact? {
        do {
            return try await connections.impact(of: id, tenant: tenant, since: since, lastOKAt: lastOKAt, now: now)
        } catch {
            logger.warning("what a connection's end hit could not be found out", metadata: ["error": "\(error)"])
            return nil
        }
    }
}
