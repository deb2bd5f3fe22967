import Domain
import Hummingbird
import Store

/// Whether the process lives, and whether it should be sent requests.
struct HealthRoutes: Sendable {
    let database: Database
    let partitions: PartitionStore
    let clock: DatabaseClock
    let readiness: Readiness

    var endpoints: [Endpoint] {
        [
            .open(.get, "/livez") { _ in .text("ok\n") },
            .open(.get, "/readyz", ready),
        ]
    }

    private func ready(_ request: IncomingRequest) async throws -> Response {
        guard readiness.isOpen else { throw Problem(.unavailable, "Shutting down.", retryAfterSeconds: 1) }
        try await database.ping()
        guard try await partitions.daysAhead(today: clock.now.day) > 0 else {
            throw Problem(.unavailable, "Today has no partitions; is the worker running?", retryAfterSeconds: 5)
        }
        return .text("ready\n")
    }
}
