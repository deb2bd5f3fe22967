/// How a connection is.
public enum ConnectionState: String, Sendable, CaseIterable {
    /// The last check succeeded.
    case healthy
    /// The application could not be asked, or answered with an error of its own.
    case degraded
    /// The application refuses what the connection calls with; a person has to authorise it.
    case needsReauth = "needs_reauth"
    /// A person switched it off.
    case disabled
}

/// What a check, a refresh or a call found out about a connection.
public enum CheckOutcome: Sendable, Hashable {
    /// A real call succeeded.
    case ok
    /// The application said that what the connection calls with is no good: `invalid_grant`, or a probe's 401 or 403.
    case rejected(String)
    /// The application could not be asked: no network, 5xx, too many requests, or an answer that makes no sense.
    case unavailable(String, retryAfterSeconds: Int64? = nil)
}

/// A connection's state, and what it takes to change it. A value: what it says is done by whoever holds it.
///
///     healthy ──unavailable──► degraded ──ok──► healthy
///     healthy, degraded ──rejected──► needs_reauth
///     needs_reauth ──ok, by a person or by a check──► healthy
///     any ──switched off──► disabled ──switched on──► degraded until the next check
///
/// What is unavailable neither breaks nor mends: a connection that needs a person keeps needing one however often the
/// network fails, and is not told of again.
public struct ConnectionHealth: Sendable, Hashable {
    /// What a person has to be told of.
    public enum Change: String, Sendable, Codable, Hashable {
        /// It stopped working until somebody authorises it.
        case broken
        /// It works again.
        case recovered
    }

    /// How it is.
    public var state: ConnectionState
    /// Why, in a sentence that a person can act on; nil when there is nothing to say.
    public var reason: String?
    /// Since when it is so.
    public var since: Timestamp
    /// Checks in a row that found it unavailable.
    public var failures: Int
    /// When it was last looked at.
    public var lastCheckedAt: Timestamp?
    /// When a call last succeeded.
    public var lastOKAt: Timestamp?

    /// Puts a state together; see the properties.
    public init(
        state: ConnectionState, reason: String?, since: Timestamp, failures: Int = 0, lastCheckedAt: Timestamp? = nil,
        lastOKAt: Timestamp? = nil
    ) {
        self.state = state
        self.reason = reason
        self.since = since
        self.failures = failures
        self.lastCheckedAt = lastCheckedAt
        self.lastOKAt = lastOKAt
    }

    /// Takes in what was found out.
    /// - Parameters:
    ///   - outcome: what was found out.
    ///   - now: by `app_now()`.
    /// - Returns: what people are told of; nil when nothing.
    public mutating func take(_ outcome: CheckOutcome, now: Timestamp) -> Change? {
        guard state != .disabled else { return nil }
        lastCheckedAt = now
        switch outcome {
        case .ok:
            lastOKAt = now
            failures = 0
            let wasBroken = state == .needsReauth
            enter(.healthy, nil, now)
            return wasBroken ? .recovered : nil
        case .rejected(let reason):
            failures = 0
            let wasBroken = state == .needsReauth
            enter(.needsReauth, reason, now)
            return wasBroken ? nil : .broken
        case .unavailable(let reason, _):
            failures += 1
            guard state != .needsReauth else { return nil }
            enter(.degraded, reason, now)
            return nil
        }
    }

    /// Switches it off or on again.
    /// - Parameters:
    ///   - isOn: whether it may be used.
    ///   - isAuthorised: whether there is anything to call with.
    ///   - now: by `app_now()`.
    public mutating func switchTo(_ isOn: Bool, isAuthorised: Bool, now: Timestamp) {
        guard isOn == (state == .disabled) else { return }
        failures = 0
        if !isOn {
            enter(.disabled, "Somebody switched it off.", now)
        } else if isAuthorised {
            enter(.degraded, "It was switched on and has not been checked yet.", now)
        } else {
            enter(.needsReauth, Self.notAuthorisedYet, now)
        }
    }

    /// What is said of a connection that nobody has authorised yet.
    public static let notAuthorisedYet = "Nobody has authorised it yet."

    /// When the next check is due; nil when none would tell anything new.
    ///
    /// A healthy connection is looked at each hour, or when its token is to be renewed if that is sooner; one that could not be
    /// reached after 1, 2, 4… minutes, up to half an hour; one that needs a person each hour, since an administrator may put
    /// right at the application what broke it, unless it has nothing to ask with; one that a person has just authorised, and
    /// that could not be asked since, as one that could not be reached.
    /// - Parameters:
    ///   - now: by `app_now()`.
    ///   - renewAt: when the access token is to be renewed.
    ///   - canAsk: whether a check of a connection that was rejected could find anything else.
    ///   - isAuthorisedSince: whether a person authorised it since it broke.
    ///   - retryAfterSeconds: what the application asked for.
    ///   - spread: 0…1, drawn by the caller: connections that were made together are not checked together.
    public func nextCheck(
        after now: Timestamp, renewAt: Timestamp?, canAsk: Bool, isAuthorisedSince: Bool = false,
        retryAfterSeconds: Int64? = nil, spread: Double
    ) -> Timestamp? {
        switch state {
        case .disabled: return nil
        case .needsReauth where isAuthorisedSince && failures > 0, .degraded:
            let wait = min(Int64(60) << Int64(min(max(failures - 1, 0), 5)), 1_800)
            return now.advanced(bySeconds: max(wait, min(retryAfterSeconds ?? 0, 3_600)))
        case .needsReauth: return canAsk ? now.advanced(bySeconds: Self.hour(spread)) : nil
        case .healthy:
            let regular = now.advanced(bySeconds: Self.hour(spread))
            return renewAt.map { max(min($0, regular), now.advanced(bySeconds: 30)) } ?? regular
        }
    }

    /// From 54 to 60 minutes: each connection is looked at within the hour.
    private static func hour(_ spread: Double) -> Int64 { 3_240 + Int64(360 * spread) }

    private mutating func enter(_ state: ConnectionState, _ reason: String?, _ now: Timestamp) {
        if self.state != state { since = now }
        self.state = state
        self.reason = reason
    }
}
