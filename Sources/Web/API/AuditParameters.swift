import Domain
import Foundation

extension AuditQuery {
    /// The filters, as the query of a URL names them.
    static let parameters: Set<String> = [
        "code", "method", "apikey_id", "user_id", "related_model", "relation_key", "remote_addr", "sender", "from",
        "to",
        "q", "restored",
    ]

    /// Reads the filters.
    /// - Throws: `Problem` that names the parameter.
    init(_ parameters: QueryParameters) throws(Problem) {
        self.init()
        codes = try parameters.list("code", of: AuditCode.self)
        for text in parameters.list("method") {
            guard text.utf8.count <= 20, text.utf8.allSatisfy({ $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") })
            else { throw .parameter("method", "\(text.prefix(20)) is no method; they are written in capitals") }
            methods.insert(text)
        }
        apiKeyID = try Self.id("apikey_id", parameters)
        userID = try Self.id("user_id", parameters)
        relatedModel = parameters["related_model"]
        relationKey = parameters["relation_key"]
        remoteAddress = parameters["remote_addr"]
        sender = parameters["sender"]
        text = parameters["q"]
        from = try parameters.time("from")
        to = try parameters.time("to")
        // a day as the end of a period includes that day
        if let text = parameters["to"], let day = Day(iso8601: text) { to = day.advanced(by: 1).start }
        if let from, let to, from >= to { throw .parameter("from", "it must lie before to") }
        if let text = parameters["restored"] {
            guard text == "true" || text == "false" else { throw .parameter("restored", "it is true or false") }
            includesRestored = text == "true"
        }
    }

    private static func id(_ name: String, _ parameters: QueryParameters) throws(Problem) -> UUID? {
        guard let text = parameters[name] else { return nil }
        guard let id = UUID(uuidString: text) else { throw .parameter(name, "it is no id; ids are UUIDs") }
        return id
    }
}

/// A place in the audit log, as text that clients hand back unread: version, time, number, and to which query it belongs.
enum AuditCursor {
    private static let version: UInt8 = 1

    static func encode(_ position: AuditPosition, binding: UInt32) -> String {
        var bytes = [version]
        withUnsafeBytes(of: binding.bigEndian) { bytes += $0 }
        withUnsafeBytes(of: position.occurredAt.microseconds.bigEndian) { bytes += $0 }
        withUnsafeBytes(of: position.seq.bigEndian) { bytes += $0 }
        return Base64URL.encode(Data(bytes))
    }

    static func decode(_ text: String, binding: UInt32) throws(Problem) -> AuditPosition {
        guard text.utf8.count < 100, let data = Base64URL.decode(text), data.count == 21, data[0] == version else {
            throw .parameter("cursor", "it is not one that was given out")
        }
        let bytes = [UInt8](data)
        func number(_ range: Range<Int>) -> UInt64 { bytes[range].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
        guard number(1..<5) == UInt64(binding) else {
            throw .parameter("cursor", "it belongs to a list with other filters")
        }
        // from 1970 to the year 9999, and numbers that chains have: others can't have been given out
        guard number(5..<13) < 253_402_300_800_000_000, let seq = Int64(exactly: number(13..<21)) else {
            throw .parameter("cursor", "it is not one that was given out")
        }
        return AuditPosition(occurredAt: Timestamp(microseconds: Int64(number(5..<13))), seq: seq)
    }
}
