import Domain
import Synchronization

/// How fast each application is asked by this worker: so many requests at a time, and none while it asks for a rest.
public final class ApplicationPace: Sendable {
    private struct Lane {
        var running = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
        var restsUntil: ContinuousClock.Instant?
    }

    /// The longest rest that an application is granted at a time; seconds.
    private static let longestRest: Int64 = 300

    private let limit: Int
    private let lanes = Mutex<[Application: Lane]>([:])

    /// - Parameter limit: requests to an application at a time.
    public init(limit: Int = 32) { self.limit = limit }

    /// Does something in a place of an application's lane; waits for one.
    func taken<Value: Sendable>(
        by application: Application, _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        await enter(application)
        defer { leave(application) }
        try Task.checkCancellation()
        return try await body()
    }

    /// Asks nothing of an application for a while.
    func rest(_ application: Application, seconds: Int64) {
        let until = ContinuousClock.now + .seconds(min(max(seconds, 1), Self.longestRest))
        lanes.withLock { lanes in
            let known = lanes[application]?.restsUntil ?? until
            lanes[application, default: Lane()].restsUntil = max(known, until)
        }
    }

    /// Until when nothing is asked of an application; nil when it may be.
    func restsUntil(_ application: Application) -> ContinuousClock.Instant? {
        lanes.withLock { lanes in
            guard let until = lanes[application]?.restsUntil, until > ContinuousClock.now else { return nil }
            return until
        }
    }

    private func enter(_ application: Application) async {
        await withCheckedContinuation { continuation in
            let isFree = lanes.withLock { lanes in
                guard lanes[application, default: Lane()].running >= limit else {
                    lanes[application, default: Lane()].running += 1
                    return true
                }
                lanes[application, default: Lane()].waiting.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    /// The place goes straight to whoever waits longest.
    private func leave(_ application: Application) {
        let next: CheckedContinuation<Void, Never>? = lanes.withLock { lanes in
            guard let lane = lanes[application], !lane.waiting.isEmpty else {
                lanes[application]?.running -= 1
                return nil
            }
            return lanes[application]?.waiting.removeFirst()
        }
        next?.resume()
    }
}
