import Connections
import ServiceLifecycle
import Synchronization

/// Whether new requests are welcome. The first thing a shutdown does is to say no, and then to wait: whoever balances the
/// load notices before the listener closes.
final class Readiness: Sendable, Service {
    private let open = Atomic<Bool>(true)
    /// Proxied calls may last for minutes: after this they are broken off.
    private static let longestCall = Duration.seconds(10)

    private let grace: Duration
    private let callsUnderWay: CallsUnderWay

    /// - Parameters:
    ///   - grace: time between saying no and closing the listener.
    ///   - callsUnderWay: what is broken off when it does not end by itself.
    init(grace: Duration, callsUnderWay: CallsUnderWay) {
        self.grace = grace
        self.callsUnderWay = callsUnderWay
    }

    var isOpen: Bool { open.load(ordering: .relaxed) }

    func run() async throws {
        try? await gracefulShutdown()
        open.store(false, ordering: .relaxed)
        // beside the services that stop one after the other: the listener waits for these calls
        Task { [callsUnderWay] in
            try? await Task.sleep(for: Self.longestCall)
            callsUnderWay.breakAll()
        }
        try? await Task.sleep(for: grace)
    }
}
