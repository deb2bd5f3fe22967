public import Logging
public import ServiceLifecycle

/// What a listener tells.
public enum PostgresNotification: Sendable, Hashable {
    /// Listening has begun, at first or again: what was sent before is lost, so read again what it would have told.
    case reconnected
    /// Somebody ran `notify`.
    case message(channel: String, payload: String)
}

/// Listens on channels over a connection of its own, and comes back by itself when that is lost.
public final class PostgresListener: Sendable, Service {
    /// What was heard; for one reader. A reader that falls far behind loses the oldest: notifications are hints.
    public let notifications: AsyncStream<PostgresNotification>
    private let continuation: AsyncStream<PostgresNotification>.Continuation
    private let configuration: PostgresConfiguration
    private let channels: [String]
    private let logger: Logger

    /// How long the server may be silent before it is asked whether it is there.
    private static let silence: Duration = .seconds(30)

    /// A listener that begins with `run()`.
    /// - Parameters:
    ///   - configuration: where the database is; a pooler in transaction mode can't serve it.
    ///   - channels: names as `notify` uses them.
    ///   - logger: for connections made and lost.
    public init(
        configuration: PostgresConfiguration,
        channels: [String],
        logger: Logger = Logger(label: "postgres")
    ) {
        self.configuration = configuration
        self.channels = channels
        self.logger = logger
        (notifications, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(4096))
    }

    /// Listens until graceful shutdown or cancellation, then ends the stream.
    /// - Throws: nothing; the signature is the protocol's.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            var failures = 0
            while !Task.isCancelled {
                do {
                    try await self.listen { failures = 0 }
                } catch {
                    guard !Task.isCancelled else { break }
                    self.logger.warning("the listener lost the database", metadata: ["error": "\(error)"])
                    try? await Task.sleep(for: PostgresPool.backOff(failures: failures))
                    failures += 1
                }
            }
        }
        continuation.finish()
    }

    private func listen(_ onListening: () -> Void) async throws {
        let connection = try await PostgresConnection.connect(configuration, logger: logger)
        let lease = connection.cancelSwitch.beginLease()
        do {
            try await withTaskCancellationHandler {
                for channel in channels {
                    _ = try await connection.execute("listen \(identifier: channel)")
                }
                onListening()
                continuation.yield(.reconnected)
                while !Task.isCancelled { try await hear(connection) }
            } onCancel: {
                connection.cancelSwitch.cancel(lease: lease)
            }
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }

    private func hear(_ connection: PostgresConnection) async throws {
        let heard = try await connection.notifications(within: PostgresListener.silence)
        for notification in heard {
            continuation.yield(.message(channel: notification.channel, payload: notification.payload))
        }
        if heard.isEmpty { try await connection.execute("select 1", timeout: .seconds(5)) }
    }
}
