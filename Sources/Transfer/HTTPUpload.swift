/// The body of a request, given piece by piece while it is sent. At most a few pieces are held at a time.
public struct HTTPUpload: Sendable {
    typealias Send = @Sendable (_ chunk: [UInt8]) async throws -> Void

    /// Bytes in all; nil when they are not known beforehand.
    public let length: Int?
    /// Gives every chunk to `Send`, which waits for room, and returns at the end.
    let produce: @Sendable (_ send: Send) async throws -> Void

    /// Describes a body that is asked for.
    /// - Parameters:
    ///   - length: bytes in all, sent as Content-Length; nil to send the body chunked. A body of another length is the
    ///     error `TransferError.invalidRequest`.
    ///   - next: gives the next bytes, nil at the end; never asked twice at once. What it throws ends the transfer, and
    ///     is thrown to whoever waits for the answer. Its task is cancelled when the body is not wanted any more.
    public init(length: Int? = nil, next: @escaping @Sendable () async throws -> [UInt8]?) {
        self.length = length
        produce = { send in
            while let chunk = try await next() { try await send(chunk) }
        }
    }

    /// Describes a body that comes as a sequence.
    /// - Parameters:
    ///   - chunks: iterated once. What it throws ends the transfer, and is thrown to whoever waits for the answer. Its
    ///     task is cancelled when the body is not wanted any more.
    ///   - length: bytes in all, sent as Content-Length; nil to send the body chunked. A body of another length is the
    ///     error `TransferError.invalidRequest`.
    public init<Chunks: AsyncSequence & Sendable>(_ chunks: Chunks, length: Int? = nil)
    where Chunks.Element == [UInt8] {
        self.length = length
        produce = { send in
            for try await chunk in chunks { try await send(chunk) }
        }
    }
}
