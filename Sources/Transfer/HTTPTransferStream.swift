/// An answer whose head has come, and whose body comes while it is read.
///
/// Dropping the value, and everything made from its body, aborts the transfer.
public struct HTTPTransferStream: Sendable {
    /// 200…599, or 101 when the request asked for another protocol.
    public let status: Int
    /// In the order they came.
    public let headers: [HTTPTransferHeader]
    /// True when no new connection had to be opened.
    public let reusedConnection: Bool
    /// As it comes: a content coding is not undone. Trailers are not kept.
    public let body: Body

    /// Looks a header up.
    /// - Parameter name: in any case.
    /// - Returns: the value of the first header of this name.
    public func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name.lowercased() == wanted }?.value
    }

    /// The bytes of an answer's body, to be read once by one task.
    ///
    /// While more than 256 KiB wait unread the server is made to wait. Breaking off the iteration aborts the transfer.
    /// Iterating throws `TransferError`, what the upload's source threw, or `CancellationError`.
    public struct Body: AsyncSequence, Sendable {
        /// Bytes as they came together; never empty.
        public typealias Element = [UInt8]
        /// `TransferError`, what the upload's source threw, or `CancellationError`.
        public typealias Failure = any Error

        let reader: HTTPBodyReader

        /// Begins to read.
        public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(reading: HTTPBodyReading(reader)) }

        /// Reads an answer's body.
        public struct AsyncIterator: AsyncIteratorProtocol {
            let reading: HTTPBodyReading

            /// Waits for bytes.
            /// - Returns: all that have come, never an empty array; nil at the end.
            /// - Throws: `TransferError`, what the upload's source threw, or `CancellationError`.
            public mutating func next() async throws -> [UInt8]? { try await reading.reader.next() }

            /// Waits for bytes.
            /// - Parameter actor: where the caller runs, which need not be left for bytes that are there.
            /// - Returns: all that have come, never an empty array; nil at the end.
            /// - Throws: `TransferError`, what the upload's source threw, or `CancellationError`.
            public mutating func next(isolation actor: isolated (any Actor)?) async throws -> [UInt8]? {
                try await reading.reader.next(isolation: actor)
            }
        }
    }
}
