/// Failed sign-ins of one account, or from one address: a pure state machine. The store keeps its state in the database, so
/// that every api process counts together.
public struct SignInThrottle: Sendable, Hashable {
    /// How guesses are slowed down.
    public enum Rule: Sendable {
        /// Five failures are free; then one second, doubling to fifteen minutes. Forgotten after a day without failures.
        case account
        /// Thirty attempts a minute.
        case address
    }

    /// Failures that count.
    public var failures: Int32
    /// When they began to count.
    public var windowStart: Timestamp
    /// No attempt is looked at before this.
    public var blockedUntil: Timestamp

    private static let freeFailures: Int32 = 5
    private static let longestBlockSeconds: Int64 = 900
    private static let accountMemorySeconds: Int64 = 86_400
    private static let addressAttempts: Int32 = 30
    private static let addressWindowSeconds: Int64 = 60

    /// The state as it was stored.
    /// - Parameters:
    ///   - failures: that count.
    ///   - windowStart: when they began to count.
    ///   - blockedUntil: no attempt is looked at before this.
    public init(failures: Int32, windowStart: Timestamp, blockedUntil: Timestamp) {
        self.failures = failures
        self.windowStart = windowStart
        self.blockedUntil = blockedUntil
    }

    /// An attempt is about to be made. It counts as a failure at once, so that many at the same time count too; success
    /// forgets it again.
    /// - Parameters:
    ///   - rule: how guesses are slowed down.
    ///   - now: by `app_now()`.
    /// - Returns: seconds to wait when the attempt may not be made; nil when it may.
    public mutating func attempt(_ rule: Rule, now: Timestamp) -> Int? {
        if now < blockedUntil { return seconds(from: now) }
        switch rule {
        case .account:
            if now >= windowStart.advanced(bySeconds: Self.accountMemorySeconds) { failures = 0 }
            windowStart = now
            failures += 1
            if failures >= Self.freeFailures {
                let doublings = min(Int64(failures - Self.freeFailures), 10)
                blockedUntil = now.advanced(bySeconds: min(1 << doublings, Self.longestBlockSeconds))
            }
        case .address:
            let windowEnd = windowStart.advanced(bySeconds: Self.addressWindowSeconds)
            if now >= windowEnd {
                failures = 0
                windowStart = now
            }
            failures += 1
            if failures >= Self.addressAttempts {
                blockedUntil = windowStart.advanced(bySeconds: Self.addressWindowSeconds)
            }
        }
        return nil
    }

    private func seconds(from now: Timestamp) -> Int {
        Int((blockedUntil.microseconds - now.microseconds + 999_999) / 1_000_000)
    }
}
