public import Domain

/// How the entries of a request are laid out.
public enum EntryFormat: Sendable, Hashable {
    /// One JSON object, or an array of them.
    case json
    /// A JSON object a line.
    case ndjson
}

/// What an entry is judged by, besides itself.
public struct EntryContext: Sendable {
    /// The tenant whose entries they are.
    public var tenantID: Int32
    /// The time as the database has it.
    public var now: Timestamp
    /// Days that entries are kept.
    public var retentionDays: Int
    /// The tenant's redactor.
    public var redactor: Redactor

    /// Describes the context.
    /// - Parameters:
    ///   - tenantID: the tenant whose entries they are.
    ///   - now: the time as the database has it.
    ///   - retentionDays: days that entries are kept.
    ///   - redactor: the tenant's redactor.
    public init(tenantID: Int32, now: Timestamp, retentionDays: Int, redactor: Redactor) {
        self.tenantID = tenantID
        self.now = now
        self.retentionDays = retentionDays
        self.redactor = redactor
    }
}

/// The entries of a request, validated and redacted.
public struct ParsedRequest: Sendable {
    /// The entries to store, in the order they were sent.
    public var entries: [NewCallLog] = []
    /// The place in the request of each of `entries`, from 0.
    public var entryIndexes: [Int] = []
    /// Entries without a status code: counted, not stored.
    public var unreachable = 0
    /// What is wrong with the other entries, at most five an entry, in the order they were sent.
    public var issues: [EntryIssue] = []
    /// Entries rejected; each has at least one issue.
    public var rejected = 0
    /// All entries of the request.
    public var total = 0
    /// True when the body was a bare object, whose answer names its id.
    public var isSingleObject = false
}
