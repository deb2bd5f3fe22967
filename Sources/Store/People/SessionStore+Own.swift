public import Domain
public import Foundation
import Postgres

extension SessionStore {
    /// A person's sessions that are in force, the last used first.
    /// - Parameters:
    ///   - userID: the person.
    ///   - token: the one that asks.
    ///   - now: by `app_now()`.
    /// - Throws: `DatabaseError`.
    public func list(of userID: UUID, current token: String, now: Timestamp) async throws -> [OpenSession] {
        try await database.query(
            """
            select s.session_id, t.name, s.created_at, s.last_used_at, s.expires_at,
                   s.token_hash = \(SecretToken.hash(of: token))
            from session s join tenant t on t.tenant_id = s.tenant_id
            join membership m on m.tenant_id = s.tenant_id and m.user_id = s.user_id and m.disabled_at is null
            where s.user_id = \(userID) and s.expires_at > \(now)
            order by s.last_used_at desc, s.session_id limit 500
            """, in: .everyTenant
        ) { row in
            OpenSession(
                id: try row.decode(UUID.self, at: 0), tenantName: try row.decode(String.self, at: 1),
                createdAt: try row.decode(Timestamp.self, at: 2), lastUsedAt: try row.decode(Timestamp.self, at: 3),
                expiresAt: try row.decode(Timestamp.self, at: 4), isCurrent: try row.decode(Bool.self, at: 5))
        }
    }

    /// Ends one of a person's sessions.
    /// - Parameters:
    ///   - id: the session's, which is no secret.
    ///   - userID: the person.
    /// - Returns: false when the person has no such session.
    /// - Throws: `DatabaseError`.
    public func end(_ id: UUID, of userID: UUID) async throws -> Bool {
        try await !end("session_id = \(id)", of: userID).isEmpty
    }

    /// Ends every session of a person but the one that asks.
    /// - Parameters:
    ///   - userID: the person.
    ///   - token: of the one that goes on.
    /// - Returns: how many ended.
    /// - Throws: `DatabaseError`.
    public func endOthers(of userID: UUID, keeping token: String) async throws -> Int {
        try await end("token_hash <> \(SecretToken.hash(of: token))", of: userID).count
    }

    private func end(_ condition: SQL, of userID: UUID) async throws -> [UUID] {
        try await database.transaction(in: .everyTenant) { transaction in
            let ended = try transaction.query(
                """
                delete from session where user_id = \(userID) and \(fragment: condition)
                returning session_id, tenant_id
                """
            ) { row in try row.decode(UUID.self, TenantID.self) }
            let changes: [(change: AuditChange, tenant: TenantID)] = ended.map { id, tenant in
                (.deleted(.session, id), tenant)
            }
            try AuditLog.record(changes, transaction)
            return ended.map(\.0)
        }
    }

    /// Changes a person's own password. Their other sessions, and links to choose a password, end; this session goes on.
    /// - Parameters:
    ///   - userID: the person.
    ///   - given: the password they have, as typed.
    ///   - new: the password they want.
    ///   - token: of the session that goes on.
    ///   - address: where the request came from.
    ///   - now: by `app_now()`.
    /// - Throws: `Problem` (invalid_parameter) for a wrong or unusable password, (rate_limited) after many wrong ones;
    ///   `DatabaseError`.
    public func changePassword(
        of userID: UUID, from given: String, to new: String, keeping token: String, address: String, now: Timestamp
    ) async throws {
        try PasswordHash.check(new)
        let known = try await database.query(
            "select email, password_hash from app_user where user_id = \(userID) and disabled_at is null",
            in: .everyTenant
        ) { row in try row.decode(String.self, String?.self) }.first
        guard let (email, oldHash) = known else { throw Problem(.unauthenticated, "This account is gone.") }
        if let seconds = try await throttle.attempt(account: email, address: address, now: now) {
            throw Problem(.rateLimited, "Too many wrong passwords.", retryAfterSeconds: seconds)
        }
        guard try await PasswordHash.matches(given, oldHash) else {
            let words = "This is not the password you have."
            throw Problem(
                .invalidParameter, words,
                issues: [.init(.pointer("/current_password"), code: "invalid", detail: words)])
        }
        let newHash = try await PasswordHash.make(new)
        try await database.transaction(in: .everyTenant) { transaction in
            let standing = try transaction.first(
                "select password_hash, password_chosen_by from app_user where user_id = \(userID) for update"
            ) { row in try row.decode(String?.self, TenantID?.self) }
            guard let standing, standing.0 == oldHash else {
                throw Problem(.conflict, "The password was changed somewhere else just now.")
            }
            // Whoever chose the old one may be who chooses this one: only what a mail brings shows that it is the person.
            try OneTimeLinkStore.setPassword(newHash, of: userID, chosenBy: standing.1, keeping: token, transaction)
            try OneTimeLinkStore.recordChange(of: "password", of: userID, transaction)
        }
        try await throttle.forget(account: email)
    }

    /// Changes a person's own name, which every tenant of theirs reads.
    /// - Parameters:
    ///   - userID: the person.
    ///   - name: at most 200 characters; may be empty.
    /// - Throws: `DatabaseError`.
    public func rename(_ userID: UUID, to name: String) async throws {
        try await database.transaction(in: .everyTenant) { transaction in
            let changed = try transaction.execute(
                "update app_user set name = \(name) where user_id = \(userID) and name <> \(name)")
            guard changed == 1 else { return }
            try OneTimeLinkStore.recordChange(of: "name", of: userID, transaction)
        }
    }
}
