import Domain
import Foundation

/// Entries of the audit log as a search and an export give them.
enum LogEntryJSON {
    /// The keys of each result, in order.
    static let keys = [
        "id", "code", "content_type", "data", "remote_addr", "method", "path", "related_model", "relation_key",
        "apikey_id", "value", "date", "PartitionKey", "from", "Timestamp", "api_key_id", "RowKey",
    ]

    static func write(_ entry: AuditEntry, into object: inout JSONWriter) {
        let content = entry.content
        object.key("id")
        object.value(content.id)
        object.key("code")
        object.value(content.code.rawValue)
        object.key("content_type")
        object.value(content.contentType)
        object.key("data")
        object.raw(data(of: entry) ?? "null")
        object.key("remote_addr")
        object.value(content.remoteAddress)
        object.key("method")
        object.value(content.method)
        object.key("path")
        object.value(content.path)
        object.key("related_model")
        object.value(content.relatedModel)
        object.key("relation_key")
        object.value(content.relationKey)
        object.key("apikey_id")
        object.value(optional: content.apiKeyID)
        object.key("value")
        object.value(content.value)
        object.key("date")
        object.value(microseconds: content.occurredAt, .rfc3339)
        object.key("PartitionKey")
        object.value(content.code.partitionKey)
        object.key("from")
        object.value(content.sender)
        object.key("Timestamp")
        object.value(microseconds: content.occurredAt, .spaced)
        object.key("api_key_id")
        object.value(optional: content.apiKeyID)
        object.key("RowKey")
        object.value(content.id)
    }

    /// The texts of `keys`, for a table.
    static func cells(_ entry: AuditEntry) -> [String] {
        let content = entry.content
        let (id, key) = (content.id.uuidString.lowercased(), content.apiKeyID?.uuidString.lowercased())
        let date = content.occurredAt.withMicroseconds
        return [
            id, content.code.rawValue, content.contentType, data(of: entry), content.remoteAddress, content.method,
            content.path, content.relatedModel, content.relationKey, key, content.value, date,
            content.code.partitionKey,
            content.sender, date.replacing("T", with: " ").replacing("Z", with: ""), key, id,
        ].map { $0 ?? "" }
    }

    /// What was recorded as data; with it, how the call was answered and who made it.
    ///
    /// What a tenant's page recorded is given as it is, unless it is an object, which takes the rest in.
    private static func data(of entry: AuditEntry) -> String? {
        let content = entry.content
        var members: [String] = []
        if let status = content.status { members.append("\"status\":\(status)") }
        if let requestID = content.requestID { members.append("\"request_id\":\"\(requestID)\"") }
        if let userID = content.userID { members.append("\"user_id\":\"\(userID.uuidString.lowercased())\"") }
        if entry.isErased { members.append("\"erased\":true") }
        if entry.isRestored { members.append("\"restored\":true") }
        if let data = content.data {
            guard data.hasPrefix("{"), data.hasSuffix("}") else { return data }
            let inner = data.dropFirst().dropLast()
            if inner.contains(where: { !$0.isWhitespace }) { members.insert(String(inner), at: 0) }
        }
        return members.isEmpty ? nil : "{" + members.joined(separator: ",") + "}"
    }
}
