import Logging
import ServiceLifecycle
import Synchronization

/// Logs proxied calls beside their answers, so that nobody waits for the disk; at a shutdown what is under way is written.
final class CallRecorder: Service {
    typealias Work = @Sendable () async throws -> Void

    /// Calls that wait to be logged, and bytes of their bodies; past either the newest are lost, and the log says so.
    private static let capacity = 20_000
    private static let mostBytes = 64 << 20
    /// Calls that are logged at a time; they share transactions.
    private static let together = 256

    private let works: AsyncStream<Work>
    private let continuation: AsyncStream<Work>.Continuation
    private let logger: Logger
    private let waitingBytes = Atomic<Int>(0)

    init(logger: Logger) {
        self.logger = logger
        (works, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.capacity))
    }

    /// Does something soon.
    /// - Parameters:
    ///   - bytes: that it holds until it is done.
    ///   - work: what to do.
    func record(bytes: Int, _ work: @escaping Work) {
        let held = waitingBytes.add(bytes, ordering: .relaxed).newValue
        let counted: Work = { [self] in
            defer { waitingBytes.subtract(bytes, ordering: .relaxed) }
            try await work()
        }
        if held <= Self.mostBytes, case .enqueued = continuation.yield(counted) { return }
        waitingBytes.subtract(bytes, ordering: .relaxed)
        logger.error("a proxied call was not logged: too many wait to be")
    }

    func run() async {
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                var running = 0
                for await work in works {
                    if running == Self.together {
                        await group.next()
                        running -= 1
                    }
                    running += 1
                    group.addTask { [logger] in
                        do { try await work() } catch {
                            logger.error("a proxied call was not logged", metadata: ["because": "\(error)"])
                        }
                    }
                }
            }
        } onGracefulShutdown: { [continuation] in
            continuation.finish()
        }
    }
}
