import ServiceLifecycle
import Synchronization

/// Whether new requests are welcome. The first thing a shutdown does is to say no, and then to wait: whoever balances the
/// load notices before the listener closes.
final class Readiness: Sendable, Service {
    private let open = Atomic<Bool>(true)
    private let grace: Duration

    /// - Parameter grace: time between saying no and closing the listener.
    init(grace: Duration) { self.grace = grace }

    var isOpen: Bool { open.load(ordering: .relaxed) }

    func run() async throws {
        try? await gracefulShutdown()
        open.store(false, ordering: .relaxed)
        try? await Task.sleep(for: grace)
    }
}
