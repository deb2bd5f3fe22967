/// When a transfer must be over, counted from its submission.
///
/// It stands beside libcurl's own limit, which libcurl 7.88 does not look at while a transfer waits for a free
/// connection.
struct TransferDeadline {
    /// A little after libcurl's own limit, which says more about a transfer that is under way.
    let instant: ContinuousClock.Instant
    private let timeout: Duration

    private static let grace = Duration.milliseconds(200)

    /// - Parameters:
    ///   - timeout: for the whole transfer; taken as libcurl takes it, 1 ms to 24 days.
    ///   - now: when it is submitted.
    init(timeout: Duration, from now: ContinuousClock.Instant = .now) {
        self.timeout = .milliseconds(timeout.wholeMilliseconds)
        instant = now.advanced(by: self.timeout + Self.grace)
    }

    /// - Returns: nil while there is time.
    func error(at now: ContinuousClock.Instant) -> TransferError? {
        guard instant <= now else { return nil }
        return .timeout("not over within \(timeout), waiting for a free connection included")
    }
}
