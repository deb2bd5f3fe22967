import Synchronization

/// Lends things, each to one borrower at a time. What came back last is lent first, so that as few as can be are in use.
final class Lender<Thing: Sendable>: Sendable {
    private struct State {
        var free: [Thing]
        var waiting: [CheckedContinuation<Thing, Never>] = []
    }

    private let state: Mutex<State>

    /// - Parameter things: at least one.
    init(_ things: [Thing]) {
        precondition(!things.isEmpty, "there is something to lend")
        state = Mutex(State(free: things))
    }

    /// Waits for a thing that is free; first come, first served.
    func borrow() async -> Thing {
        await withCheckedContinuation { continuation in
            let thing = state.withLock { state -> Thing? in
                guard let thing = state.free.popLast() else {
                    state.waiting.append(continuation)
                    return nil
                }
                return thing
            }
            if let thing { continuation.resume(returning: thing) }
        }
    }

    /// Gives a thing back.
    func giveBack(_ thing: Thing) {
        let waiting = state.withLock { state -> CheckedContinuation<Thing, Never>? in
            guard !state.waiting.isEmpty else {
                state.free.append(thing)
                return nil
            }
            return state.waiting.removeFirst()
        }
        waiting?.resume(returning: thing)
    }
}
