import Synchronization

/// How fast this worker asks hosts: `PaceState` by the clock, shared by all jobs.
public final class HostPace: Sendable {
    private let state = Mutex(PaceState())

    /// Nothing is known of any host yet.
    public init() {}

    /// Asks for a place.
    func enter(_ lane: PaceState.Lane) -> PaceState.Entry {
        let now = ContinuousClock.now
        return state.withLock { $0.enter(lane, now: now) }
    }

    /// Gives a place back.
    func leave(_ place: PaceState.Place, _ result: PaceState.Result) {
        let now = ContinuousClock.now
        state.withLock { $0.leave(place, result, now: now) }
    }
}
