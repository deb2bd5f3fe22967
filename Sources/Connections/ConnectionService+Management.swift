public import Domain
public import Foundation
import Logging
import Providers
public import Store

extension ConnectionService {
    /// What to make of a connection.
    public struct Proposal: Sendable {
        /// What it gives access to.
        public var application: Application
        /// How it proves who calls.
        public var auth: ConnectionAuth
        /// 1…200 characters, for people.
        public var name: String
        /// Secret and other, by the names of the catalogue.
        public var credentials: [String: String]
        /// What calls with it.
        public var nodes: [ConnectionNode]

        /// Puts it together; see the properties.
        public init(
            application: Application, auth: ConnectionAuth, name: String, credentials: [String: String],
            nodes: [ConnectionNode]
        ) {
            self.application = application
            self.auth = auth
            self.name = name
            self.credentials = credentials
            self.nodes = nodes
        }
    }

    /// Makes a connection. One with OAuth waits for a person to authorise it; the others are checked soon.
    /// - Parameters:
    ///   - proposal: what to make.
    ///   - tenant: whose.
    ///   - creator: who makes it; nil for a program.
    /// - Throws: `Problem`: invalid_parameter with what is wrong with the credentials, conflict when the name is taken or
    ///   there are too many; `VaultError`, `DatabaseError`.
    public func create(_ proposal: Proposal, tenant: TenantID, creator: UUID?) async throws -> Connection {
        let (settings, secrets) = try read(
            proposal.credentials, application: proposal.application, auth: proposal.auth)
        return try await store.create(
            tenant: tenant,
            NewConnection(
                name: proposal.name, application: proposal.application, auth: proposal.auth, settings: settings,
                credentials: secrets, nodes: proposal.nodes),
            creator: creator, now: clock.now)
    }

    /// Changes a connection.
    /// - Parameters:
    ///   - id: the connection.
    ///   - tenant: whose.
    ///   - change: what else to change.
    ///   - credentials: new ones, which replace all of the old; nil leaves them.
    ///   - person: who changes it; nil for a program.
    /// - Returns: the connection as it is now.
    /// - Throws: `Problem`, also for an unknown id; `VaultError`, `DatabaseError`.
    public func update(
        _ id: UUID, tenant: TenantID, _ change: ConnectionChange, credentials: [String: String]?, by person: UUID?
    ) async throws -> Connection {
        var change = change
        if let credentials {
            guard let old = try await store.find(id, tenant: tenant) else { throw Self.unknown }
            let (settings, secrets) = try read(credentials, application: old.application, auth: old.auth)
            // what was granted at one address must not be sent to another
            guard old.auth != .oauth2 || Self.addresses(settings) == Self.addresses(old.settings) else {
                throw Problem(
                    .conflict,
                    "Addresses of a connection that people authorise can't be changed; make another connection.")
            }
            change.settings = settings
            change.credentials = secrets
        }
        let changed = try await store.update(id, tenant: tenant, change, by: person, now: clock.now)
        guard changed != nil else { throw Self.unknown }
        if credentials != nil { _ = try await check(id, tenant: tenant, by: person) }
        guard let connection = try await store.find(id, tenant: tenant) else { throw Self.unknown }
        return connection
    }

    /// Removes a connection, and asks the application to take its grant back.
    /// - Parameters:
    ///   - id: the connection.
    ///   - tenant: whose.
    /// - Throws: `Problem` (not_found); `VaultError`, `DatabaseError`.
    public func remove(_ id: UUID, tenant: TenantID) async throws {
        guard let (connection, secrets) = try await store.remove(id, tenant: tenant) else { throw Self.unknown }
        guard secrets.grant != nil else { return }
        let target = ProviderTarget(
            application: connection.application, auth: connection.auth, settings: connection.settings, secrets: secrets)
        do { try await client.revoke(target) } catch {
            // it is gone here in any case, and the application's administrator can take it back too
            logger.notice(
                "a removed connection's grant was not revoked",
                metadata: ["connection": "\(id)", "because": "\(error.reason)"])
        }
    }

    /// What decides where calls go.
    private static func addresses(_ settings: [String: String]) -> [String: String] {
        settings.filter { !["client_id", "scopes", "username", "header", "prefix"].contains($0.key) }
    }

    /// Splits credentials into what is secret and what is not.
    private func read(
        _ credentials: [String: String], application: Application, auth: ConnectionAuth
    ) throws(Problem) -> (settings: [String: String], secrets: [String: String]) {
        switch catalogue.read(credentials: credentials, for: application, auth: auth) {
        case .success(let read): return (read.settings, read.secrets)
        case .failure(let refusal):
            throw Problem(
                .invalidParameter, "The credentials can't be used; errors says why.",
                issues: refusal.issues.map { issue in
                    // an issue about no member in particular is about the kind of authentication
                    let isAboutAuth = issue.member.isEmpty && issue.code == .invalidFormat
                    let pointer = isAboutAuth ? "/auth" : "/credentials/\(Problem.pointerToken(issue.member))"
                    return Problem.Issue(.pointer(pointer), code: issue.code.rawValue, detail: issue.detail)
                })
        }
    }
}
