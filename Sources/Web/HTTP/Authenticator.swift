import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Store
import Synchronization

/// Finds out who is calling.
///
/// A key's principal is remembered for a second at most: a revoked key, an expired one or a changed plan takes effect
/// within that, on every api process, without a look-up per request.
final class Authenticator: Sendable {
    private struct Remembered: Sendable {
        var principal: Principal?
        var until: ContinuousClock.Instant
    }

    private static let memory: Duration = .seconds(1)
    /// Keys remembered; past it the memory starts anew.
    private static let capacity = 20_000

    private let keys: APIKeyStore
    private let usage: KeyUsage
    private let remembered = Mutex<[String: Remembered]>([:])

    init(keys: APIKeyStore, usage: KeyUsage) {
        self.keys = keys
        self.usage = usage
    }

    /// Who sent a request.
    /// - Throws: `Problem` (unauthenticated) when nobody known did.
    func principal(of request: Request) async throws -> Principal {
        guard let header = request.headers[.authorization] else {
            throw Problem(.unauthenticated, "Send an API key: Authorization: Bearer ct_live_….")
        }
        guard header.count > 7, header.prefix(7).lowercased() == "bearer " else {
            throw Problem(.unauthenticated, "The Authorization header is not of the form Bearer <API key>.")
        }
        guard let principal = try await principal(ofKey: String(header.dropFirst(7))) else {
            throw Problem(.unauthenticated, "This API key is not known, has expired or was revoked.")
        }
        if case .apiKey(let id, _) = principal.identity { usage.note(id, tenant: principal.tenant.id) }
        return principal
    }

    private func principal(ofKey text: String) async throws -> Principal? {
        let now = ContinuousClock.now
        if let known = remembered.withLock({ $0[text] }), known.until > now { return known.principal }
        guard let key = APIKeyText(text) else {
            throw Problem(.unauthenticated, "This is not an API key; it may have been cut or mistyped.")
        }
        let principal = try await keys.principal(key)
        remembered.withLock { remembered in
            if remembered.count >= Self.capacity { remembered.removeAll() }
            remembered[text] = Remembered(principal: principal, until: now + Self.memory)
        }
        return principal
    }
}
