import Domain
import Synchronization

/// Lets a few in at a time; some more wait in line; the rest are turned away at once.
///
/// What is expensive must not crowd out what is cheap, however many ask for it.
final class Gate: Sendable {
    private struct State {
        var inside = 0
        var line: [CheckedContinuation<Bool, Never>] = []
    }

    private let capacity: Int
    private let longestLine: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - capacity: how many are inside at a time.
    ///   - longestLine: how many may wait.
    init(capacity: Int, longestLine: Int) {
        self.capacity = capacity
        self.longestLine = longestLine
    }

    /// Does something inside the gate.
    /// - Throws: `Problem` (unavailable) when the line is full; what `work` throws.
    func pass<Value>(_ work: () async throws -> Value) async throws -> Value {
        let isIn = await withCheckedContinuation { continuation in
            let answer: Bool? = state.withLock { state in
                if state.inside < capacity {
                    state.inside += 1
                    return true
                }
                guard state.line.count < longestLine else { return false }
                state.line.append(continuation)
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
        guard isIn else {
            throw Problem(.unavailable, "Too many of these requests are being served.", retryAfterSeconds: 1)
        }
        defer { leave() }
        return try await work()
    }

    private func leave() {
        let next: CheckedContinuation<Bool, Never>? = state.withLock { state in
            // whoever was first in line takes the place; the number inside stays
            guard !state.line.isEmpty else {
                state.inside -= 1
                return nil
            }
            return state.line.removeFirst()
        }
        next?.resume(returning: true)
    }
}
