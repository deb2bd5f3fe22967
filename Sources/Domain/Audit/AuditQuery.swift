public import Foundation

/// Which entries of a tenant's audit log are asked for. Every part narrows; an empty set does not.
public struct AuditQuery: Sendable, Hashable {
    /// What happened.
    public var codes: Set<AuditCode> = []
    /// Methods of calls.
    public var methods: Set<String> = []
    /// The API key that was used.
    public var apiKeyID: UUID?
    /// The person who did it.
    public var userID: UUID?
    /// The kind of entity.
    public var relatedModel: String?
    /// The entity's id.
    public var relationKey: String?
    /// Where calls came from.
    public var remoteAddress: String?
    /// Who sent it.
    public var sender: String?
    /// Text in path, query, value or data, whatever its case.
    public var text: String?
    /// Only entries at or after this time.
    public var from: Timestamp?
    /// Only entries before this time.
    public var to: Timestamp?
    /// Whether entries that came back from an archive are listed too.
    public var includesRestored = false

    /// Asks for everything.
    public init() {}

    /// Whether anything but the period narrows the query.
    public var isFiltered: Bool {
        !codes.isEmpty || !methods.isEmpty || apiKeyID != nil || userID != nil || relatedModel != nil
            || relationKey != nil || remoteAddress != nil || sender != nil || text != nil
    }
}

/// A place in the audit log, newest first: the page goes on after it.
public struct AuditPosition: Sendable, Hashable {
    /// When the entry before happened.
    public var occurredAt: Timestamp
    /// Its number in the chain.
    public var seq: Int64

    /// Names a place.
    /// - Parameters:
    ///   - occurredAt: when the entry before happened.
    ///   - seq: its number in the chain.
    public init(occurredAt: Timestamp, seq: Int64) {
        self.occurredAt = occurredAt
        self.seq = seq
    }
}

/// One page of the audit log, of entries as its reader takes them.
public struct AuditPage<Entry: Sendable>: Sendable {
    /// The entries, newest first.
    public var entries: [Entry]
    /// Where the next page starts; nil at the end.
    public var next: AuditPosition?
    /// Set when the time budget ended the page early: everything after this time was looked at.
    public var scannedTo: Timestamp?

    /// Puts a page together; see the properties.
    public init(entries: [Entry], next: AuditPosition?, scannedTo: Timestamp? = nil) {
        self.entries = entries
        self.next = next
        self.scannedTo = scannedTo
    }
}
