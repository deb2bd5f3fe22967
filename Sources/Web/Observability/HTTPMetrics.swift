import Synchronization

/// Requests by route, method and status, and how long they took.
final class HTTPMetrics: Sendable {
    /// Upper bounds of the duration buckets, seconds.
    static let bounds: [Double] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    struct Key: Hashable, Sendable {
        var route: String
        var method: String
        var status: Int
    }

    struct Durations: Sendable {
        var buckets = [Int](repeating: 0, count: HTTPMetrics.bounds.count)
        var count = 0
        var sumSeconds = 0.0
    }

    struct Snapshot: Sendable {
        var requests: [Key: Int] = [:]
        var durations: [String: Durations] = [:]
    }

    /// Anything else counts as `other`, so that nobody can grow the table at will.
    private static let methods: Set<String> = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

    private let state = Mutex(Snapshot())

    /// What was recorded so far.
    var snapshot: Snapshot { state.withLock { $0 } }

    /// Records an answered request.
    func record(route: String, method: String, status: Int, elapsed: Duration) {
        let seconds = elapsed.milliseconds / 1000
        let method = Self.methods.contains(method) ? method : "other"
        let bucket = Self.bounds.firstIndex { seconds <= $0 }
        state.withLock { state in
            state.requests[Key(route: route, method: method, status: status), default: 0] += 1
            state.durations[route, default: Durations()].count += 1
            state.durations[route, default: Durations()].sumSeconds += seconds
            if let bucket { state.durations[route, default: Durations()].buckets[bucket] += 1 }
        }
    }
}
