public import Foundation

/// Who does what is being done, and by which request: every entry of the audit log that comes of it says so.
///
/// It goes with the task, so that a store's method can record its change in its own transaction without each caller handing
/// it down.
public struct AuditOrigin: Sendable, Hashable {
    /// Whose doing the current task is; nil for the service's own.
    @TaskLocal public static var current: AuditOrigin?

    /// When the request came.
    public var occurredAt: Timestamp
    /// The API key that was used.
    public var apiKeyID: UUID?
    /// The person.
    public var userID: UUID?
    /// What people call them: a person's address, or a key's name.
    public var sender: String?
    /// Where the request came from.
    public var remoteAddress: String?
    /// Its method.
    public var method: String?
    /// Its path with the query.
    public var path: String?
    /// The type of its body.
    public var contentType: String?
    /// Its `X-Request-Id`.
    public var requestID: String?

    /// Begins with when it came; see the properties.
    /// - Parameter occurredAt: by `app_now()`.
    public init(at occurredAt: Timestamp) { self.occurredAt = occurredAt }

    /// An entry of what this request did.
    /// - Parameter code: what happened.
    public func entry(_ code: AuditCode) -> NewAuditEntry {
        var entry = NewAuditEntry(code, at: occurredAt)
        entry.apiKeyID = apiKeyID
        entry.userID = userID
        entry.sender = sender
        entry.remoteAddress = remoteAddress
        entry.method = method
        entry.path = path
        entry.contentType = contentType
        entry.requestID = requestID
        return entry
    }
}
