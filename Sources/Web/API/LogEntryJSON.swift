import Domain
import Foundation
import Store

/// Entries of the audit log as a search and an export give them.
///
/// They are written where the database's answer keeps them, without a text of Swift's for each column: a page of fifty took
/// three times as long.
enum LogEntryJSON {
    /// The keys of each result, in order.
    static let keys = [
        "id", "code", "content_type", "data", "remote_addr", "method", "path", "related_model", "relation_key",
        "apikey_id", "value", "date", "PartitionKey", "from", "Timestamp", "api_key_id", "RowKey",
    ]

    /// An entry as an object.
    /// - Throws: `Problem` for a code of a later version; `DatabaseError`.
    static func object(_ row: AuditResultRow) throws -> JSONWriter {
        var json = JSONWriter()
        try json.object { object in try write(row, into: &object) }
        return json
    }

    private static func write(_ row: AuditResultRow, into object: inout JSONWriter) throws {
        let (id, code, key, time) = (try row.id, try row.code, try row.apiKeyID, row.position.occurredAt)
        object.key("id")
        object.value(id)
        object.key("code")
        object.value(code.rawValue)
        object.key("content_type")
        object.value(try row.utf8(.contentType))
        object.key("data")
        try writeData(of: row, into: &object)
        object.key("remote_addr")
        object.value(try row.utf8(.remoteAddress))
        object.key("method")
        object.value(try row.utf8(.method))
        object.key("path")
        object.value(path: try row.utf8(.path), query: try row.utf8(.query))
        object.key("related_model")
        object.value(try row.utf8(.relatedModel))
        object.key("relation_key")
        object.value(try row.utf8(.relationKey))
        object.key("apikey_id")
        object.value(optional: key)
        object.key("value")
        object.value(try row.utf8(.value))
        object.key("date")
        object.value(microseconds: time, .rfc3339)
        object.key("PartitionKey")
        object.value(code.partitionKey)
        object.key("from")
        object.value(try row.utf8(.sender))
        object.key("Timestamp")
        object.value(microseconds: time, .spaced)
        object.key("api_key_id")
        object.value(optional: key)
        object.key("RowKey")
        object.value(id)
    }

    /// The texts of `keys`, for a table.
    /// - Throws: `Problem` for a code of a later version; `DatabaseError`.
    static func cells(_ row: AuditResultRow) throws -> [String] {
        let content = try row.entry().content
        let (id, key) = (content.id.uuidString.lowercased(), content.apiKeyID?.uuidString.lowercased())
        let date = content.occurredAt.withMicroseconds
        var json = JSONWriter()
        try writeData(of: row, into: &json)
        let data = String(decoding: json.utf8(), as: UTF8.self)
        return [
            id, content.code.rawValue, content.contentType, data == "null" ? nil : data, content.remoteAddress,
            content.method, content.path, content.relatedModel, content.relationKey, key, content.value, date,
            content.code.partitionKey,
            content.sender, date.replacing("T", with: " ").replacing("Z", with: ""), key, id,
        ].map { $0 ?? "" }
    }

    /// What was recorded as data; with it, how the call was answered and who made it.
    ///
    /// What a tenant's page recorded is given as it is, unless it is an object, which takes the rest in.
    private static func writeData(of row: AuditResultRow, into json: inout JSONWriter) throws {
        let data = try row.utf8(.data)
        if let data, data.first != UInt8(ascii: "{") || data.last != UInt8(ascii: "}") { return json.raw(utf8: data) }
        let inner = data?.dropFirst().dropLast()
        let hasMembers = inner?.contains { !" \n\r\t".utf8.contains($0) } ?? false
        let (status, requestID, userID) = (try row.status, try row.utf8(.requestID), try row.userID)
        let (isErased, isRestored) = (try row.isErased, try row.isRestored)
        guard hasMembers || status != nil || requestID != nil || userID != nil || isErased || isRestored else {
            return json.raw("null")
        }
        json.object { object in
            if let inner, hasMembers { object.raw(utf8: inner) }
            if let status {
                object.key("status")
                object.value(status)
            }
            if let requestID {
                object.key("request_id")
                object.value(requestID)
            }
            if let userID {
                object.key("user_id")
                object.value(userID)
            }
            if isErased {
                object.key("erased")
                object.value(true)
            }
            if isRestored {
                object.key("restored")
                object.value(true)
            }
        }
    }
}
