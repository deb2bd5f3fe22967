public import Domain
import Foundation
import Postgres

/// The audit log as it is read.
public struct AuditStore: Sendable {
    let database: Database
    let retentionDays: Int
    /// Filtered lists may have to look at many rows: few at a time, so that connections stay for the rest.
    let searches = Gate(capacity: 4, longestLine: 32)

    /// Works on a database.
    /// - Parameters:
    ///   - database: a migrated one.
    ///   - retentionDays: older entries are not shown, though their day's partition may still be there.
    public init(database: Database, retentionDays: Int) {
        self.database = database
        self.retentionDays = retentionDays
    }

    /// The oldest time that is still shown.
    /// - Parameter now: by `app_now()`.
    public func firstKept(now: Timestamp) -> Timestamp {
        now.advanced(bySeconds: -Int64(retentionDays) * 86_400)
    }

    static let columns: SQL = """
        occurred_at, seq, audit_id, code, method, path, query, content_type, related_model, relation_key, apikey_id, user_id, \
        remote_addr, sender, value, data, status, request_id, num_nonnulls(who_hash, what_hash) > 0
        """

    static func entry(_ row: Row, isRestored: Bool) throws -> AuditEntry {
        guard let code = AuditCode(rawValue: try row.text(at: 3) ?? "") else {
            throw Problem(.internalError, "An audit entry has a code that this version does not know.")
        }
        var content = NewAuditEntry(code, at: try row.decode(Timestamp.self, at: 0))
        content.id = try row.decode(UUID.self, at: 2)
        content.method = try row.text(at: 4)
        content.path = try row.text(at: 5)
        if let query = try row.text(at: 6) { content.path = (content.path ?? "") + "?" + query }
        content.contentType = try row.text(at: 7)
        content.relatedModel = try row.text(at: 8)
        content.relationKey = try row.text(at: 9)
        content.apiKeyID = try row.decode(UUID?.self, at: 10)
        content.userID = try row.decode(UUID?.self, at: 11)
        content.remoteAddress = try row.text(at: 12)
        content.sender = try row.text(at: 13)
        content.value = try row.text(at: 14)
        content.data = try row.text(at: 15)
        content.status = try row.int16(at: 16)
        content.requestID = try row.text(at: 17)
        return AuditEntry(
            content: content, seq: try row.decode(Int64.self, at: 1), isErased: try row.decode(Bool.self, at: 18),
            isRestored: isRestored)
    }
}
