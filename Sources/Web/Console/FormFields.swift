import Domain
import Foundation
import HTTPTypes
import Hummingbird

/// The fields of a form that a page sent.
struct FormFields: Sendable {
    private var values: [String: [String]] = [:]

    /// Reads a request's body.
    /// - Throws: `Problem` when it is no form.
    init(of request: IncomingRequest) async throws {
        let type = request.request.headers[.contentType]?.prefix { $0 != ";" }.lowercased()
        self = try await request.services.bodies.withBody(of: request.request) { body in
            guard body.isEmpty || type == "application/x-www-form-urlencoded" else {
                throw Problem(.unsupportedMediaType, "Send application/x-www-form-urlencoded.")
            }
            guard let text = String(bytes: body, encoding: .utf8) else { throw Self.malformed }
            return try FormFields(text)
        }
    }

    /// Reads the fields as a form or a query writes them.
    /// - Throws: `Problem` when they are not percent-encoded UTF-8.
    init(_ text: String) throws(Problem) {
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = try Self.decoded(parts[0])
            values[name, default: []].append(parts.count == 2 ? try Self.decoded(parts[1]) : "")
        }
    }

    /// A field's value; empty when it was not sent.
    subscript(_ name: String) -> String { values[name]?.first ?? "" }

    /// Every value of a field, such as those of boxes that are ticked.
    func all(_ name: String) -> [String] { values[name] ?? [] }

    /// Every field; several values of one are apart by commas.
    var texts: [String: String] { values.mapValues { $0.joined(separator: ",") } }

    /// A field's value without white space around it.
    func trimmed(_ name: String) -> String { self[name].trimmingCharacters(in: .whitespacesAndNewlines) }

    /// A field's value without white space around it, as a member of a body; nil when it is empty.
    func member(_ name: String) -> JSONValue? {
        let text = trimmed(name)
        return text.isEmpty ? nil : .text(text)
    }

    /// Whether a field was sent.
    func has(_ name: String) -> Bool { values[name] != nil }

    /// A text as a value in a query: everything but unreserved characters (RFC 3986) is escaped.
    static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }

    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

    private static func decoded(_ text: Substring) throws(Problem) -> String {
        guard let decoded = text.replacing("+", with: " ").removingPercentEncoding, !decoded.utf8.contains(0) else {
            throw malformed
        }
        return decoded
    }

    private static let malformed = Problem(.invalidParameter, "The form is not percent-encoded UTF-8.")
}
