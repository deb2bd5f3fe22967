import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Store
import Synchronization

/// Finds out who is calling: a program by its key, a person by the token of their session, sent as bearer or as cookie.
///
/// Who it is is remembered for a second at most: a revoked key, a changed role or plan takes effect within that, on every api
/// process, without a look-up per request.
final class Authenticator: Sendable {
    /// A key that is known and no longer in force.
    struct EndedKey: Sendable {
        var tenant: TenantID
        var id: UUID
        var name: String
    }

    private struct Remembered: Sendable {
        var principal: Principal?
        var until: ContinuousClock.Instant
    }

    private static let memory: Duration = .seconds(1)
    /// Tokens remembered; past it the memory starts anew.
    private static let capacity = 20_000

    private let keys: APIKeyStore
    private let sessions: SessionStore
    private let usage: CredentialUsage
    private let clock: DatabaseClock
    private let cookies: SessionCookie
    private let remembered = Mutex<[String: Remembered]>([:])

    init(
        keys: APIKeyStore, sessions: SessionStore, usage: CredentialUsage, clock: DatabaseClock, cookies: SessionCookie
    ) {
        self.keys = keys
        self.sessions = sessions
        self.usage = usage
        self.clock = clock
        self.cookies = cookies
    }

    /// Who sent a request.
    /// - Parameters:
    ///   - request: with a key or token.
    ///   - onEndedKey: told of a key that was revoked or has expired, about once a second for each.
    /// - Throws: `Problem` (unauthenticated) when nobody known did; (forbidden) for a cookie that another site made the
    ///   browser send.
    func principal(of request: Request, onEndedKey: (EndedKey) -> Void) async throws -> Principal {
        let token = try credential(of: request)
        // only what can be a key or a token is looked up and remembered
        guard token.utf8.count <= 64 else { throw Self.unknown }
        let now = ContinuousClock.now
        if let known = remembered.withLock({ $0[token] }), known.until > now {
            return try accept(known.principal, token)
        }
        let principal = try await lookUp(token)
        if principal == nil, let ended = try await endedKey(token) { onEndedKey(ended) }
        remembered.withLock { remembered in
            if remembered.count >= Self.capacity { remembered.removeAll() }
            remembered[token] = Remembered(principal: principal, until: now + Self.memory)
        }
        return try accept(principal, token)
    }

    /// The key or token that a request brings.
    /// - Throws: `Problem`.
    func credential(of request: Request) throws(Problem) -> String {
        if let header = request.headers[.authorization] {
            guard header.count > 7, header.prefix(7).lowercased() == "bearer " else {
                throw Problem(.unauthenticated, "The Authorization header is not of the form Bearer <key or token>.")
            }
            return String(header.dropFirst(7))
        }
        guard let token = cookies.token(in: request.headers) else {
            throw Problem(.unauthenticated, "Send an API key or a session's token: Authorization: Bearer ….")
        }
        try cookies.refuseForeign(request)
        return token
    }

    /// Forgets what was remembered of a token, after its session ended here.
    func forget(_ token: String) { remembered.withLock { $0[token] = nil } }

    private func lookUp(_ token: String) async throws -> Principal? {
        guard token.hasPrefix("ct_") else {
            guard SessionStore.isToken(token) else { throw Self.unknown }
            return try await sessions.find(token, now: clock.now)?.principal
        }
        guard let key = APIKeyText(token) else {
            throw Problem(.unauthenticated, "This is not an API key; it may have been cut or mistyped.")
        }
        return try await keys.principal(key)
    }

    private func endedKey(_ token: String) async throws -> EndedKey? {
        guard let key = APIKeyText(token), let ended = try await keys.ended(key) else { return nil }
        return EndedKey(tenant: key.tenantID, id: ended.id, name: ended.name)
    }

    private static let unknown = Problem(
        .unauthenticated, "This key or token is not known, has expired or was revoked.")

    private func accept(_ principal: Principal?, _ token: String) throws(Problem) -> Principal {
        guard let principal else { throw Self.unknown }
        usage.note(principal, token: token)
        return principal
    }
}
