/// Sends HTTP requests through libcurl: many at once on one thread of its own, connections kept for reuse.
///
/// Only http and https; no proxy from the environment; a redirect is an answer like any other.
public final class HTTPTransfer: Sendable {
    private let loop: TransferLoop
    private let certificateFile: String?

    /// Starts the thread.
    /// - Parameters:
    ///   - certificateFile: PEM certificates to trust besides the system's certificate directory; nil for none.
    ///   - maximumConnections: open at once; further transfers wait for a free one.
    /// - Throws: `TransferError.other` when libcurl or the thread does not start.
    public init(certificateFile: String? = nil, maximumConnections: Int = 256) throws {
        self.certificateFile = certificateFile
        loop = try TransferLoop(maximumConnections: maximumConnections)
    }

    deinit { loop.stop() }

    /// Sends a request and waits for the whole answer. Cancelling the task aborts the transfer.
    /// - Parameter request: what to send.
    /// - Returns: the answer, whatever its status.
    /// - Throws: `TransferError`, or `CancellationError` when the task was cancelled.
    public func perform(_ request: HTTPTransferRequest) async throws -> HTTPTransferResponse {
        try Task.checkCancellation()
        let exchange = try HTTPExchange(request, certificateFile: certificateFile)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                exchange.continuation = continuation
                loop.submit(exchange)
            }
        } onCancel: {
            loop.cancel(exchange)
        }
    }

    /// Ends the transfers under way with `TransferError.shutDown`, and joins the thread. Safe to call again.
    public func shutDown() { loop.stop() }
}
