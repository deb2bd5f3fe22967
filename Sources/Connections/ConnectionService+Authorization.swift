public import Domain
public import Foundation
import Providers
public import Store

extension ConnectionService {
    /// How coming back from an application ended.
    public enum Arrival: Sendable {
        /// The connection has a new grant; its health says whether a call succeeded with it.
        case authorised(Connection, ConnectionHealth)
        /// Nothing has changed; why, in a sentence.
        case refused(String)
    }

    /// What an application sends people back with.
    public struct Callback: Sendable {
        /// What the authorisation was begun with.
        public var state: String?
        /// What buys the grant.
        public var code: String?
        /// Who says so (RFC 9207).
        public var issuer: String?
        /// Why there is no code.
        public var error: String?
        /// The same in words.
        public var errorDescription: String?

        /// Puts it together; see the properties.
        public init(state: String?, code: String?, issuer: String?, error: String?, errorDescription: String?) {
            self.state = state
            self.code = code
            self.issuer = issuer
            self.error = error
            self.errorDescription = errorDescription
        }
    }

    /// Begins to authorise a connection, for the first time or again.
    /// - Parameters:
    ///   - id: the connection.
    ///   - tenant: whose.
    ///   - beginner: who wants to.
    ///   - acceptsOtherAccount: whether it may be another account at the application than before.
    /// - Returns: where to send the person.
    /// - Throws: `Problem`: not_found; conflict when the connection does not use OAuth or is switched off, or the application
    ///   is not set up. `VaultError`, `DatabaseError`.
    public func beginAuthorization(
        _ id: UUID, tenant: TenantID, by beginner: AuthorizationStore.Beginner, acceptsOtherAccount: Bool
    ) async throws -> String {
        let stored = try await stored(id, tenant)
        guard stored.connection.auth == .oauth2 else {
            throw Problem(
                .conflict,
                "This connection calls with credentials of its own: replace them by PATCH /v1/connections/\(id.uuidString.lowercased())."
            )
        }
        guard stored.connection.health.state != .disabled else {
            throw Problem(.conflict, "The connection \(stored.connection.name) is switched off.")
        }
        let verifier = PKCE.verifier()
        let application = stored.connection.application
        // once without a state, so that nothing is kept when the application is not set up
        func url(_ state: String) throws -> String {
            do {
                return try client.authorizeURL(
                    stored.target, state: state, codeChallenge: PKCE.challenge(of: verifier),
                    redirectURI: links.oauthCallback(application))
            } catch { throw Self.problem(error) }
        }
        _ = try url("")
        let state = try await authorizations.begin(
            tenant: tenant, connection: id, application: application, by: beginner,
            codeVerifier: verifier, acceptsOtherAccount: acceptsOtherAccount, now: clock.now)
        return try url(state)
    }

    /// Where people are sent who authorise a connection, as browsers name a server: `https://acme.zendesk.com`.
    /// - Parameter connection: any.
    /// - Returns: nil when it is authorised in another way, or its application is not set up.
    public func authorizationOrigin(of connection: Connection) -> String? {
        guard connection.auth == .oauth2 else { return nil }
        let target = ProviderTarget(
            application: connection.application, auth: connection.auth, settings: connection.settings,
            secrets: ConnectionSecrets(credentials: [:]))
        let url = try? client.authorizeURL(
            target, state: "", codeChallenge: "", redirectURI: links.oauthCallback(connection.application))
        return url.flatMap { try? OutgoingURL($0, longest: 8 << 10).origin }
    }

    /// Takes in what an application sent somebody back with.
    /// - Parameters:
    ///   - callback: what it sent.
    ///   - application: to whose address.
    ///   - person: who came; nil when nobody is signed in.
    /// - Throws: `VaultError`, `DatabaseError`.
    public func finishAuthorization(
        _ callback: Callback, application: Application, person: UUID?
    ) async throws -> Arrival {
        let pending: AuthorizationStore.Pending
        switch try await authorizations.take(
            callback.state ?? "", application: application, by: person, now: clock.now)
        {
        case .pending(let taken): pending = taken
        case .otherPerson:
            return .refused(
                person == nil
                    ? "Sign in as the person who began this, and begin again."
                    : "Somebody else began this. Begin again from the connection's page.")
        case nil:
            return .refused("This was used already, has run out, or was never begun here. Begin again.")
        }
        guard try await authorizations.isStillAllowed(pending, now: clock.now) else {
            return .refused("Whoever began this may no longer authorise connections. Nothing has changed.")
        }
        if let error = callback.error {
            let words = Self.words(error, callback.errorDescription)
            return .refused(
                error == "access_denied"
                    ? "\(application.name) was not given leave (\(words)). Nothing has changed."
                    : "\(application.name) refused: \(words).")
        }
        guard let stored = try await store.secrets(pending.connection, tenant: pending.tenant) else {
            return .refused("The connection was removed meanwhile.")
        }
        guard callback.issuer.map({ client.accepts(issuer: $0, stored.target) }) ?? true else {
            return .refused("The answer does not come from \(application.name). Nothing has changed.")
        }
        guard let code = callback.code, !code.isEmpty else {
            return .refused("\(application.name) sent no code. Begin again.")
        }
        // to its end though the browser goes away: the code is used up
        return try await Task { try await exchange(code, pending, stored, person: person) }.value
    }

    private func exchange(
        _ code: String, _ pending: AuthorizationStore.Pending, _ stored: StoredSecrets, person: UUID?
    ) async throws -> Arrival {
        let application = stored.connection.application
        var fresh = stored
        do {
            fresh.secrets.grant = try await client.exchange(
                stored.target, code: code, codeVerifier: pending.codeVerifier,
                redirectURI: links.oauthCallback(application), now: clock.now)
        } catch { return .refused(error.reason) }
        guard let grant = fresh.secrets.grant else { return .refused("\(application.name) granted nothing.") }
        let probe = await client.probe(fresh.target)
        if case .rejected(let words) = probe.outcome {
            return .refused("\(application.name) gave a token and then refused it: \(words)")
        }
        if let known = stored.accountID, probe.accountID == nil, !pending.acceptsOtherAccount,
            case .unavailable(let words, _) = probe.outcome
        {
            return .refused(
                "Whether this is the same account as before (\(stored.connection.account ?? known)) could not be found out: "
                    + "\(words) Begin again in a while.")
        }
        if let known = stored.accountID, let given = probe.accountID, known != given, !pending.acceptsOtherAccount {
            return .refused(
                "This is another account at \(application.name) than before"
                    + (stored.connection.account.map { " (it was \($0))" } ?? "")
                    + ". Sign in there as the same account, or make a new connection.")
        }
        // without a way to ask, the exchange itself is the call that succeeded
        _ = try await store.keepAuthorization(
            grant, accountID: probe.accountID, accountName: probe.accountName, id: pending.connection,
            tenant: pending.tenant, by: pending.userID ?? person, now: clock.now)
        let health = try await store.note(
            probe.outcome ?? .ok, id: pending.connection, tenant: pending.tenant, version: nil, now: clock.now,
            canAskAgain: true, by: pending.userID ?? person)
        guard let health, let connection = try await store.find(pending.connection, tenant: pending.tenant) else {
            return .refused("The connection was removed meanwhile.")
        }
        return .authorised(connection, health)
    }

    /// An application's words, which anybody could have put into an address.
    private static func words(_ error: String, _ description: String?) -> String {
        let code = error.visible.cut(at: 60)
        return description.map { "\(code): \($0.visible.cut(at: 200))" } ?? code
    }

    static func problem(_ failure: ProviderFailure) -> Problem {
        switch failure {
        case .rejected(let words), .misconfigured(let words): Problem(.conflict, words)
        case .forbidden(let words): Problem(.forbidden, words)
        case .unanswered(let words): Problem(.unavailable, words, retryAfterSeconds: 5)
        case .unavailable(let words, let seconds):
            Problem(.unavailable, words, retryAfterSeconds: seconds.map { Int($0) } ?? 5)
        }
    }
}
