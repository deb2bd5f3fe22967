public import Domain
public import Foundation
import Postgres

/// An entry of a search where the database's answer keeps it; to be read inside the closure it is given to.
public struct AuditResultRow {
    /// The texts of an entry.
    public enum Text: Int {
        case code = 3
        case method
        case path
        case query
        case contentType
        case relatedModel
        case relationKey
        case remoteAddress = 12
        case sender
        case value
        case data
        case requestID = 17
    }

    static let columns: SQL = """
        occurred_at, seq, audit_id, code, method, path, query, content_type, related_model, relation_key, apikey_id, user_id, \
        remote_addr, sender, value, data, status, request_id, num_nonnulls(who_hash, what_hash) > 0, is_restored
        """

    /// Where it stands in the list, newest first.
    public let position: AuditPosition
    private let row: Row

    init(_ row: Row) throws {
        self.row = row
        position = AuditPosition(
            occurredAt: try row.decode(Timestamp.self, at: 0), seq: try row.decode(Int64.self, at: 1))
    }

    /// Identifies the entry.
    /// - Throws: `DatabaseError`.
    public var id: UUID { get throws { try row.decode(UUID.self, at: 2) } }

    /// What happened.
    /// - Throws: `Problem` for a code of a later version; `DatabaseError`.
    public var code: AuditCode {
        get throws {
            guard let code = AuditCode(rawValue: try row.text(at: Text.code.rawValue) ?? "") else {
                throw Problem(.internalError, "An audit entry has a code that this version does not know.")
            }
            return code
        }
    }

    /// The API key that was used.
    /// - Throws: `DatabaseError`.
    public var apiKeyID: UUID? { get throws { try row.uuid(at: 10) } }

    /// The person who did it.
    /// - Throws: `DatabaseError`.
    public var userID: UUID? { get throws { try row.uuid(at: 11) } }

    /// How the call was answered: the HTTP status.
    /// - Throws: `DatabaseError`.
    public var status: Int16? { get throws { try row.int16(at: 16) } }

    /// Whether personal parts were erased.
    /// - Throws: `DatabaseError`.
    public var isErased: Bool { get throws { try row.decode(Bool.self, at: 18) } }

    /// Whether it came back from an archive.
    /// - Throws: `DatabaseError`.
    public var isRestored: Bool { get throws { try row.decode(Bool.self, at: 19) } }

    /// A text as UTF-8, without a copy: a page has six hundred.
    /// - Returns: valid as long as the row; nil where there is none.
    /// - Throws: `DatabaseError`.
    public func utf8(_ text: Text) throws -> UnsafeBufferPointer<UInt8>? { try row.utf8(at: text.rawValue) }

    /// The whole of it, to be kept.
    /// - Throws: `Problem` for a code of a later version; `DatabaseError`.
    public func entry() throws -> AuditEntry {
        func text(_ text: Text) throws -> String? { try row.text(at: text.rawValue) }
        var content = NewAuditEntry(try code, at: position.occurredAt, id: try id)
        content.method = try text(.method)
        content.path = try text(.path)
        if let query = try text(.query) { content.path = (content.path ?? "") + "?" + query }
        content.contentType = try text(.contentType)
        content.relatedModel = try text(.relatedModel)
        content.relationKey = try text(.relationKey)
        content.apiKeyID = try apiKeyID
        content.userID = try userID
        content.remoteAddress = try text(.remoteAddress)
        content.sender = try text(.sender)
        content.value = try text(.value)
        content.data = try text(.data)
        content.status = try status
        content.requestID = try text(.requestID)
        return AuditEntry(content: content, seq: position.seq, isErased: try isErased, isRestored: try isRestored)
    }
}

// It belongs to the connection's thread, as its row does.
@available(*, unavailable)
extension AuditResultRow: Sendable {}
