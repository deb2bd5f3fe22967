import Logging
import ServiceLifecycle

/// Logs proxied calls beside their answers, so that nobody waits for the disk; at a shutdown what is under way is written.
final class CallRecorder: Service {
    typealias Work = @Sendable () async throws -> Void

    /// Calls that wait to be logged; past it the newest are lost, and the log says so.
    private static let capacity = 20_000
    /// Calls that are logged at a time; they share transactions.
    private static let together = 256

    private let works: AsyncStream<Work>
    private let continuation: AsyncStream<Work>.Continuation
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
        (works, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.capacity))
    }

    /// Does something soon.
    func record(_ work: @escaping Work) {
        if case .dropped = continuation.yield(work) {
            logger.error("a proxied call was not logged: too many wait to be")
        }
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
