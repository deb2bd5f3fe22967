/// How long nothing has passed over a connection, in either direction. Pure but for the clock.
struct HTTPIdleWatch {
    /// How long nothing may pass.
    let timeout: Duration
    /// Nil until the request begins: waiting for a free connection is not idleness.
    private var lastActivity: ContinuousClock.Instant?
    private var uploadedBytes = 0

    init(timeout: Duration) { self.timeout = timeout }

    /// When the connection will have been idle for too long; nil before the request begins.
    var deadline: ContinuousClock.Instant? { lastActivity?.advanced(by: timeout) }

    func isOver(at now: ContinuousClock.Instant) -> Bool { deadline.map { $0 <= now } ?? false }

    mutating func noteActivity(at now: ContinuousClock.Instant = .now) { lastActivity = now }

    /// - Parameter total: bytes of the body that went out so far.
    mutating func noteUpload(of total: Int) {
        guard total != uploadedBytes else { return }
        uploadedBytes = total
        noteActivity()
    }
}
