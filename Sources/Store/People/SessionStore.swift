public import Domain
public import Foundation
import Postgres

/// Signing in and being signed in. Only a token's hash is stored.
public struct SessionStore: Sendable {
    /// A session that was just begun: its token is shown this once.
    public struct NewSession: Sendable {
        /// What the person sends as bearer token or cookie.
        public var token: String
        /// The session.
        public var session: Session
    }

    /// Seconds a session lives without being used.
    static let idleSeconds: Int64 = 12 * 3600
    /// Seconds a session lives at the most.
    static let longestSeconds: Int64 = 7 * 86_400

    let database: Database
    let throttle: SignInThrottleStore
    private let audit: AuditRecorder?

    /// Works on a database.
    /// - Parameters:
    ///   - database: a migrated one.
    ///   - audit: records who failed to sign in; beside the answer, which tells nobody by its time who has an account.
    public init(database: Database, audit: AuditRecorder? = nil) {
        self.database = database
        self.audit = audit
        throttle = SignInThrottleStore(database: database)
    }

    /// Signs a person in.
    ///
    /// A wrong password, an unknown address, a person without a password and one who belongs to no tenant all get the same
    /// answer after the same time.
    /// - Parameters:
    ///   - email: as typed.
    ///   - password: as typed.
    ///   - tenant: which of the person's tenants to look at; nil for the one they joined first.
    ///   - address: where the request came from.
    ///   - now: by `app_now()`.
    /// - Throws: `Problem` (unauthenticated, rate_limited); `DatabaseError`.
    public func signIn(
        email: String, password: String, tenant: TenantID?, address: String, now: Timestamp
    ) async throws -> NewSession {
        let account = EmailAddress(email)?.text ?? email.lowercased()
        let refusal = try await throttle.signIn(account: account, tenant: tenant, address: address, now: now)
        if let refusal {
            if let (userID, tenant) = refusal.first {
                noteFailure(of: userID, account, tenant, isRefused: true, now: now)
            }
            throw Problem(.rateLimited, "Too many attempts to sign in.", retryAfterSeconds: refusal.seconds)
        }
        let found = try await database.query(
            """
            select u.user_id, u.password_hash, m.tenant_id
            from app_user u left join membership m on m.user_id = u.user_id
            where u.email = \(account) and u.disabled_at is null and (\(tenant)::integer is null or m.tenant_id = \(tenant))
            order by m.created_at, m.tenant_id limit 1
            """, in: .everyTenant
        ) { row in try row.decode(UUID.self, String?.self, TenantID?.self) }.first
        let isRight = try await PasswordHash.matches(password, found?.1)
        guard isRight, let userID = found?.0, let session = try await begin(userID, tenant: tenant, now: now) else {
            if let (userID, _, tenant) = found, let tenant { noteFailure(of: userID, account, tenant, now: now) }
            throw Problem(.unauthenticated, "The address or the password is wrong.")
        }
        try await throttle.forget(account: account)
        return session
    }

    /// Begins a session for a person whose identity is established.
    /// - Returns: nil when the person belongs to no such tenant.
    func begin(_ userID: UUID, tenant: TenantID?, now: Timestamp) async throws -> NewSession? {
        let token = SecretToken.generate()
        let expires = now.advanced(bySeconds: Self.idleSeconds)
        let ends = now.advanced(bySeconds: Self.longestSeconds)
        let statement: SQL = """
            insert into session (token_hash, user_id, tenant_id, created_at, last_used_at, expires_at, ends_at)
            select \(token.hash), m.user_id, m.tenant_id, \(now), \(now), \(expires), \(ends)
            from membership m join app_user u on u.user_id = m.user_id
            where m.user_id = \(userID) and m.disabled_at is null and u.disabled_at is null
              and (\(tenant)::integer is null or m.tenant_id = \(tenant))
            order by m.created_at, m.tenant_id limit 1
            returning user_id, tenant_id
            """
        return try await begin(by: statement, token, now: now)
    }

    /// Begins a session by a statement that gives its person and tenant, and records that in the tenant's audit log.
    private func begin(by statement: SQL, _ token: SecretToken, now: Timestamp) async throws -> NewSession? {
        try await database.transaction(in: .everyTenant) { transaction in
            let begun = try transaction.first(statement) { row in try row.decode(UUID.self, TenantID.self) }
            guard let (userID, tenant) = begun else { return }
            let email = try transaction.first("select email from app_user where user_id = \(userID)") { row in
                try row.decode(String.self, at: 0)
            }
            var entry = try AuditLog.entry(.loginSucceeded, transaction)
            entry.userID = userID
            entry.sender = email
            entry.value = email
            try AuditLog.append([entry], tenant: tenant, transaction)
        }
        guard let session = try await find(token.text, now: now) else { return nil }
        return NewSession(token: token.text, session: session)
    }

    private func noteFailure(
        of userID: UUID, _ account: String, _ tenant: TenantID, isRefused: Bool = false, now: Timestamp
    ) {
        var entry = AuditOrigin.current?.entry(.loginFailed) ?? NewAuditEntry(.loginFailed, at: now)
        entry.userID = userID
        // nobody is signed in: the address is the one that was tried
        entry.sender = nil
        entry.value = account
        // the password was not looked at
        if isRefused { entry.data = #"{"outcome":"throttled"}"# }
        audit?.record(entry, tenant: tenant)
    }

    /// Whether a text has the form of a token: base64url of 32 bytes.
    /// - Parameter text: as sent.
    public static func isToken(_ text: String) -> Bool {
        text.utf8.count == 43
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    /// The session of a token, when it is in force.
    /// - Parameters:
    ///   - token: as sent.
    ///   - now: by `app_now()`.
    /// - Throws: `DatabaseError`.
    public func find(_ token: String, now: Timestamp) async throws -> Session? {
        try await database.query(
            """
            select s.user_id, u.email, u.name, s.expires_at, m.role, t.tenant_id, t.name, t.plan, t.module,
                   t.redaction_key
            from session s
            join app_user u on u.user_id = s.user_id
            join membership m on m.tenant_id = s.tenant_id and m.user_id = s.user_id
            join tenant t on t.tenant_id = s.tenant_id
            where s.token_hash = \(SecretToken.hash(of: token)) and s.expires_at > \(now)
              and u.disabled_at is null and m.disabled_at is null
            """, in: .everyTenant, Self.session
        ).first ?? nil
    }

    /// Prolongs sessions that are being used.
    /// - Parameters:
    ///   - token: as sent.
    ///   - now: by `app_now()`.
    /// - Throws: `DatabaseError`.
    public func touch(_ token: String, now: Timestamp) async throws {
        let expires = now.advanced(bySeconds: Self.idleSeconds)
        _ = try await database.execute(
            """
            update session set last_used_at = \(now), expires_at = least(\(expires), ends_at)
            where token_hash = \(SecretToken.hash(of: token)) and expires_at > \(now)
            """, in: .everyTenant)
    }

    /// Ends a session.
    /// - Parameter token: as sent.
    /// - Throws: `DatabaseError`.
    public func end(_ token: String) async throws {
        _ = try await database.execute(
            "delete from session where token_hash = \(SecretToken.hash(of: token))", in: .everyTenant)
    }

    /// Turns a session to another of the person's tenants: the old token ends, a new one begins, and lives no longer than the
    /// old one could have.
    /// - Parameters:
    ///   - token: as sent.
    ///   - tenant: where to look.
    ///   - now: by `app_now()`.
    /// - Throws: `Problem` (not_found) when the person does not belong there; `DatabaseError`.
    public func move(_ token: String, to tenant: TenantID, now: Timestamp) async throws -> NewSession {
        let new = SecretToken.generate()
        // one statement, so that a token that is sent twice at once begins one session
        let statement: SQL = """
            with old as (
                delete from session s using membership m, app_user u
                where s.token_hash = \(SecretToken.hash(of: token)) and s.expires_at > \(now)
                  and m.user_id = s.user_id and m.tenant_id = \(tenant) and m.disabled_at is null
                  and u.user_id = s.user_id and u.disabled_at is null
                returning s.user_id, s.ends_at
            )
            insert into session (token_hash, user_id, tenant_id, created_at, last_used_at, expires_at, ends_at)
            select \(new.hash), user_id, \(tenant), \(now), \(now),
                   least(\(now.advanced(bySeconds: Self.idleSeconds)), ends_at), ends_at
            from old
            returning user_id, tenant_id
            """
        guard let begun = try await begin(by: statement, new, now: now) else {
            throw Problem(.notFound, "You belong to no such tenant.")
        }
        return begun
    }

    /// The tenants a person belongs to, and their role in each, in the order in which they joined.
    /// - Parameter userID: the person.
    /// - Throws: `DatabaseError`.
    public func tenants(of userID: UUID) async throws -> [(tenant: Tenant, role: Role)] {
        try await database.query(
            """
            select t.tenant_id, t.name, t.plan, t.module, m.role
            from membership m join tenant t on t.tenant_id = m.tenant_id
            where m.user_id = \(userID) and m.disabled_at is null order by m.created_at, m.tenant_id
            """, in: .everyTenant
        ) { row in
            let (id, name, plan, module, role) = try row.decode(
                TenantID.self, String.self, String.self, String.self, String.self)
            let tenant = Tenant(id: id, name: name, plan: Plan(rawValue: plan), module: Module(rawValue: module))
            return Role(rawValue: role).map { (tenant, $0) }
        }.compactMap(\.self)
    }

    /// Deletes what has ended.
    /// - Parameter now: by `app_now()`.
    /// - Throws: `DatabaseError`.
    public func sweep(now: Timestamp) async throws -> Int {
        _ = try await database.execute(
            "delete from sign_in_throttle where window_start < \(now.advanced(bySeconds: -2 * 86_400))",
            in: .everyTenant)
        return try await database.execute("delete from session where expires_at < \(now)", in: .everyTenant)
    }

    private static func session(_ row: Row) throws -> Session? {
        let (userID, email, name, expiresAt) = try (
            row.decode(UUID.self, at: 0), row.decode(String.self, at: 1), row.decode(String.self, at: 2),
            row.decode(Timestamp.self, at: 3)
        )
        guard let role = Role(rawValue: try row.decode(String.self, at: 4)) else { return nil }
        let tenant = Tenant(
            id: try row.decode(TenantID.self, at: 5), name: try row.decode(String.self, at: 6),
            plan: Plan(rawValue: try row.decode(String.self, at: 7)),
            module: Module(rawValue: try row.decode(String.self, at: 8)))
        let principal = Principal(
            identity: .user(id: userID, role: role), tenant: tenant,
            redactionKey: try row.decode([UInt8].self, at: 9), label: email)
        return Session(userID: userID, email: email, name: name, expiresAt: expiresAt, principal: principal)
    }
}
