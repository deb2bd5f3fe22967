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

    /// Sends a request, and brings the head of the answer as soon as it is there; the body comes while it is read.
    ///
    /// It speaks HTTP/1.1. When the server refuses (status 300 and above) before it has read the whole request, the rest
    /// of `body` is given up. Cancelling the task, or dropping the stream, aborts the transfer and closes its connection.
    /// - Parameters:
    ///   - request: what to send, without Content-Length and Transfer-Encoding. `maximumResponseBytes` and `timeout`
    ///     hold for the stream too: iterating it throws.
    ///   - body: nil to send the request's own body, or none.
    /// - Returns: the answer, whatever its status.
    /// - Throws: `TransferError`, what the source of `body` threw, or `CancellationError`.
    public func stream(_ request: HTTPTransferRequest, body: HTTPUpload? = nil) async throws -> HTTPTransferStream {
        try Task.checkCancellation()
        let exchange = try HTTPStreamExchange(request, body, certificateFile: certificateFile, on: loop)
        let head = try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                exchange.headContinuation = continuation
                loop.submit(exchange)
                if let body { exchange.startUpload(from: body) }
            }
        } onCancel: {
            exchange.abandon()
        }
        return HTTPTransferStream(
            status: head.status,
            headers: head.headers,
            reusedConnection: head.reusedConnection,
            body: HTTPTransferStream.Body(reader: HTTPBodyReader(exchange, of: self))
        )
    }

    /// Ends the transfers and streams under way with `TransferError.shutDown`, and joins the thread. Safe to call again.
    public func shutDown() { loop.stop() }
}
