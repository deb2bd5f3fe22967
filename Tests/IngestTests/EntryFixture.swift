import Domain
import Foundation
import Ingest

/// Entries to test with: a valid one whose members a test replaces or takes away.
enum EntryFixture {
    static let now = Timestamp(rfc3339: "2026-11-21T00:00:00Z") ?? Timestamp(microseconds: 0)
    static let redactor = Redactor(fingerprintKey: Array("0123456789abcdef0123456789abcdef".utf8))
    static let parser = EntryParser(
        context: EntryContext(tenantID: 7, now: now, retentionDays: 30, redactor: redactor)
    )

    /// JSON text of each member.
    static let members: KeyValuePairs<String, String> = [
        "occurred_at": #""2026-11-20T06:58:16.698Z""#,
        "application": #""zendesk""#,
        "bot": #"{"id":"support-bot","name":"Support bot"}"#,
        "source": #"{"type":"flow","path":"Main flow / Create ticket","node_id":"n-42"}"#,
        "user": #"{"id":"u-7","name":"end user 7"}"#,
        "method": #""POST""#,
        "url": #""https://acme.zendesk.com/api/v2/tickets.json""#,
        "status_code": "503",
        "duration_ms": "812",
        "request": #"{"headers":{"Content-Type":"application/json"},"body":"{\"a\":1}"}"#,
        "response": #"{"headers":{},"body":"down"}"#,
        "outcome": #""error""#,
        "error": #"{"type":"provider_down","message":"It is down."}"#,
        "connection_id": #""c-1""#,
        "attempt": "1",
    ]

    /// The valid entry, with members replaced, added, or, by nil, taken away.
    static func entry(_ changes: [String: String?] = [:]) -> String {
        var parts: [String] = []
        for (name, value) in members {
            if let change = changes[name] {
                if let change { parts.append("\"\(name)\":\(change)") }
            } else {
                parts.append("\"\(name)\":\(value)")
            }
        }
        let known = Set(members.map(\.key))
        for (name, value) in changes where !known.contains(name) {
            if let value { parts.append("\"\(name)\":\(value)") }
        }
        return "{\(parts.joined(separator: ","))}"
    }

    static func parse(_ text: String, _ format: EntryFormat = .json) throws -> ParsedRequest {
        try parser.parse(Array(text.utf8), format: format)
    }

    /// The one entry of a text.
    static func taken(_ text: String) throws -> NewCallLog? { try parse(text).entries.first }

    /// What is wrong with one entry, as `pointer code`.
    static func issues(_ changes: [String: String?]) throws -> [String] {
        try parse(entry(changes)).issues.map { "\($0.pointer) \($0.code.rawValue)" }
    }

    static func text(_ body: CapturedBody?) -> String? { body.map { String(decoding: $0.bytes, as: UTF8.self) } }
}
