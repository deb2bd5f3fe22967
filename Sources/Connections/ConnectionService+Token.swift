public import Domain
public import Foundation
import Providers
import Store
import Transfer

/// What a node calls an application with.
public struct AccessToken: Sendable {
    /// `Bearer`, `Basic`, or `api_key` where the application has a way of its own.
    public var type: String
    /// The secret.
    public var token: String
    /// The header that carries it.
    public var header: String
    /// When it runs out; nil when that is not known.
    public var expiresAt: Timestamp?
}

extension ConnectionService {
    /// A valid access token, renewed when that is due.
    /// - Parameters:
    ///   - id: the connection.
    ///   - tenant: whose.
    /// - Throws: `Problem`: not_found; conflict when the connection is switched off or a person has to authorise it;
    ///   unavailable when the application could not be asked. `VaultError`, `DatabaseError`.
    public func token(_ id: UUID, tenant: TenantID) async throws -> AccessToken {
        let stored = try await usable(id, tenant: tenant)
        let headers: [HTTPTransferHeader]
        do { headers = try client.authorization(of: stored.target) } catch { throw Self.problem(error) }
        guard let header = headers.first else { throw Self.needsPerson(stored.connection) }
        let expiresAt = stored.secrets.grant?.expiresAt
        // "Bearer …" and "Basic …" are told apart from it; what the application has a way of its own for is not
        let parts = header.value.split(separator: " ", maxSplits: 1)
        if header.name.lowercased() == "authorization", parts.count == 2 {
            return AccessToken(
                type: String(parts[0]), token: String(parts[1]), header: header.name, expiresAt: expiresAt)
        }
        return AccessToken(type: "api_key", token: header.value, header: header.name, expiresAt: expiresAt)
    }

    /// Secrets to call with now: the access token is renewed when that is due.
    func usable(_ id: UUID, tenant: TenantID) async throws -> StoredSecrets {
        let stored = try await stored(id, tenant)
        switch stored.connection.health.state {
        case .disabled: throw Problem(.conflict, "The connection \(stored.connection.name) is switched off.")
        // a person has authorised it since, and it could not be asked yet: calls will tell
        case .needsReauth where stored.connection.authorisedAt.map { $0 >= stored.connection.health.since } ?? false:
            break
        case .needsReauth: throw Self.needsPerson(stored.connection)
        case .healthy, .degraded: break
        }
        guard stored.connection.auth == .oauth2 else { return stored }
        guard let grant = stored.secrets.grant else { throw Self.needsPerson(stored.connection) }
        if grant.refreshToken == nil, let expiresAt = grant.expiresAt, expiresAt <= clock.now {
            let health = try await store.note(
                Self.ranOut(stored), id: id, tenant: tenant, version: stored.version, now: clock.now, canAskAgain: false
            )
            guard health?.state == .needsReauth else { return try await self.stored(id, tenant) }
            throw Self.needsPerson(try await self.stored(id, tenant).connection)
        }
        guard let renewAt = grant.renewAt, renewAt <= clock.now, grant.refreshToken != nil else { return stored }
        switch try await renew(stored, tenant: tenant) {
        case .renewed(let fresh): return fresh
        case .rejected(let words, let version):
            let health = try await store.note(
                .rejected(words), id: id, tenant: tenant, version: version, now: clock.now, canAskAgain: false)
            guard health?.state == .needsReauth else { return try await self.stored(id, tenant) }
            throw Problem(.conflict, "The connection \(stored.connection.name) has to be authorised again: \(words)")
        case .unavailable(let words, let seconds, let version):
            // the token at hand is good for some minutes yet
            if let expiresAt = grant.expiresAt, expiresAt > clock.now { return stored }
            _ = try await store.note(
                .unavailable(words, retryAfterSeconds: seconds), id: id, tenant: tenant, version: version,
                now: clock.now, canAskAgain: true)
            throw Problem(
                .unavailable, "The access token could not be renewed: \(words)",
                retryAfterSeconds: seconds.map { Int($0) } ?? 5)
        }
    }

    static func needsPerson(_ connection: Connection) -> Problem {
        Problem(
            .conflict,
            "The connection \(connection.name) has to be authorised: "
                + (connection.health.reason ?? ConnectionHealth.notAuthorisedYet))
    }
}
