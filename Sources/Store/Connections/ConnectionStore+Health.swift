public import Domain
public import Foundation
import Postgres

extension ConnectionStore {
    /// People are told at most once in so many seconds that a connection broke, unless somebody authorised it in between.
    static let tellAgainSeconds: Int64 = 6 * 3_600
    /// Unicode scalars of a reason.
    static let longestReason = 500

    /// Takes in what a check, a refresh or a call found out: state, next check, nodes, history, and who is to be told, all or
    /// nothing. Of a connection that is switched off, or that nobody has authorised yet, nothing can be found out.
    ///
    /// A break that comes too soon after people were told of another one is told of when that is long enough ago, if it is
    /// still broken then.
    /// - Parameters:
    ///   - outcome: what was found out.
    ///   - id: the connection.
    ///   - tenant: whose connection.
    ///   - version: of the secrets that it was found out with; when they are others by now it does not count. Nil for what
    ///     holds whatever they are.
    ///   - now: by `app_now()`.
    ///   - canAskAgain: whether another check of a connection that was refused could find anything else.
    ///   - user: who asked for it; nil for nobody in particular.
    /// - Returns: how the connection is now; nil when there is none.
    /// - Throws: `DatabaseError`.
    @discardableResult
    public func note(
        _ outcome: CheckOutcome, id: UUID, tenant: TenantID, version: Int64?, now: Timestamp, canAskAgain: Bool,
        by user: UUID? = nil
    ) async throws -> ConnectionHealth? {
        let outcome = outcome.inOneLine(longest: Self.longestReason)
        let spread = Double.random(in: 0...1)
        let (health, isToldOf) = try await database.transaction(in: .tenant(tenant)) { transaction in
            guard let standing = try Self.lock(id, tenant: tenant, transaction) else {
                return (ConnectionHealth?.none, false)
            }
            guard standing.health.state != .disabled, standing.authorisedAt != nil,
                version == nil || version == standing.version
            else {
                try transaction.execute(
                    """
                    update connection set check_claimed_until = null
                    where tenant_id = \(tenant) and connection_id = \(id) and check_claimed_until is not null
                    """)
                return (standing.health, false)
            }
            var health = standing.health
            let change = health.take(outcome, now: now)
            let turn = ConnectionTurn(from: standing, to: health, change: change, now: now)
            var nextCheck = health.nextCheck(
                after: now, renewAt: standing.renewAt, canAsk: canAskAgain,
                isAuthorisedSince: standing.isAuthorisedSince,
                retryAfterSeconds: outcome.retryAfterSeconds, spread: spread)
            if let toldLater = turn.toldLater { nextCheck = min(nextCheck ?? toldLater, toldLater) }
            try Self.write(health, nextCheckAt: nextCheck, of: id, tenant: tenant, transaction)
            try Self.record(turn, of: id, tenant: tenant, now: now, by: user, transaction)
            return (health, turn.notice != nil)
        }
        if isToldOf { database.jobSignal.send() }
        return health
    }

    /// What comes of an outcome: nodes, history, and a job for those who are to be told.
    private static func record(
        _ turn: ConnectionTurn, of id: UUID, tenant: TenantID, now: Timestamp, by user: UUID?,
        _ transaction: isolated PostgresConnection
    ) throws {
        if let kind = turn.event {
            switch kind {
            case .broken: try mark(.broken, nodesOf: id, tenant: tenant, transaction)
            case .recovered: try mark(.attached, nodesOf: id, tenant: tenant, transaction)
            default: break
            }
            let event = ConnectionEvent(kind, at: now, detail: turn.detail, userID: user)
            try note(event, of: id, tenant: tenant, transaction)
        }
        guard let change = turn.notice else { return }
        if change == .broken {
            try transaction.execute(
                "update connection set told_at = \(now) where tenant_id = \(tenant) and connection_id = \(id)")
        }
        let notice = ConnectionNoticeJob(id, change, at: turn.since, brokenSince: turn.brokenSince)
        let key = "\(id.uuidString.lowercased()):\(turn.since.microseconds)"
        try JobQueue.enqueue([NewJob(notice, tenant: tenant, uniqueKey: key)], transaction)
    }
}

extension CheckOutcome {
    fileprivate var retryAfterSeconds: Int64? {
        guard case .unavailable(_, let seconds) = self else { return nil }
        return seconds
    }

    /// With a reason that the database can hold, whatever the application said.
    fileprivate func inOneLine(longest: Int) -> CheckOutcome {
        switch self {
        case .ok: self
        case .rejected(let reason): .rejected(reason.plainLine(longest: longest))
        case .unavailable(let reason, let seconds):
            .unavailable(reason.plainLine(longest: longest), retryAfterSeconds: seconds)
        }
    }
}
