public import Domain
import Foundation
import Postgres

/// Links by which a person chooses a password: once, and not for ever. Only a link's hash is stored.
public struct OneTimeLinkStore: Sendable {
    /// What a link is for.
    public enum Purpose: String, Sendable {
        /// The first password.
        case setup
        /// Another password, because the old one was forgotten.
        case reset
    }

    /// Seconds a setup link is good.
    static let setupSeconds: Int64 = 7 * 86_400
    /// Seconds a reset link is good.
    static let resetSeconds: Int64 = 3600

    private let database: Database

    /// Works on a database.
    /// - Parameter database: a migrated one.
    public init(database: Database) { self.database = database }

    /// Counts a request for a reset link against the account and the address it came from, known or not.
    /// - Parameters:
    ///   - email: whose password.
    ///   - address: where the request came from.
    ///   - now: by `app_now()`.
    /// - Throws: `Problem` (rate_limited) when there were too many; `DatabaseError`.
    public func admitReset(for email: EmailAddress, from address: String, now: Timestamp) async throws {
        let throttle = SignInThrottleStore(database: database)
        if let seconds = try await throttle.attempt(account: "reset " + email.text, address: address, now: now) {
            throw Problem(.rateLimited, "Too many requests for a link.", retryAfterSeconds: seconds)
        }
    }

    /// Makes a link to choose another password.
    /// - Parameter email: whose.
    /// - Returns: the link's secret; nil when nobody is known by the address.
    /// - Throws: `DatabaseError`.
    public func makeReset(for email: EmailAddress) async throws -> String? {
        let token = SecretToken.generate()
        return try await database.transaction(in: .everyTenant) { transaction in
            let userID = try transaction.first(
                "select user_id from app_user where email = \(email.text) and disabled_at is null"
            ) { row in try row.decode(UUID.self, at: 0) }
            guard let userID else { return nil }
            try Self.insert(
                token, for: userID, purpose: .reset, handedTo: nil, secondsToLive: Self.resetSeconds, transaction)
            return token.text
        }
    }

    /// Whether a link is still good, for the page that it opens.
    /// - Parameter token: the link's secret.
    /// - Returns: the person's address; nil when the link is used, expired or unknown.
    /// - Throws: `DatabaseError`.
    public func person(of token: String) async throws -> String? {
        try await database.query(
            """
            select u.email from one_time_link l join app_user u on u.user_id = l.user_id
            where l.token_hash = \(SecretToken.hash(of: token)) and l.used_at is null and l.expires_at > app_now()
            """, in: .everyTenant
        ) { row in try row.decode(String.self, at: 0) }.first
    }

    /// Chooses a password by a link. The link, and every other one of the person, is used up; their sessions end.
    /// - Parameters:
    ///   - token: the link's secret.
    ///   - password: the new password.
    /// - Throws: `Problem` (not_found) when the link is used, expired or unknown, or for a password that can't be used;
    ///   `DatabaseError`.
    public func choosePassword(_ password: String, by token: String) async throws {
        try PasswordHash.check(password)
        // hashing is expensive: nobody gets it done for nothing
        guard try await person(of: token) != nil else { throw Self.unknown }
        let passwordHash = try await PasswordHash.make(password)
        try await database.transaction(in: .everyTenant) { transaction in
            let used = try transaction.first(
                """
                update one_time_link set used_at = app_now()
                where token_hash = \(SecretToken.hash(of: token)) and used_at is null and expires_at > app_now()
                returning user_id, handed_to
                """
            ) { row in try row.decode(UUID.self, TenantID?.self) }
            guard let (userID, handedTo) = used else {
                throw Self.unknown
            }
            try Self.setPassword(passwordHash, of: userID, chosenBy: handedTo, transaction)
            try Self.recordChange(of: "password", of: userID, transaction)
        }
    }

    /// The account is the same in every tenant of the person: each one's log has it.
    static func recordChange(
        of field: String, of userID: UUID, _ transaction: isolated PostgresConnection
    ) throws {
        let tenants = try transaction.query(
            """
            select m.tenant_id, u.email from membership m join app_user u on u.user_id = m.user_id
            where m.user_id = \(userID) order by m.tenant_id
            """
        ) { row in try row.decode(TenantID.self, String.self) }
        guard let email = tenants.first?.1 else { return }
        try AuditLog.record(
            tenants.map { (.updated(.user, userID, label: email, fields: [field]), $0.0) }, by: (userID, email),
            transaction)
    }

    private static let unknown = Problem(
        .notFound, "This link was used, has expired, or never was one. Ask for a new one.")

    /// Sets a person's password: their other links and their sessions end with the old one.
    /// - Parameter chosenBy: the tenant whose owner may have chosen it, by a link that was handed to them; nil when it can only
    ///   have been the person.
    /// - Parameter session: the token of the session that goes on; nil for none.
    static func setPassword(
        _ passwordHash: String, of userID: UUID, chosenBy: TenantID?, keeping session: String? = nil,
        _ transaction: isolated PostgresConnection
    ) throws {
        try transaction.execute(
            """
            update app_user set password_hash = \(passwordHash), password_chosen_by = \(chosenBy) where user_id = \(userID)
            """)
        try transaction.execute(
            "update one_time_link set used_at = app_now() where user_id = \(userID) and used_at is null")
        try transaction.execute(
            """
            delete from session
            where user_id = \(userID) and token_hash is distinct from \(session.map(SecretToken.hash))
            """)
    }

    static func insert(
        _ token: SecretToken, for userID: UUID, purpose: Purpose, handedTo: TenantID?, secondsToLive: Int64,
        _ transaction: isolated PostgresConnection
    ) throws {
        try transaction.execute(
            """
            insert into one_time_link (token_hash, user_id, purpose, handed_to, expires_at)
            values (\(token.hash), \(userID), \(purpose.rawValue), \(handedTo),
                    app_now() + make_interval(secs => \(Double(secondsToLive))))
            """)
    }
}
