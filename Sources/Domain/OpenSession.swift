public import Foundation

/// One of a person's sessions, as they see it.
public struct OpenSession: Sendable, Hashable {
    /// By which it is ended; no secret.
    public var id: UUID
    /// The tenant that it looks at.
    public var tenantName: String
    /// When it began.
    public var createdAt: Timestamp
    /// When it was last used, to the minute or so.
    public var lastUsedAt: Timestamp
    /// When it ends, unless it is used.
    public var expiresAt: Timestamp
    /// Whether it is the one that asks.
    public var isCurrent: Bool

    /// Puts a session together; see the properties.
    public init(
        id: UUID, tenantName: String, createdAt: Timestamp, lastUsedAt: Timestamp, expiresAt: Timestamp,
        isCurrent: Bool
    ) {
        self.id = id
        self.tenantName = tenantName
        self.createdAt = createdAt
        self.lastUsedAt = lastUsedAt
        self.expiresAt = expiresAt
        self.isCurrent = isCurrent
    }
}
