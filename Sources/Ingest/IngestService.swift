import Crypto
public import Domain
import Foundation
public import Store
import Synchronization

/// Takes the body of a request from the wire to the disk: decompress, parse, validate, redact, store, answer.
public struct IngestService: Sendable {
    /// A request as the HTTP layer hands it over.
    public struct Request: Sendable {
        /// The body as sent.
        public var body: [UInt8]
        /// `Content-Type`, as sent; nil when there was none.
        public var contentType: String?
        /// `Content-Encoding`, as sent; nil when there was none.
        public var contentEncoding: String?
        /// `Idempotency-Key`, as sent; nil when there was none.
        public var idempotencyKey: String?

        /// Puts a request together; see the properties.
        public init(body: [UInt8], contentType: String?, contentEncoding: String?, idempotencyKey: String?) {
            self.body = body
            self.contentType = contentType
            self.contentEncoding = contentEncoding
            self.idempotencyKey = idempotencyKey
        }
    }

    /// Entries by what became of them, since the process started.
    public struct Counts: Sendable {
        /// Taken in.
        public var accepted = 0
        /// There already.
        public var duplicates = 0
        /// Without a status code: counted, not stored.
        public var unreachable = 0
        /// Refused.
        public var rejected = 0
    }

    private final class Counter: Sendable {
        let counts = Mutex(Counts())
    }

    private let writer: IngestWriter
    private let answers: IdempotencyStore
    private let clock: DatabaseClock
    private let retentionDays: Int
    private let counter = Counter()

    /// Prepares to take entries in.
    /// - Parameters:
    ///   - writer: stores them.
    ///   - answers: knows the answers given to Idempotency-Keys.
    ///   - clock: gives `app_now()`.
    ///   - retentionDays: how old an entry may be.
    public init(writer: IngestWriter, answers: IdempotencyStore, clock: DatabaseClock, retentionDays: Int) {
        self.writer = writer
        self.answers = answers
        self.clock = clock
        self.retentionDays = retentionDays
    }

    /// Entries by what became of them.
    public var counts: Counts { counter.counts.withLock { $0 } }

    /// Takes a request in.
    /// - Parameters:
    ///   - request: as sent.
    ///   - principal: who sent it; must be allowed to write.
    /// - Returns: the answer, once what was taken is durable.
    /// - Throws: `Problem`.
    public func ingest(_ request: Request, from principal: Principal) async throws(Problem) -> StoredAnswer {
        try await take(request, from: principal) { _ in }
    }

    /// - Parameter complete: adds to the entries what their text does not tell.
    func take(
        _ request: Request, from principal: Principal, _ complete: @Sendable (inout ParsedRequest) -> Void
    ) async throws(Problem) -> StoredAnswer {
        let format = try Self.format(request.contentType)
        let key = try Self.checked(idempotencyKey: request.idempotencyKey)
        let keyHash = key.map { Array(SHA256.hash(data: Data($0.utf8))) }
        let requestHash = key == nil ? [] : Array(SHA256.hash(data: request.body))
        if let keyHash {
            if let answer = try await replay(keyHash, requestHash, principal) { return answer }
        }
        var parsed = try parse(request, format, principal)
        complete(&parsed)
        let answer = IngestAnswer(parsed)
        // a keyed answer is kept even when there is nothing to store
        guard !parsed.entries.isEmpty || keyHash != nil else {
            count(answer, duplicates: 0)
            return answer.stored(duplicates: 0)
        }
        var batch = EntryBatch(tenant: principal.tenant.id, entries: parsed.entries)
        if let keyHash {
            batch.idempotency = .init(keyHash: keyHash, requestHash: requestHash) { answer.stored(duplicates: $0) }
        }
        switch try await writer.submit(batch) {
        case .stored(let duplicates):
            count(answer, duplicates: duplicates)
            return answer.stored(duplicates: duplicates)
        case .answeredBefore:
            if let keyHash, let answer = try await replay(keyHash, requestHash, principal) { return answer }
            throw Problem(
                .conflict, "A request with this Idempotency-Key is under way; try again.", retryAfterSeconds: 1)
        }
    }

    private func replay(
        _ keyHash: [UInt8], _ requestHash: [UInt8], _ principal: Principal
    ) async throws(Problem) -> StoredAnswer? {
        do {
            return try await answers.answer(keyHash: keyHash, requestHash: requestHash, tenant: principal.tenant.id)
        } catch {
            throw Problem(error)
        }
    }

    private func parse(
        _ request: Request, _ format: EntryFormat, _ principal: Principal
    ) throws(Problem) -> ParsedRequest {
        do {
            let body = try Decompressor.decompress(request.body, encoding: request.contentEncoding)
            let parser = EntryParser(
                context: EntryContext(
                    tenantID: principal.tenant.id.rawValue, now: clock.now, retentionDays: retentionDays,
                    redactor: Redactor(fingerprintKey: principal.redactionKey)))
            return try parser.parse(body, format: format)
        } catch let issue as RequestIssue {
            throw issue.problem
        } catch let error as DecompressionError {
            throw error.problem
        } catch {
            throw Problem(error)
        }
    }

    private func count(_ answer: IngestAnswer, duplicates: Int) {
        counter.counts.withLock { counts in
            counts.accepted += answer.taken - duplicates
            counts.duplicates += duplicates
            counts.unreachable += answer.unreachable
            counts.rejected += answer.rejected
        }
    }

    private static func format(_ contentType: String?) throws(Problem) -> EntryFormat {
        // as nearly everybody sends it
        if contentType == "application/json" { return .json }
        if contentType == "application/x-ndjson" { return .ndjson }
        let type = contentType?.prefix { $0 != ";" }.lowercased().trimmingCharacters(in: .whitespaces)
        switch type {
        case "application/json": return .json
        case "application/x-ndjson", "application/ndjson", "application/jsonl": return .ndjson
        default:
            throw Problem(
                .unsupportedMediaType,
                "Send application/json (an entry or an array) or application/x-ndjson (an entry a line)"
                    + (type.map { ", not \($0)." } ?? "; the request has no Content-Type."))
        }
    }

    private static func checked(idempotencyKey key: String?) throws(Problem) -> String? {
        guard let key else { return nil }
        guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Problem(
                .invalidParameter, "An Idempotency-Key has 1 to 255 visible ASCII characters.",
                issues: [
                    .init(.header("Idempotency-Key"), code: "invalid", detail: "1 to 255 visible ASCII characters")
                ])
        }
        return key
    }
}
