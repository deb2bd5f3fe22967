import Crypto
import Domain
import Foundation
import Postgres

/// Keeps count of failed sign-ins for every api process together.
struct SignInThrottleStore: Sendable {
    let database: Database

    /// Counts an attempt against an account and an address.
    /// - Parameters:
    ///   - account: whose; nil where guesses are at no account in particular.
    ///   - address: where it came from.
    ///   - now: by `app_now()`.
    /// - Returns: seconds to wait when it may not be made; nil when it may.
    /// - Throws: `DatabaseError`.
    func attempt(account: String?, address: String, now: Timestamp) async throws -> Int? {
        let subjects = Self.subjects(account: account, address: address)
        return try await database.transaction(in: .everyTenant) { transaction in
            try Self.attempt(subjects, now: now, transaction)?.seconds
        }
    }

    /// An attempt that may not be made.
    struct Refusal: Sendable {
        /// Seconds to wait.
        var seconds: Int
        /// Whose account it is and in which tenant, when this is the first attempt of a wait; at the most one each wait.
        var first: (userID: UUID, tenant: TenantID)?
    }

    /// Counts an attempt to sign in; see above.
    /// - Parameters:
    ///   - account: the address of a person, or what was typed in its place.
    ///   - tenant: where they want to sign in; nil for the tenant they joined first.
    ///   - address: where it came from.
    ///   - now: by `app_now()`.
    /// - Returns: nil when the attempt may be made.
    /// - Throws: `DatabaseError`.
    func signIn(account: String, tenant: TenantID?, address: String, now: Timestamp) async throws -> Refusal? {
        let subjects = Self.subjects(account: account, address: address)
        return try await database.transaction(in: .everyTenant) { transaction in
            guard let (seconds, until) = try Self.attempt(subjects, now: now, transaction) else { return nil }
            let first = try transaction.first(Self.noting(account, tenant, until: until, now: now)) { row in
                try row.decode(UUID.self, TenantID.self)
            }
            return Refusal(seconds: seconds, first: first.map { (userID: $0.0, tenant: $0.1) })
        }
    }

    /// Notes that an account's attempts are refused, and whose it is, unless that was noted of this wait before. A row of its
    /// own, made for people alone: whatever else is typed fills no table. One statement for known and unknown accounts in a
    /// transaction that writes in any case, so that the time it takes tells nobody who has an account.
    private static func noting(_ account: String, _ tenant: TenantID?, until: Timestamp, now: Timestamp) -> SQL {
        """
        with person as (
            select u.user_id, m.tenant_id from app_user u join membership m on m.user_id = u.user_id
            where u.email = \(account) and u.disabled_at is null
              and (\(tenant)::integer is null or m.tenant_id = \(tenant))
            order by m.created_at, m.tenant_id limit 1
        ), noted as (
            insert into sign_in_throttle as t (subject, failures, window_start, blocked_until)
            select \(key("refusals", account)), 0, \(now), \(until) from person
            on conflict (subject) do update
            set window_start = excluded.window_start, blocked_until = excluded.blocked_until
            where t.blocked_until <= excluded.window_start
            returning true
        )
        select person.user_id, person.tenant_id from person, noted
        """
    }

    private static func subjects(
        account: String?, address: String
    ) -> [(key: [UInt8], rule: SignInThrottle.Rule)] {
        // the address first: one that is blocked can't block other people's accounts
        [(key("address", address), .address)] + (account.map { [(key("account", $0), .account)] } ?? [])
    }

    /// How long no attempt from an address is looked at; asking counts as none.
    /// - Returns: seconds; nil when attempts may be made.
    /// - Throws: `DatabaseError`.
    func wait(address: String, now: Timestamp) async throws -> Int? {
        try await database.query(
            """
            select blocked_until from sign_in_throttle
            where subject = \(Self.key("address", address)) and blocked_until > \(now)
            """, in: .everyTenant
        ) { row in try row.decode(Timestamp.self, at: 0) }.first.map { until in
            Int((until.microseconds - now.microseconds + 999_999) / 1_000_000)
        }
    }

    private static func attempt(
        _ subjects: [(key: [UInt8], rule: SignInThrottle.Rule)], now: Timestamp,
        _ transaction: isolated PostgresConnection
    ) throws -> (seconds: Int, until: Timestamp)? {
        for (key, rule) in subjects {
            try transaction.execute(
                """
                insert into sign_in_throttle (subject, failures, window_start, blocked_until)
                values (\(key), 0, \(now), \(now)) on conflict (subject) do nothing
                """)
            let found = try transaction.first(
                """
                select failures, window_start, blocked_until from sign_in_throttle
                where subject = \(key) for update
                """
            ) { row in try row.decode(Int32.self, Timestamp.self, Timestamp.self) }
            guard let (failures, windowStart, blockedUntil) = found else { continue }
            var throttle = SignInThrottle(failures: failures, windowStart: windowStart, blockedUntil: blockedUntil)
            let wait = throttle.attempt(rule, now: now)
            try transaction.execute(
                """
                update sign_in_throttle
                set failures = \(throttle.failures), window_start = \(throttle.windowStart),
                    blocked_until = \(throttle.blockedUntil)
                where subject = \(key)
                """)
            if let wait { return (wait, throttle.blockedUntil) }
        }
        return nil
    }

    /// Forgets an account's failures after a success; the address's stay.
    /// - Throws: `DatabaseError`.
    func forget(account: String) async throws {
        _ = try await database.execute(
            "delete from sign_in_throttle where subject = \(Self.key("account", account))", in: .everyTenant)
    }

    /// A hash, so that the table tells nobody who tried to sign in.
    private static func key(_ kind: String, _ subject: String) -> [UInt8] {
        Array(SHA256.hash(data: Data("\(kind)\u{0}\(subject)".utf8)))
    }
}
