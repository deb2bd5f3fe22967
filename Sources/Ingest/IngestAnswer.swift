import Domain
import Foundation
import Store

/// The answer to a request, but for the duplicates, which only the database knows.
struct IngestAnswer: Sendable {
    /// Errors that an answer names; the rest are counted.
    static let namedErrors = 100

    /// Entries handed to the database.
    var taken: Int
    var unreachable: Int
    var rejected: Int
    private var issues: [EntryIssue]
    private var id: UUID?

    init(_ parsed: ParsedRequest) {
        taken = parsed.entries.count
        unreachable = parsed.unreachable
        rejected = parsed.rejected
        issues = parsed.issues
        id = parsed.isSingleObject ? parsed.entries.first?.log.id : nil
    }

    /// The status and body to answer with.
    /// - Parameter duplicates: entries that were there already.
    func stored(duplicates: Int) -> StoredAnswer {
        let status = rejected == 0 ? 200 : taken + unreachable == 0 ? 422 : 207
        return StoredAnswer(status: status, body: body(duplicates: duplicates))
    }

    private func body(duplicates: Int) -> String {
        var text = "{"
        if let id { text += "\"id\":\"\(id.uuidString.lowercased())\"," }
        text += "\"accepted\":\(taken - duplicates),\"duplicates\":\(duplicates),\"unreachable\":\(unreachable),"
        text += "\"rejected\":\(rejected),\"errors\":["
        text += issues.prefix(Self.namedErrors).map { issue in
            "{\"index\":\(issue.index),\"pointer\":\(Self.quoted(issue.pointer)),\"code\":\"\(issue.code.rawValue)\","
                + "\"detail\":\(Self.quoted(issue.detail))}"
        }.joined(separator: ",")
        return text + "]}"
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\u{0}"..<" ": quoted += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
