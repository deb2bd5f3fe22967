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
        var subjects: [(key: [UInt8], rule: SignInThrottle.Rule)] = [(Self.key("address", address), .address)]
        if let account { subjects.append((Self.key("account", account), .account)) }
        return try await attempt(subjects, now: now)
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

    private func attempt(
        _ subjects: [(key: [UInt8], rule: SignInThrottle.Rule)], now: Timestamp
    ) async throws -> Int? {
        return try await database.transaction(in: .everyTenant) { transaction in
            var wait: Int?
            // the address first: one that is blocked can't block other people's accounts
            for (key, rule) in subjects where wait == nil {
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
                var throttle = SignInThrottle(
                    failures: failures, windowStart: windowStart, blockedUntil: blockedUntil)
                wait = throttle.attempt(rule, now: now)
                try transaction.execute(
                    """
                    update sign_in_throttle
                    set failures = \(throttle.failures), window_start = \(throttle.windowStart),
                        blocked_until = \(throttle.blockedUntil)
                    where subject = \(key)
                    """)
            }
            return wait
        }
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
