public import Foundation

/// Something that happened, as it is handed to the audit log.
public struct NewAuditEntry: Sendable, Hashable {
    /// Identifies the entry; UUIDv7.
    public var id: UUID
    /// When it happened.
    public var occurredAt: Timestamp
    /// What happened.
    public var code: AuditCode
    /// The method of the call.
    public var method: String?
    /// The path of the call with its query; personal from the question mark on.
    public var path: String?
    /// The type of the call's body, or of the media.
    public var contentType: String?
    /// Which kind of entity it is about.
    public var relatedModel: String?
    /// The id of that entity.
    public var relationKey: String?
    /// The API key that was used.
    public var apiKeyID: UUID?
    /// The person who did it; personal.
    public var userID: UUID?
    /// Where the call came from; personal.
    public var remoteAddress: String?
    /// Who sent it, the contract's `from`; personal.
    public var sender: String?
    /// A value that goes with the code, such as a contact method; personal.
    public var value: String?
    /// Whatever else is to be known, such as the names of changed fields; personal.
    public var data: String?
    /// How the call was answered: the HTTP status.
    public var status: Int16?
    /// The call's `X-Request-Id`.
    public var requestID: String?

    /// Describes what happened; everything else is set afterwards.
    /// - Parameters:
    ///   - code: what happened.
    ///   - occurredAt: when.
    ///   - id: identifies the entry; nil makes a new one.
    public init(_ code: AuditCode, at occurredAt: Timestamp, id: UUID? = nil) {
        self.id = id ?? .version7(at: occurredAt)
        self.code = code
        self.occurredAt = occurredAt
    }
}

/// What the audit log keeps of something that happened.
public struct AuditEntry: Sendable, Hashable {
    /// As it was handed in; what was erased is nil.
    public var content: NewAuditEntry
    /// Its number in the tenant's chain.
    public var seq: Int64
    /// Whether personal parts were erased.
    public var isErased: Bool
    /// Whether it came back from an archive.
    public var isRestored: Bool

    /// Puts an entry together; see the properties.
    public init(content: NewAuditEntry, seq: Int64, isErased: Bool, isRestored: Bool) {
        self.content = content
        self.seq = seq
        self.isErased = isErased
        self.isRestored = isRestored
    }

    /// Where it stands in the list, newest first.
    public var position: AuditPosition { AuditPosition(occurredAt: content.occurredAt, seq: seq) }
}
