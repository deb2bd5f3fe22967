/// The reader's end of a streamed answer; the transfer is aborted when nobody holds it any more.
final class HTTPBodyReader: Sendable {
    /// Held so that the loop goes on for as long as there is a stream.
    private let transfer: HTTPTransfer
    private let exchange: HTTPStreamExchange

    init(_ exchange: HTTPStreamExchange, of transfer: HTTPTransfer) {
        self.exchange = exchange
        self.transfer = transfer
    }

    deinit { abort() }

    /// Ends the transfer, if it has not ended, and forgets what was not read.
    func abort() { exchange.abandon() }

    func next(isolation actor: isolated (any Actor)? = #isolation) async throws -> [UInt8]? {
        guard !Task.isCancelled else {
            abort()
            throw CancellationError()
        }
        if let read = exchange.readAtOnce() { return try read.get() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { exchange.read($0) }
        } onCancel: {
            abort()
        }
    }
}

/// One iteration of a streamed answer: the transfer is aborted when it is broken off.
final class HTTPBodyReading: Sendable {
    let reader: HTTPBodyReader

    init(_ reader: HTTPBodyReader) { self.reader = reader }

    deinit { reader.abort() }
}
