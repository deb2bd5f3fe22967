import Domain

/// How fast hosts may be asked, by how they answered; no clock, no tasks, so that every turn can be tested.
///
/// Places at a host: 4 at first, one more with each answer up to 32, half as many after each failure. A host that keeps
/// failing is left alone for 30 seconds, then for twice as long each time, up to 5 minutes; then one request tries it.
///
/// What befalls one tenant at a host (a spent quota, an address of its own that hangs) rests that tenant there. The
/// host rests for all when several tenants fare so and nobody is answered in between: a tenant chooses its own URLs,
/// and must not be able to silence a host for the others.
struct PaceState: Sendable {
    /// Places at a host that has not shown how fast it is, and of a tenant at all hosts that have not shown that they
    /// answer.
    static let first = 4
    /// Places at a host at the most.
    static let most = 32
    /// Failures in a row after which a rest begins.
    static let patience = 5
    /// Tenants that have to fare ill, with no answer to anybody in between, for a host to rest for all.
    static let tenants = 3
    /// The first rest of one that keeps failing; seconds.
    static let firstRest: Int64 = 30
    /// The longest rest; seconds.
    static let longestRest: Int64 = 300
    /// A host that answered within so long is worth waiting for.
    static let brisk = Duration.seconds(1)
    /// Hosts remembered; past it those that nothing is known against are forgotten.
    static let capacity = 10_000

    /// Who asks whom.
    struct Lane: Sendable, Hashable {
        var host: String
        var tenant: TenantID
    }

    /// Leave to ask once; given back with what came of it.
    struct Place: Sendable {
        fileprivate var lane: Lane
        fileprivate var since: ContinuousClock.Instant
        fileprivate var hostTurn: Int
        fileprivate var tenantTurn: Int
        fileprivate var isTrial: Bool
    }

    /// What becomes of asking for a place.
    enum Entry: Sendable {
        case entered(Place)
        /// All places are taken; `isBrisk` where one will be free in a moment.
        case full(isBrisk: Bool)
        /// Nothing is asked until then.
        case resting(until: ContinuousClock.Instant)
    }

    /// What came of asking.
    enum Result: Sendable {
        /// The host answered, be it with a refusal.
        case answered
        /// No answer, or none that makes sense.
        case failed
        /// The host wants to be asked later.
        case limited(seconds: Int64)
        /// Nothing was asked.
        case nothing
    }

    fileprivate struct Host {
        var places = PaceState.first
        var running = 0
        /// Whether the last that was heard was an answer.
        var answers = false
        var lastTook = Duration.zero
        var standing = PaceStanding()
        /// Tenants that fared ill since anybody was answered.
        var troubled: Set<TenantID> = []
        /// Those of them that rest, or may soon.
        var tenants: [TenantID: PaceStanding] = [:]

        func isIdle(at now: ContinuousClock.Instant) -> Bool {
            running == 0 && standing.rest(at: now) == nil && tenants.values.allSatisfy { $0.rest(at: now) == nil }
        }
    }

    private var hosts: [String: Host] = [:]
    /// Places of tenants at hosts that have not shown that they answer.
    private var trials: [TenantID: Int] = [:]

    /// Hosts remembered.
    var hostCount: Int { hosts.count }

    /// Asks for a place; nobody waits for one here.
    /// - Parameters:
    ///   - lane: who wants to ask whom.
    ///   - now: the time.
    mutating func enter(_ lane: Lane, now: ContinuousClock.Instant) -> Entry {
        forget(now)
        var host = hosts[lane.host] ?? Host()
        let tenant = host.tenants[lane.tenant]
        if let rest = [host.standing.rest(at: now), tenant?.rest(at: now)].compactMap(\.self).max() {
            return .resting(until: rest)
        }
        guard host.running < host.places else { return .full(isBrisk: host.answers && host.lastTook < Self.brisk) }
        let isTrial = !host.answers
        if isTrial {
            guard trials[lane.tenant, default: 0] < Self.first else { return .full(isBrisk: false) }
            trials[lane.tenant, default: 0] += 1
        }
        host.running += 1
        hosts[lane.host] = host
        return .entered(
            Place(
                lane: lane, since: now, hostTurn: host.standing.turn, tenantTurn: tenant?.turn ?? 0, isTrial: isTrial))
    }

    /// Gives a place back.
    /// - Parameters:
    ///   - place: once.
    ///   - result: what came of it.
    ///   - now: the time.
    mutating func leave(_ place: Place, _ result: Result, now: ContinuousClock.Instant) {
        let tenant = place.lane.tenant
        if place.isTrial {
            let count = trials[tenant, default: 1] - 1
            trials[tenant] = count > 0 ? count : nil
        }
        guard var host = hosts[place.lane.host] else { return }
        host.running -= 1
        switch result {
        case .answered: host.answered(place, now)
        case .failed: host.failed(place, now)
        case .limited(let seconds): host.limited(place, min(max(seconds, 1), Self.longestRest), now)
        case .nothing: break
        }
        hosts[place.lane.host] = host
    }

    /// Tenants make up host names without end.
    private mutating func forget(_ now: ContinuousClock.Instant) {
        guard hosts.count > Self.capacity else { return }
        hosts = hosts.filter { !$0.value.isIdle(at: now) }
    }
}

extension PaceState.Host {
    fileprivate mutating func answered(_ place: PaceState.Place, _ now: ContinuousClock.Instant) {
        places = min(places + 1, PaceState.most)
        answers = true
        lastTook = now - place.since
        if place.hostTurn == standing.turn {
            standing.answered()
            troubled = []
        }
        guard var tenant = tenants[place.lane.tenant], tenant.turn == place.tenantTurn else { return }
        tenant.answered()
        // turns are only compared while places of the tenant are out, and after a rest they are not zero
        tenants[place.lane.tenant] = tenant.turn == 0 ? nil : tenant
    }

    fileprivate mutating func failed(_ place: PaceState.Place, _ now: ContinuousClock.Instant) {
        slowDown(place)
        var tenant = tenants[place.lane.tenant] ?? PaceStanding()
        if tenant.turn == place.tenantTurn { tenant.failed(restsAfter: PaceState.patience, now) }
        tenants[place.lane.tenant] = tenant
        guard standing.turn == place.hostTurn else { return }
        let isShared = troubled.count >= PaceState.tenants
        standing.failed(restsAfter: isShared ? PaceState.patience : nil, now)
    }

    fileprivate mutating func limited(_ place: PaceState.Place, _ seconds: Int64, _ now: ContinuousClock.Instant) {
        slowDown(place)
        tenants[place.lane.tenant, default: PaceStanding()].begin(seconds: seconds, now)
        if troubled.count >= PaceState.tenants { standing.begin(seconds: seconds, now) }
    }

    private mutating func slowDown(_ place: PaceState.Place) {
        places = max(places / 2, 1)
        answers = false
        if place.hostTurn == standing.turn { troubled.insert(place.lane.tenant) }
    }
}
