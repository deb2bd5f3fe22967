public import Domain
public import Foundation
import Postgres

/// Invitations: a link that reaches a person by mail and makes them a member when they follow it.
public struct InvitationStore: Sendable {
    /// The link of an invitation, to be mailed.
    public struct Link: Sendable {
        /// The link's secret: the tenant's number, a point, 32 random bytes.
        public var token: String
        /// The tenant's name.
        public var tenantName: String
    }

    /// An invitation as the page shows it that its link opens.
    public struct Pending: Sendable {
        /// The tenant's name.
        public var tenantName: String
        /// Who is invited.
        public var email: String
        /// True when the person has to choose a password.
        public var needsPassword: Bool
    }

    /// Seconds an invitation is good.
    static let lifetimeSeconds: Int64 = 7 * 86_400

    let database: Database

    /// Works on a database.
    /// - Parameter database: a migrated one.
    public init(database: Database) { self.database = database }

    /// Makes an invitation and asks for the mail with its link.
    /// - Parameters:
    ///   - tenant: where to.
    ///   - email: whom.
    ///   - name: for people; may be empty.
    ///   - role: in the tenant.
    ///   - inviter: who invites; nil for a key.
    ///   - now: by `app_now()`.
    /// - Returns: when it stops being good.
    /// - Throws: `Problem` (conflict) when they are a member already, (rate_limited) when there were too many;
    ///   `DatabaseError`.
    public func create(
        tenant: TenantID, email: EmailAddress, name: String, role: Role, inviter: UUID?, now: Timestamp
    ) async throws -> Timestamp {
        try await admit(email, tenant: tenant, now: now)
        // nobody learns this one: the mail brings another
        let secret = "\(tenant).\(SecretToken.generate().text)"
        let expiresAt = now.advanced(bySeconds: Self.lifetimeSeconds)
        try await database.transaction(in: .everyTenant) { transaction in
            let isMember = try transaction.first(
                """
                select true from membership m join app_user u on u.user_id = m.user_id
                where m.tenant_id = \(tenant) and u.email = \(email.text)
                """
            ) { row in try row.decode(Bool.self, at: 0) }
            guard isMember == nil else { throw Problem(.conflict, "\(email.text) is a member already.") }
            let id = UUID()
            try transaction.execute(
                """
                insert into invitation (tenant_id, token_hash, invitation_id, email, name, role, invited_by, created_at,
                                        expires_at)
                values (\(tenant), \(SecretToken.hash(of: secret)), \(id), \(email.text), \(name), \(role.rawValue),
                        \(inviter), \(now), \(expiresAt))
                """)
            try JobQueue.enqueue([NewJob(AccountMailJob(.invitation, email: email), tenant: tenant)], transaction)
            try AuditLog.record(.created(.invitation, id, label: email.text), tenant: tenant, transaction)
        }
        database.jobSignal.send()
        return expiresAt
    }

    /// Counts a mail against the tenant and the person who gets it.
    /// - Throws: `Problem` (rate_limited) when there were too many; `DatabaseError`.
    func admit(_ email: EmailAddress, tenant: TenantID, now: Timestamp) async throws {
        let throttle = SignInThrottleStore(database: database)
        if let seconds = try await throttle.attempt(
            account: "invitation \(email.text)", address: "invitations of tenant \(tenant)", now: now)
        {
            throw Problem(.rateLimited, "Too many invitations.", retryAfterSeconds: seconds)
        }
    }

    /// Makes a new link for the newest invitation of a person, in place of the one before.
    /// - Parameters:
    ///   - email: who is invited.
    ///   - tenant: where to.
    ///   - now: by `app_now()`.
    /// - Returns: nil when there is no invitation any more that is good.
    /// - Throws: `DatabaseError`.
    public func renewLink(for email: EmailAddress, tenant: TenantID, now: Timestamp) async throws -> Link? {
        let secret = "\(tenant).\(SecretToken.generate().text)"
        return try await database.query(
            """
            update invitation i set token_hash = \(SecretToken.hash(of: secret))
            from tenant t
            where t.tenant_id = i.tenant_id and i.tenant_id = \(tenant)
              and i.token_hash = (select token_hash from invitation
                                  where tenant_id = \(tenant) and email = \(email.text) and accepted_at is null
                                    and expires_at > \(now)
                                  order by created_at desc limit 1)
            returning t.name
            """, in: .everyTenant
        ) { row in Link(token: secret, tenantName: try row.decode(String.self, at: 0)) }.first
    }

    /// An invitation that is still good.
    /// - Parameters:
    ///   - token: the link's secret.
    ///   - now: by `app_now()`.
    /// - Returns: nil when it was accepted, has expired, or is unknown.
    /// - Throws: `DatabaseError`.
    public func pending(_ token: String, now: Timestamp) async throws -> Pending? {
        guard let tenant = Self.tenant(of: token) else { return nil }
        return try await database.query(
            """
            select t.name, i.email, u.password_hash is null or u.password_chosen_by is not null
            from invitation i join tenant t on t.tenant_id = i.tenant_id left join app_user u on u.email = i.email
            where i.tenant_id = \(tenant) and i.token_hash = \(SecretToken.hash(of: token))
              and i.accepted_at is null and i.expires_at > \(now)
            """, in: .everyTenant
        ) { row in
            Pending(
                tenantName: try row.decode(String.self, at: 0), email: try row.decode(String.self, at: 1),
                needsPassword: try row.decode(Bool.self, at: 2))
        }.first
    }

    /// Makes the invited person a member.
    ///
    /// Whoever holds the link reads the person's mail, so it may set the password of somebody who has none of their own.
    /// - Parameters:
    ///   - token: the link's secret.
    ///   - password: needed by a person without a password of their own, else ignored.
    ///   - name: for people; nil keeps what is known.
    ///   - now: by `app_now()`.
    /// - Throws: `Problem` (not_found, invalid_parameter, conflict); `DatabaseError`.
    public func accept(_ token: String, password: String?, name: String?, now: Timestamp) async throws {
        // hashing is expensive: nobody gets it done for nothing
        guard let tenant = Self.tenant(of: token), try await pending(token, now: now) != nil else { throw Self.unknown }
        let passwordHash: String? = if let password { try await PasswordHash.make(password) } else { nil }
        try await database.transaction(in: .everyTenant) { transaction in
            let invited = try transaction.first(
                """
                update invitation set accepted_at = \(now)
                where tenant_id = \(tenant) and token_hash = \(SecretToken.hash(of: token))
                  and accepted_at is null and expires_at > \(now)
                returning email, name, role, invitation_id
                """
            ) { row in try row.decode(String.self, String.self, String.self, UUID.self) }
            guard let (text, givenName, role, invitation) = invited, let email = EmailAddress(text) else {
                throw Self.unknown
            }
            let person = try MemberStore.register(
                email, name: name ?? givenName, passwordHash: nil, tenant: tenant, authority: .owner, transaction)
            if !person.hasPassword || person.passwordChosenBy != nil {
                guard let passwordHash else {
                    let words = "Choose a password to accept this invitation."
                    throw Problem(
                        .invalidParameter, words,
                        issues: [.init(.pointer("/password"), code: "required", detail: words)])
                }
                try OneTimeLinkStore.setPassword(passwordHash, of: person.userID, chosenBy: nil, transaction)
            }
            let joined = try transaction.execute(
                """
                insert into membership (tenant_id, user_id, role, created_at)
                values (\(tenant), \(person.userID), \(role), \(now)) on conflict do nothing
                """)
            guard joined == 1 else { throw Problem(.conflict, "\(email.text) is a member already.") }
            try AuditLog.record(
                [
                    (.updated(.invitation, invitation, label: email.text, fields: ["accepted_at"]), tenant),
                    (.created(.user, person.userID, label: email.text), tenant),
                ], by: (person.userID, email.text), transaction)
        }
    }

    private static let unknown = Problem(
        .notFound, "This invitation was accepted, has expired, or never was one. Ask for a new one.")

    private static func tenant(of token: String) -> TenantID? {
        token.split(separator: ".", maxSplits: 1).first.flatMap { TenantID(String($0)) }
    }
}
