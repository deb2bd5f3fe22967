public import Domain
public import Foundation
import Providers
import Store

extension ConnectionService {
    /// Looks at a connection now: renews its access token when that is due, asks the application whether what it calls with
    /// is good, and writes down what was found.
    ///
    /// Running twice is safe: it asks, and writes what it heard.
    /// - Parameters:
    ///   - id: the connection.
    ///   - tenant: whose.
    ///   - person: who asked for it; nil for the worker.
    /// - Returns: how the connection is; nil when it could not be asked anything, or is switched off.
    /// - Throws: `Problem` (not_found); `VaultError`, `DatabaseError`.
    @discardableResult
    public func check(
        _ id: UUID, tenant: TenantID, by person: UUID? = nil
    ) async throws -> (health: ConnectionHealth, outcome: CheckOutcome)? {
        try await check(stored(id, tenant), tenant, by: person)
    }

    private func check(
        _ stored: StoredSecrets, _ tenant: TenantID, by person: UUID?
    ) async throws -> (health: ConnectionHealth, outcome: CheckOutcome)? {
        let id = stored.connection.id
        guard stored.connection.health.state != .disabled else { return nil }
        guard let finding = try await look(at: stored, tenant) else {
            // nothing would ever be found out: its calls tell how it is
            try await store.restChecks(
                of: id, tenant: tenant, version: stored.version, until: stored.secrets.grant?.expiresAt,
                reason: Probe.nothingToAsk)
            return nil
        }
        let health = try await store.note(
            finding.outcome, id: id, tenant: tenant, version: finding.version, now: clock.now,
            canAskAgain: finding.canAskAgain, by: person)
        return health.map { ($0, finding.outcome) }
    }

    /// Looks at a connection if that is due, which it may not be any more.
    /// - Parameters:
    ///   - id: the connection.
    ///   - tenant: whose.
    ///   - now: by `app_now()`.
    /// - Returns: what was found; nil when nothing was asked.
    /// - Throws: `Problem` (not_found); `VaultError`, `DatabaseError`.
    public func checkIfDue(_ id: UUID, tenant: TenantID, now: Timestamp) async throws -> CheckOutcome? {
        let stored = try await stored(id, tenant)
        guard let due = stored.connection.nextCheckAt, due <= max(now, clock.now) else { return nil }
        return try await check(stored, tenant, by: nil)?.outcome
    }

    /// What a look found.
    private struct Finding {
        var outcome: CheckOutcome
        /// Of the secrets that were tried.
        var version: Int64
        /// Whether asking again later could find anything else though it was rejected.
        var canAskAgain = true
    }

    private func look(at stored: StoredSecrets, _ tenant: TenantID) async throws -> Finding? {
        guard stored.connection.auth == .oauth2 else {
            return await probe(stored).map { Finding(outcome: $0, version: stored.version) }
        }
        guard let grant = stored.secrets.grant else { return nil }
        let isDue = grant.renewAt.map { $0 <= clock.now } ?? false
        guard isDue else {
            guard let outcome = await probe(stored) else {
                // nothing to ask but the token endpoint
                return grant.refreshToken == nil ? nil : try await renewAndProbe(stored, tenant, isDue: true)
            }
            // the access token may have been taken back early; the refresh token decides
            if case .rejected = outcome, grant.refreshToken != nil {
                return try await renewAndProbe(stored, tenant, isDue: false)
            }
            return Finding(outcome: outcome, version: stored.version, canAskAgain: true)
        }
        guard grant.refreshToken != nil else {
            let isOver = grant.expiresAt.map { $0 <= clock.now } ?? false
            guard isOver else { return await probe(stored).map { Finding(outcome: $0, version: stored.version) } }
            return Finding(outcome: Self.ranOut(stored), version: stored.version, canAskAgain: false)
        }
        return try await renewAndProbe(stored, tenant, isDue: true)
    }

    /// What is found of an access token that is over and can't be renewed.
    static func ranOut(_ stored: StoredSecrets) -> CheckOutcome {
        .rejected(
            "Its access token has run out, and \(stored.connection.application.name) gave nothing to renew it with. "
                + "Reauthorise it.")
    }

    /// - Parameter isDue: whether it was time; else the access token was refused before its time, and the next one may be too.
    private func renewAndProbe(_ stored: StoredSecrets, _ tenant: TenantID, isDue: Bool) async throws -> Finding {
        switch try await renew(stored, tenant: tenant) {
        case .rejected(let words, let version):
            return Finding(outcome: .rejected(words), version: version, canAskAgain: false)
        case .unavailable(let words, let seconds, let version):
            return Finding(outcome: .unavailable(words, retryAfterSeconds: seconds), version: version)
        case .renewed(let fresh):
            // a renewed token is proof enough where the connection was healthy all along
            let isProven = isDue && stored.connection.health.state == .healthy
            let outcome = isProven ? nil : await probe(fresh)
            return Finding(outcome: outcome ?? .ok, version: fresh.version)
        }
    }

    func probe(_ stored: StoredSecrets) async -> CheckOutcome? {
        await client.probe(stored.target).outcome
    }
}
