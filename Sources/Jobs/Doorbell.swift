import Synchronization

/// Wakes one of those who wait; a ring that nobody hears is kept for the next.
final class Doorbell: Sendable {
    private struct State {
        var isRung = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// Wakes one who waits.
    func ring() {
        let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard !state.waiting.isEmpty else {
                state.isRung = true
                return nil
            }
            return state.waiting.removeFirst()
        }
        waiting?.resume()
    }

    /// Wakes all who wait, and the next who would.
    func ringAll() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            state.isRung = true
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Waits for a ring.
    func wait() async {
        await withCheckedContinuation { continuation in
            let isRung = state.withLock { state in
                guard state.isRung else {
                    state.waiting.append(continuation)
                    return false
                }
                state.isRung = false
                return true
            }
            if isRung { continuation.resume() }
        }
    }
}
