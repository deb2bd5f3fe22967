/// When to try a batch again.
public struct RetryPolicy: Sendable, Hashable {
    /// Attempts in all.
    public var maximumAttempts: Int
    /// The pause after the first failure; it doubles with each further one.
    public var firstPause: Duration
    /// The longest pause of our own making.
    public var longestPause: Duration
    /// The longest pause that a server may ask for.
    public var longestRetryAfter: Duration

    /// Sets the policy.
    /// - Parameters:
    ///   - maximumAttempts: in all, at least 1.
    ///   - firstPause: after the first failure.
    ///   - longestPause: of our own making.
    ///   - longestRetryAfter: that a server may ask for.
    public init(
        maximumAttempts: Int = 10,
        firstPause: Duration = .milliseconds(500),
        longestPause: Duration = .seconds(30),
        longestRetryAfter: Duration = .seconds(300)
    ) {
        self.maximumAttempts = maximumAttempts
        self.firstPause = firstPause
        self.longestPause = longestPause
        self.longestRetryAfter = longestRetryAfter
    }

    /// The pause before the next attempt.
    /// - Parameters:
    ///   - attempt: the one that failed, from 1.
    ///   - retryAfter: what the server asked for.
    ///   - luck: 0..<1; spreads clients that failed together.
    /// - Returns: nil when it was the last attempt.
    public func pause(afterAttempt attempt: Int, retryAfter: Duration?, luck: Double) -> Duration? {
        guard attempt < maximumAttempts else { return nil }
        if let retryAfter {
            return min(max(retryAfter, .zero), longestRetryAfter) + firstPause * luck
        }
        let doublings = min(attempt - 1, 20)
        return min(firstPause * (1 << doublings), longestPause) * (0.5 + 0.5 * luck)
    }
}
