internal import CLibPQ
import Foundation
import Logging

/// Owns a `PGconn` and does all the waiting on it: blocking for the thread, never without an end where a limit is set.
///
/// libpq is in non-blocking mode and `poll` blocks instead, on the socket and on the cancel switch. Used by one thread.
final class Channel {
    let handle: OpaquePointer
    private let cancelSwitch: CancelSwitch
    private let notices: NoticeSink
    private let cancelTimeout: Duration
    private(set) var isBroken = false
    private var deadline: ContinuousClock.Instant?
    /// Why the statement in flight is being cancelled; nil while it is not.
    private var cancelReason: DatabaseError.Kind?

    /// Connects, blocking.
    /// - Throws: `DatabaseError` of kind `.connection`.
    init(_ configuration: PostgresConfiguration, cancelSwitch: CancelSwitch, logger: Logger) throws {
        let parameters = configuration.connectionParameters
        handle = try CStringArray.with(parameters.map(\.keyword)) { keywords in
            try CStringArray.with(parameters.map(\.value)) { values in
                guard let handle = PQconnectdbParams(keywords, values, 0) else {
                    throw DatabaseError(.connection, "out of memory")
                }
                return handle
            }
        }
        self.cancelSwitch = cancelSwitch
        cancelTimeout = configuration.cancelTimeout
        notices = NoticeSink(logger)
        guard PQstatus(handle) == CONNECTION_OK else { throw DatabaseError.connection(handle) }
        guard PQsetnonblocking(handle, 1) == 0 else { throw DatabaseError.connection(handle) }
        notices.attach(to: handle)
    }

    deinit { PQfinish(handle) }

    /// Whether no transaction is open.
    var isIdle: Bool { PQtransactionStatus(handle) == PQTRANS_IDLE }

    /// Nothing more can be said on this connection.
    func markBroken() { isBroken = true }

    /// Runs one request with its answer, and sees to its cancellation and its time limit.
    ///
    /// - Parameters:
    ///   - timeout: for the whole answer; nil waits for ever.
    ///   - isCleanup: whether it goes through although the borrower was cancelled.
    ///   - body: sends and reads until nothing is outstanding, or marks the channel as broken.
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws, or `DatabaseError`.
    func exchange<Answer>(timeout: Duration?, isCleanup: Bool = false, _ body: () throws -> Answer) throws -> Answer {
        try cancelSwitch.beginStatement(isCleanup: isCleanup)
        deadline = timeout.map { .now.advanced(by: $0) }
        cancelReason = nil
        do {
            let answer = try body()
            finishExchange()
            return answer
        } catch {
            finishExchange()
            guard let error = error as? DatabaseError else { throw error }
            throw translated(error)
        }
    }

    private func finishExchange() {
        while cancelReason != nil, cancelSwitch.isSending {
            guard poll(writing: nil) || !hasExpired else {
                isBroken = true
                break
            }
        }
        if PQstatus(handle) != CONNECTION_OK { isBroken = true }
        cancelSwitch.endStatement()
    }

    /// Says who ended a cancelled statement, and that the connection went with a fatal error.
    func translated(_ error: DatabaseError) -> DatabaseError {
        var error = error
        if error.sqlState == "57014" {
            // Without a request of ours it was the server's own time limit or an operator, which only the message
            // tells apart, in English; in another language both are `.cancelled`.
            error.kind = cancelReason ?? (error.message.contains("timeout") ? .timeout : .cancelled)
        } else if isBroken, error.kind == .server {
            error.kind = .connection
        }
        return error
    }

    // MARK: Waiting

    private var hasExpired: Bool { deadline.map { $0 <= .now } ?? false }

    /// Polls once, until the deadline at most.
    /// - Parameter writing: whether to wait for room to write besides data to read; nil ignores the socket.
    /// - Returns: whether the socket is ready, or, without it, whether the switch woke.
    private func poll(writing: Bool?) -> Bool {
        var milliseconds: Int32 = -1
        if let deadline { milliseconds = Int32(clamping: (deadline - .now).milliseconds) }
        return withUnsafeTemporaryAllocation(of: pollfd.self, capacity: 2) { descriptors in
            let events = Int16(POLLIN) | (writing == true ? Int16(POLLOUT) : 0)
            let socket = writing == nil ? -1 : PQsocket(handle)
            descriptors[0] = pollfd(fd: socket, events: events, revents: 0)
            descriptors[1] = pollfd(fd: cancelSwitch.descriptor, events: Int16(POLLIN), revents: 0)
            guard Foundation.poll(descriptors.baseAddress, 2, milliseconds) > 0 else { return false }
            if descriptors[1].revents != 0, cancelSwitch.takeRequest(), cancelReason == nil {
                requestCancel(.cancelled)
            }
            return writing == nil ? descriptors[1].revents != 0 : descriptors[0].revents != 0
        }
    }

    private func requestCancel(_ reason: DatabaseError.Kind) {
        cancelReason = reason
        deadline = .now.advanced(by: cancelTimeout)
        cancelSwitch.send(for: handle)
    }

    /// Whether the exchange in flight is to end early. For a sender that is not waiting and can say so to the server.
    func mustStop() -> Bool {
        if cancelReason == nil {
            guard cancelSwitch.isRequested || hasExpired else { return false }
            cancelReason = cancelSwitch.isRequested ? .cancelled : .timeout
            deadline = .now.advanced(by: cancelTimeout)
        }
        return true
    }

    private func wait(writing: Bool) throws {
        guard PQsocket(handle) >= 0 else { throw lost() }
        while !poll(writing: writing) {
            guard hasExpired else { continue }
            if let cancelReason {
                isBroken = true
                throw DatabaseError(cancelReason, "the server does not answer; the connection is given up")
            }
            requestCancel(.timeout)
        }
    }

    /// The connection is gone.
    func lost() -> DatabaseError {
        isBroken = true
        return DatabaseError.connection(handle)
    }

    /// A call to send failed: the connection is gone, or the arguments were wrong.
    func sendFailure() -> DatabaseError {
        guard PQstatus(handle) == CONNECTION_OK else { return lost() }
        return DatabaseError(.misuse, DatabaseError.trimmed(PQerrorMessage(handle)))
    }

    /// Writes all that is buffered, reading meanwhile so that the server can't block on its own answers.
    func flush() throws {
        while true {
            let rest = PQflush(handle)
            guard rest != 0 else { return }
            guard rest == 1 else { throw lost() }
            try wait(writing: true)
            guard PQconsumeInput(handle) == 1 else { throw lost() }
        }
    }

    /// The next result of what was sent; nil at the end of a command.
    func nextResult() throws -> QueryResult? {
        try flush()
        while PQisBusy(handle) == 1 {
            try wait(writing: false)
            guard PQconsumeInput(handle) == 1 else { throw lost() }
        }
        return PQgetResult(handle).map(QueryResult.init)
    }

    // MARK: Idle

    /// Whether the server has not hung up; asks the system, not the server.
    func isAlive() -> Bool {
        var descriptor = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
        while !isBroken, Foundation.poll(&descriptor, 1, 0) > 0 {
            if PQconsumeInput(handle) != 1 || PQstatus(handle) != CONNECTION_OK { isBroken = true }
        }
        return !isBroken
    }

    /// Waits for notifications, until one comes, the time is over, or `cancel()` wakes it.
    func notifications(within limit: Duration) throws -> [(channel: String, payload: String)] {
        let pending = takeNotifications()
        // They may have come with the answer to a statement.
        guard pending.isEmpty else { return pending }
        try cancelSwitch.beginStatement(isCleanup: false)
        defer { cancelSwitch.endStatement() }
        // Set before the wait, so that a wake-up is not taken for a request to the server.
        cancelReason = .cancelled
        defer { cancelReason = nil }
        deadline = .now.advanced(by: limit)
        if poll(writing: false), PQconsumeInput(handle) != 1 { throw lost() }
        return takeNotifications()
    }

    private func takeNotifications() -> [(channel: String, payload: String)] {
        var received: [(channel: String, payload: String)] = []
        while let notification = PQnotifies(handle) {
            let channel = String(cString: notification.pointee.relname)
            received.append((channel, String(cString: notification.pointee.extra)))
            PQfreemem(notification)
        }
        return received
    }
}

/// Where the server's notices and warnings go; libpq's default is stderr.
private final class NoticeSink {
    private let logger: Logger

    init(_ logger: Logger) { self.logger = logger }

    /// The handle must not outlive this object.
    func attach(to handle: OpaquePointer) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        PQsetNoticeReceiver(
            handle,
            { context, result in
                guard let context, let result else { return }
                let notice = DatabaseError(result: result)
                let level: Logger.Level = notice.severity == "WARNING" ? .warning : .debug
                Unmanaged<NoticeSink>.fromOpaque(context).takeUnretainedValue()
                    .logger.log(level: level, "the database says: \(notice.message)")
            },
            context
        )
    }
}

/// Lends an array of C strings, ended by nil.
enum CStringArray {
    static func with<Answer>(
        _ strings: [String],
        _ body: (UnsafePointer<UnsafePointer<CChar>?>) throws -> Answer
    ) throws -> Answer {
        let copies = strings.map { strdup($0) }
        defer { copies.forEach { free($0) } }
        let pointers: [UnsafePointer<CChar>?] = copies.map { UnsafePointer($0) } + [nil]
        return try pointers.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { throw DatabaseError(.connection, "out of memory") }
            return try body(base)
        }
    }
}
