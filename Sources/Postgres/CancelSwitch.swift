internal import CLibPQ
import Foundation
import Synchronization

/// Decides which statement a request to cancel means, and never lets one reach the next statement.
///
/// Anyone may ask; the request counts only while a statement is in flight, checked under the mutex. The connection's own
/// thread then has the request sent, and does not finish the statement before the sending has ended: by then the server
/// has signalled its backend, so the signal can't be late for another statement.
final class CancelSwitch: Sendable {
    private struct State {
        /// Who borrows the connection; a request that names an earlier borrower is void.
        var lease: UInt64 = 0
        var isLeaseCancelled = false
        var isInFlight = false
        var isRequested = false
        var isSending = false
    }

    private let state = Mutex(State())
    private let pipe: WakePipe

    /// - Throws: `DatabaseError` of kind `.connection` when the process has no descriptors left.
    init() throws { pipe = try WakePipe() }

    /// What the connection's thread polls besides its socket.
    var descriptor: Int32 { pipe.readEnd }

    /// Asks for the end of the statement in flight, if there is one.
    func cancel() {
        state.withLock { state in
            guard state.isInFlight, !state.isRequested else { return }
            state.isRequested = true
            pipe.wake()
        }
    }

    /// Asks for the end of all statements of one borrower, now and to come.
    func cancel(lease: UInt64) {
        state.withLock { state in
            guard state.lease == lease else { return }
            state.isLeaseCancelled = true
            guard state.isInFlight, !state.isRequested else { return }
            state.isRequested = true
            pipe.wake()
        }
    }

    /// A new borrower.
    /// - Returns: the number by which it may cancel.
    func beginLease() -> UInt64 {
        state.withLock { state in
            state.lease += 1
            state.isLeaseCancelled = false
            return state.lease
        }
    }

    /// The borrower is done: its requests are void from here on.
    func endLease() {
        state.withLock { state in
            state.lease += 1
            state.isLeaseCancelled = false
        }
    }

    /// A statement is about to be sent.
    /// - Parameter isCleanup: rollbacks go through though the borrower was cancelled, and can't be cancelled.
    /// - Throws: `DatabaseError` of kind `.cancelled`.
    func beginStatement(isCleanup: Bool) throws {
        try state.withLock { state in
            guard isCleanup || !state.isLeaseCancelled else {
                throw DatabaseError(.cancelled, "the task was cancelled before the statement was sent")
            }
            state.isInFlight = !isCleanup
            state.isRequested = false
        }
    }

    /// The statement's answer is complete and no request is being sent any more.
    func endStatement() {
        state.withLock { state in
            if state.isRequested { pipe.drain() }
            state.isInFlight = false
            state.isRequested = false
        }
    }

    /// Whether the end of the statement in flight was asked for; takes the wake-up.
    func takeRequest() -> Bool {
        state.withLock { state in
            pipe.drain()
            return state.isRequested
        }
    }

    /// Whether the end of the statement in flight was asked for.
    var isRequested: Bool { state.withLock { $0.isRequested } }

    /// Whether a request is on its way to the server.
    var isSending: Bool { state.withLock { $0.isSending } }

    /// Sends the request from a thread of its own, for `PQcancel` may block on a server that hangs.
    /// - Parameter handle: the connection, used only to make the request.
    func send(for handle: OpaquePointer) {
        guard let request = PQgetCancel(handle) else { return }
        state.withLock { state in
            state.isRequested = true
            state.isSending = true
        }
        // The request is a copy of address and key that libpq allows any one thread to use.
        nonisolated(unsafe) let cancellation = request
        let thread = Thread {
            withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { message in
                _ = PQcancel(cancellation, message.baseAddress?.assumingMemoryBound(to: CChar.self), 256)
            }
            PQfreeCancel(cancellation)
            self.state.withLock { state in
                state.isSending = false
                self.pipe.wake()
            }
        }
        thread.stackSize = 256 << 10
        thread.start()
    }
}
