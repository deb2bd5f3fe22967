import Domain
import Synchronization
import Transfer

/// Reads an answer's body, one piece at a time.
///
/// `@unchecked Sendable`: whoever passes the answer on is the only one who reads, and asks for the next piece when the last
/// one has come.
final class BodyReading: @unchecked Sendable {
    private var iterator: HTTPTransferStream.Body.AsyncIterator

    init(_ stream: HTTPTransferStream) { iterator = stream.body.makeAsyncIterator() }

    func next(of connection: Connection) async throws -> [UInt8]? {
        do { return try await iterator.next() } catch let error as TransferError {
            throw ConnectionProxy.problem(error, connection)
        }
    }
}

/// Pieces of a body that is at hand.
final class Pieces: Sendable {
    private let rest: Mutex<[[UInt8]]>

    init(_ pieces: [[UInt8]]) { rest = Mutex(pieces.reversed()) }

    func next() -> [UInt8]? { rest.withLock { $0.popLast() } }
}
