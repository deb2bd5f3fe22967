public import Domain
public import Foundation
import Postgres
public import Vault

/// Authorisations by OAuth that people have begun and whose answer is awaited.
///
/// A browser carries the state there and back; the database knows it by its hash. It is good once, for ten minutes, for the
/// application that it was made for, and for the person who began.
public struct AuthorizationStore: Sendable {
    /// Seconds that an answer is awaited.
    public static let seconds: Int64 = 600
    static let table = "connection_authorization"

    /// Who begins an authorisation.
    public enum Beginner: Sendable, Hashable {
        /// A person, who must be the one to end it.
        case person(UUID)
        /// A program, by its API key; whoever has the state may end it.
        case key(UUID)
    }

    /// An authorisation whose answer has come.
    public struct Pending: Sendable, Hashable {
        /// Whose connection.
        public var tenant: TenantID
        /// What is authorised.
        public var connection: UUID
        /// The person who began it; nil for an API key.
        public var userID: UUID?
        /// The API key that began it; nil for a person.
        public var apiKeyID: UUID?
        /// PKCE's (RFC 7636).
        public var codeVerifier: String
        /// Whether the connection may come to be another account's.
        public var acceptsOtherAccount: Bool
    }

    /// What a state was good for.
    public enum Taken: Sendable, Hashable {
        /// It was good, and is used up.
        case pending(Pending)
        /// Somebody else began it; it is still good for them.
        case otherPerson
    }

    private let database: Database
    private let vault: Vault

    /// Works on a database.
    /// - Parameters:
    ///   - database: a migrated one.
    ///   - vault: seals and opens.
    public init(database: Database, vault: Vault) {
        self.database = database
        self.vault = vault
    }

    /// Begins an authorisation.
    /// - Parameters:
    ///   - tenant: whose connection.
    ///   - connection: what is authorised.
    ///   - application: whose answer is awaited.
    ///   - beginner: who begins it.
    ///   - codeVerifier: PKCE's.
    ///   - acceptsOtherAccount: whether the connection may come to be another account's.
    ///   - now: by `app_now()`.
    /// - Returns: the state: base64url of 32 random bytes.
    /// - Throws: `Problem` (not_found) when there is no such connection; `VaultError`, `DatabaseError`.
    public func begin(
        tenant: TenantID, connection: UUID, application: Application, by beginner: Beginner, codeVerifier: String,
        acceptsOtherAccount: Bool, now: Timestamp
    ) async throws -> String {
        let state = SecretToken.generate()
        let sealed = try vault.seal(codeVerifier, Self.place(tenant, state.hash))
        let (userID, keyID): (UUID?, UUID?) =
            switch beginner {
            case .person(let id): (id, nil)
            case .key(let id): (nil, id)
            }
        let begun = try await database.execute(
            """
            insert into connection_authorization (tenant_id, state_hash, connection_id, application, user_id, api_key_id,
                                                  sealed_verifier, accepts_other_account, created_at, expires_at)
            select tenant_id, \(state.hash), connection_id, application, \(userID), \(keyID), \(sealed),
                   \(acceptsOtherAccount), \(now), \(now.advanced(bySeconds: Self.seconds))
            from connection
            where tenant_id = \(tenant) and connection_id = \(connection) and application = \(application.rawValue)
            """, in: .tenant(tenant))
        guard begun == 1 else { throw Problem(.notFound, "There is no such connection.") }
        return state.text
    }

    /// Uses a state up, when it is good. The answer names no tenant, so all tenants' are looked at.
    /// - Parameters:
    ///   - state: as the browser brought it.
    ///   - application: whose answer it is.
    ///   - person: who brought it; nil when nobody is signed in.
    ///   - now: by `app_now()`.
    /// - Returns: nil when it is used, expired, unknown, or another application's: which of them is nobody's business.
    /// - Throws: `VaultError` when the verifier does not open; the state is used up all the same. `DatabaseError`.
    public func take(
        _ state: String, application: Application, by person: UUID?, now: Timestamp
    ) async throws -> Taken? {
        let hash = SecretToken.hash(of: state)
        let found = try await database.transaction(in: .everyTenant) { transaction -> (Pending?, [UInt8])? in
            let held = try transaction.first(
                """
                select tenant_id, connection_id, user_id, api_key_id, accepts_other_account, sealed_verifier
                from connection_authorization
                where state_hash = \(hash) and application = \(application.rawValue) and expires_at > \(now)
                for update
                """
            ) { row in
                let (tenant, connection, userID, keyID, acceptsOther, sealed) = try row.decode(
                    TenantID.self, UUID.self, UUID?.self, UUID?.self, Bool.self, [UInt8].self)
                return (
                    Pending(
                        tenant: tenant, connection: connection, userID: userID, apiKeyID: keyID, codeVerifier: "",
                        acceptsOtherAccount: acceptsOther), sealed
                )
            }
            guard let (pending, sealed) = held else { return nil }
            guard pending.userID == nil || pending.userID == person else { return (nil, []) }
            try transaction.execute(
                """
                delete from connection_authorization where tenant_id = \(pending.tenant) and state_hash = \(hash)
                """)
            return (pending, sealed)
        }
        guard let (pending, sealed) = found else { return nil }
        guard var pending else { return .otherPerson }
        pending.codeVerifier = try vault.open(sealed, Self.place(pending.tenant, hash))
        return .pending(pending)
    }

    /// Whether whoever began an authorisation may still do so: ten minutes are long enough to lose a role or a key.
    /// - Parameters:
    ///   - pending: as `take` gave it.
    ///   - now: by `app_now()`.
    /// - Throws: `DatabaseError`.
    public func isStillAllowed(_ pending: Pending, now: Timestamp) async throws -> Bool {
        let roles = Role.allCases.filter { Permission.connectionsReauthorise.isGranted(to: $0) }.map(\.rawValue)
        let scopes = Scope.allCases.filter { Permission.connectionsReauthorise.isGranted(to: $0) }.map(\.rawValue)
        return try await database.query(
            """
            select exists (select from membership m join app_user u on u.user_id = m.user_id
                           where m.tenant_id = \(pending.tenant) and m.user_id = \(pending.userID) and m.disabled_at is null
                             and u.disabled_at is null and m.role = any(\(roles)))
                or exists (select from api_key
                           where tenant_id = \(pending.tenant) and key_id = \(pending.apiKeyID) and revoked_at is null
                             and coalesce(expires_at > \(now), true) and scopes && \(scopes))
            """, in: .everyTenant
        ) { row in try row.decode(Bool.self, at: 0) }.first ?? false
    }

    /// Deletes what has expired.
    /// - Parameter now: by `app_now()`.
    /// - Returns: how many went.
    /// - Throws: `DatabaseError`.
    @discardableResult
    public func sweep(now: Timestamp) async throws -> Int {
        try await database.execute("delete from connection_authorization where expires_at <= \(now)", in: .everyTenant)
    }

    static func place(_ tenant: TenantID, _ hash: [UInt8]) -> SecretPlace {
        SecretPlace(tenant: tenant, table: table, row: rowName(hash), column: "sealed_verifier")
    }

    /// As `encode(state_hash, 'hex')` writes it.
    private static func rowName(_ hash: [UInt8]) -> String {
        let digits = Array("0123456789abcdef")
        return String(hash.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
