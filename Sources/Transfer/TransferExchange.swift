import CCurl

/// A transfer as the loop sees it: a handle to run, and somebody who waits for its end.
protocol TransferExchange: AnyObject, Sendable {
    /// Touched by the loop's thread alone, once submitted.
    var handle: EasyHandle { get }
    /// Whether somebody lost interest.
    var isCancelled: Bool { get }
    /// Marks the transfer as one to abort. Any thread may call it.
    ///
    /// The loop then runs libcurl once more, and takes away by force only what is still there: a transfer that must not
    /// be cut off between two steps has its progress callback return an error, and so ends by itself.
    func cancel()
    /// The transfer has ended and is about to leave the multi handle, to which its connection goes back.
    /// - Parameter code: libcurl's result.
    func willLeave(_ code: CURLcode)
    /// Answers whoever waits. The handle has left the multi handle.
    /// - Parameter code: libcurl's result.
    func finish(_ code: CURLcode)
    /// Answers whoever waits.
    /// - Parameter error: `TransferError` or `CancellationError`.
    func finish(throwing error: any Error)
    /// Goes on with what was paused, as far as it can.
    /// - Returns: libcurl's result; the transfer is over unless it is `CURLE_OK`.
    func resume() -> CURLcode
    /// Whether `check` is to be called, about once a second.
    var isWatched: Bool { get }
    /// When to call `check` at the latest, if it matters.
    var checkDeadline: ContinuousClock.Instant? { get }
    /// Looks after what libcurl does not look after.
    /// - Returns: why to abort the transfer, if so.
    func check(at now: ContinuousClock.Instant) -> (any Error)?
}

extension TransferExchange {
    func willLeave(_ code: CURLcode) {}

    func resume() -> CURLcode { CURLE_OK }

    var isWatched: Bool { false }

    var checkDeadline: ContinuousClock.Instant? { nil }

    func check(at now: ContinuousClock.Instant) -> (any Error)? { nil }

    var easy: UnsafeMutableRawPointer { handle.easy }
}
