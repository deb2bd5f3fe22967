import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// Collects request bodies within two bounds: bytes of one body, and bytes of all bodies that are held at a time.
final class BodyReader: Sendable {
    private let limit: Int
    private let totalLimit: Int
    private let held = Atomic<Int>(0)

    /// - Parameters:
    ///   - limit: bytes of one body.
    ///   - totalLimit: bytes of all bodies at a time; past it requests are told to come again.
    init(limit: Int, totalLimit: Int) {
        self.limit = limit
        self.totalLimit = totalLimit
    }

    /// Collects a body and hands it over; its bytes count as held until `use` returns.
    /// - Throws: `Problem`; what `use` throws.
    func withBody<Value>(of request: Request, _ use: ([UInt8]) async throws -> Value) async throws -> Value {
        let announced = request.headers[.contentLength].flatMap { Int($0) }
        if let announced, announced > limit { throw tooLarge }
        var body: [UInt8] = []
        defer { held.subtract(body.count, ordering: .relaxed) }
        var chunks = request.body.makeAsyncIterator()
        while let chunk = try await Self.next(&chunks) {
            guard body.count + chunk.readableBytes <= limit else { throw tooLarge }
            guard held.load(ordering: .relaxed) + chunk.readableBytes <= totalLimit else {
                throw Problem(.unavailable, "Too many requests are being received.", retryAfterSeconds: 1)
            }
            if body.isEmpty, let announced {
                body.reserveCapacity(announced)
            }
            chunk.withUnsafeReadableBytes { body.append(contentsOf: $0) }
            held.add(chunk.readableBytes, ordering: .relaxed)
        }
        return try await use(body)
    }

    /// The next piece; a client that goes away amid its body is the client's matter, not a failure here.
    private static func next(_ chunks: inout RequestBody.AsyncIterator) async throws -> ByteBuffer? {
        do { return try await chunks.next() } catch {
            throw Problem(.incompleteBody, "The body did not arrive whole.", cause: error)
        }
    }

    private var tooLarge: Problem {
        Problem(
            .bodyTooLarge,
            limit >= 1 << 20
                ? "A body may have \(limit / (1 << 20)) MiB as sent; send the entries in several requests."
                : "A body may have \(limit / (1 << 10)) KiB here.")
    }
}
