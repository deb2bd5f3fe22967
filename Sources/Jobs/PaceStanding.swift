/// How a host stands, or a tenant at a host: failures in a row, and the rest that they led to. A value.
struct PaceStanding: Sendable {
    /// Since the last answer or the last rest.
    private var failures = 0
    private var restsUntil: ContinuousClock.Instant?
    /// How long the last rest for failures was, if nothing was answered since; seconds.
    private var lastRest: Int64 = 0
    /// Raised by each rest: what was asked before it says nothing about what comes after.
    private(set) var turn = 0

    /// When a rest ends; nil when there is none.
    func rest(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        restsUntil.flatMap { $0 > now ? $0 : nil }
    }

    /// Takes an answer in.
    mutating func answered() {
        failures = 0
        lastRest = 0
    }

    /// Takes a failure in. The first one after a rest leads to the next, twice as long.
    /// - Parameters:
    ///   - count: failures in a row that lead to a rest; nil for never.
    ///   - now: the time.
    mutating func failed(restsAfter count: Int?, _ now: ContinuousClock.Instant) {
        failures += 1
        let hasRested = lastRest > 0
        guard hasRested || count.map({ failures >= $0 }) ?? false else { return }
        lastRest = hasRested ? min(lastRest * 2, PaceState.longestRest) : PaceState.firstRest
        begin(seconds: lastRest, now)
    }

    /// Begins a rest, or makes it longer.
    mutating func begin(seconds: Int64, _ now: ContinuousClock.Instant) {
        let until = now + .seconds(seconds)
        restsUntil = restsUntil.map { max($0, until) } ?? until
        failures = 0
        turn += 1
    }
}
