import Domain
import Foundation

/// The query of a request, read strictly: a name that is not known, or stands twice, is an error rather than ignored,
/// since a mistyped filter would silently widen what is shown.
struct QueryParameters: Sendable {
    private var values: [String: String] = [:]

    init(_ query: String?, allowing allowed: Set<String>) throws(Problem) {
        guard let query, !query.isEmpty else { return }
        for part in query.split(separator: "&") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = try Self.decoded(pair[0])
            let value = pair.count == 2 ? try Self.decoded(pair[1]) : ""
            guard allowed.contains(name) else {
                let known = allowed.sorted().joined(separator: ", ")
                throw Problem(
                    .unknownParameter, "There is no parameter \(name.prefix(64)) here.",
                    issues: [
                        .init(
                            .parameter(String(name.prefix(64))), code: "unknown",
                            detail: known.isEmpty ? "this endpoint takes none" : "known are \(known)")
                    ])
            }
            // an empty filter would show everything, which nobody asks for by naming it
            guard value.contains(where: { $0 != "," }) else { throw .parameter(name, "it has no value") }
            guard values.updateValue(value, forKey: name) == nil else {
                throw .parameter(name, "it stands twice; several values go into one, separated by commas")
            }
        }
    }

    /// A value; nil when the parameter is absent.
    subscript(_ name: String) -> String? { values[name] }

    /// Several values, separated by commas.
    func list(_ name: String) -> [String] {
        self[name]?.split(separator: ",").map(String.init) ?? []
    }

    /// Several values of a closed set.
    func list<Value: RawRepresentable & CaseIterable & Hashable>(
        _ name: String, of type: Value.Type
    ) throws(Problem) -> Set<Value> where Value.RawValue == String {
        var found: Set<Value> = []
        for text in list(name) {
            guard let value = Value(rawValue: text) else {
                let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
                throw .parameter(name, "\(text.prefix(64)) is not one of \(known)")
            }
            found.insert(value)
        }
        return found
    }

    /// `limit`, 1…500, 50 when absent.
    func limit() throws(Problem) -> Int {
        guard let text = self["limit"] else { return 50 }
        guard let limit = Int(text), (1...500).contains(limit) else {
            throw .parameter("limit", "it is a number from 1 to 500")
        }
        return limit
    }

    /// A point in time: RFC 3339, or a day, which stands for its midnight in UTC.
    func time(_ name: String) throws(Problem) -> Timestamp? {
        guard let text = self[name] else { return nil }
        if let day = Day(iso8601: text) { return day.start }
        guard let time = Timestamp(rfc3339: text) else {
            throw .parameter(
                name, "it is a time such as 2026-11-20T06:58:16Z (RFC 3339, with a zone) or a day such as 2026-11-20")
        }
        return time
    }

    /// One of a closed set; nil when absent.
    func choice<Value: RawRepresentable & CaseIterable>(
        _ name: String, of type: Value.Type
    ) throws(Problem) -> Value? where Value.RawValue == String {
        guard let text = self[name] else { return nil }
        guard let value = Value(rawValue: text) else {
            throw .parameter(name, "it is one of " + Value.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return value
    }

    private static func decoded(_ text: Substring) throws(Problem) -> String {
        // nearly all are plain, and decoding takes longer than all the rest of reading a query
        guard text.utf8.contains(where: { "+%\0".utf8.contains($0) }) else { return String(text) }
        guard let decoded = text.replacing("+", with: " ").removingPercentEncoding, !decoded.contains("\0") else {
            throw Problem(.invalidParameter, "The query is not percent-encoded UTF-8.")
        }
        return decoded
    }
}
