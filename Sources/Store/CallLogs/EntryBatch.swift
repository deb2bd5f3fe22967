public import Domain

/// The entries of one request, as they go to the database.
public struct EntryBatch: Sendable {
    /// How the request's answer is to be kept for its Idempotency-Key.
    public struct Idempotency: Sendable {
        /// SHA-256 of the key.
        public var keyHash: [UInt8]
        /// SHA-256 of what was sent.
        public var requestHash: [UInt8]
        /// Makes the answer, given how many entries turned out to be duplicates.
        public var answer: @Sendable (_ duplicates: Int) -> StoredAnswer

        /// Describes how to keep an answer.
        /// - Parameters:
        ///   - keyHash: SHA-256 of the key.
        ///   - requestHash: SHA-256 of what was sent.
        ///   - answer: makes the answer, given the number of duplicates.
        public init(
            keyHash: [UInt8], requestHash: [UInt8], answer: @escaping @Sendable (_ duplicates: Int) -> StoredAnswer
        ) {
            self.keyHash = keyHash
            self.requestHash = requestHash
            self.answer = answer
        }
    }

    /// Whose entries they are.
    public let tenant: TenantID
    /// Validated and redacted.
    public let entries: [NewCallLog]
    /// Nil when the request has no Idempotency-Key.
    public var idempotency: Idempotency?

    /// The days of the entries.
    let days: Set<Day>
    /// The bots of the entries.
    let bots: Set<BotReference>
    /// Bytes that the entries' messages take, at least.
    public let bytes: Int

    /// Puts a batch together, and finds out in one pass what storing it needs to know.
    /// - Parameters:
    ///   - tenant: whose entries they are.
    ///   - entries: validated and redacted.
    ///   - idempotency: nil when the request has no Idempotency-Key.
    public init(tenant: TenantID, entries: [NewCallLog], idempotency: Idempotency? = nil) {
        self.tenant = tenant
        self.entries = entries
        self.idempotency = idempotency
        var days: Set<Day> = []
        var bots: Set<BotReference> = []
        var bytes = 0
        var lastDay: Day?
        for index in entries.indices {
            let day = entries[index].log.occurredAt.day
            if day != lastDay {
                days.insert(day)
                lastDay = day
            }
            if index == 0 || entries[index].log.bot != entries[index - 1].log.bot {
                bots.insert(entries[index].log.bot)
            }
            bytes += entries[index].exchange.approximateSize
        }
        self.days = days
        self.bots = bots
        self.bytes = bytes
    }
}

/// An answer as an Idempotency-Key replays it.
public struct StoredAnswer: Sendable, Hashable {
    /// The HTTP status.
    public var status: Int
    /// The JSON text.
    public var body: String

    /// Puts an answer together.
    /// - Parameters:
    ///   - status: the HTTP status.
    ///   - body: the JSON text.
    public init(status: Int, body: String) {
        self.status = status
        self.body = body
    }
}

/// What became of one batch of a group.
public enum EntryBatchOutcome: Sendable {
    /// All of it is durable, but for so many entries that were there already.
    case stored(duplicates: Int)
    /// A request with the same Idempotency-Key was answered first; this one stored nothing.
    case answeredBefore
}
