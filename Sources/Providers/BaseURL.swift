import Domain
import Foundation

/// A URL that paths are put behind, so that they stay below it.
struct BaseURL: Sendable {
    /// Without `/` at its end.
    private let text: String
    private let origin: String

    /// Why a URL can't be a base; nil when it can.
    static func refusal(of url: OutgoingURL) -> String? {
        if url.text.contains("?") || url.text.contains("#") { return "it has a part behind ? or #" }
        let path = url.text.drop { $0 != ":" }.dropFirst(3).drop { $0 != "/" }
        return refusal(ofPath: String(path.drop { $0 == "/" }))
    }

    /// - Parameter url: one that `refusal(of:)` has nothing against.
    init(_ url: OutgoingURL) {
        text = url.text.droppingTrailingSlashes
        origin = url.origin
    }

    /// A path that must not be called, in words.
    struct Refusal: Error {
        let words: String
    }

    /// Puts a path behind.
    /// - Parameters:
    ///   - path: as it came, escapes included; one `/` at its beginning may be left out.
    ///   - query: as it came, without `?`; nil when there is none.
    func appending(_ path: String, query: String?) throws(Refusal) -> OutgoingURL {
        let rest = path.hasPrefix("/") ? String(path.dropFirst()) : path
        if let words = Self.refusal(ofPath: rest) { throw Refusal(words: words) }
        if let query, !query.utf8.allSatisfy({ (0x21..<0x7F).contains($0) && !"#\\\"<>".utf8.contains($0) }) {
            throw Refusal(words: "its query holds a character that must be written another way")
        }
        let whole = text + (rest.isEmpty ? "" : "/" + rest) + (query.map { "?" + $0 } ?? "")
        let url: OutgoingURL
        do { url = try OutgoingURL(whole, longest: 8_192) } catch { throw Refusal(words: error.description) }
        // what was checked above already makes sure of it
        guard url.origin == origin else { throw Refusal(words: "it leads to another host") }
        return url
    }

    /// Why a path without its first `/` must not be called; nil when it may.
    ///
    /// Whoever receives it may undo escapes more than once, take `\` for `/`, cut a segment at `;`, or fold wide
    /// forms of letters: none of that may bring a step upwards to light.
    static func refusal(ofPath path: String) -> String? {
        guard path.utf8.allSatisfy(isPathByte) else {
            return "its path holds a character that must be written another way"
        }
        var decoded = path
        for round in 0..<4 {
            guard let next = unescaped(decoded, isStrict: round == 0) else {
                return "its path holds an escape that can't be read"
            }
            if next == decoded { break }
            guard slashes(next) == slashes(decoded) else { return "its path holds an escaped / or \\" }
            guard !next.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
                return "its path holds an escaped control character"
            }
            decoded = next
        }
        guard unescaped(decoded, isStrict: false) == decoded else { return "its path is escaped too often" }
        let folded = decoded.precomposedStringWithCompatibilityMapping.unicodeScalars
        let segments = folded.split(omittingEmptySubsequences: false) { $0 == "/" || $0 == "\\" }
        for (index, segment) in segments.enumerated() {
            let name = String(String.UnicodeScalarView(segment.prefix { $0 != ";" }))
            if name == "." || name == ".." { return "its path holds . or .. as a step" }
            if segment.isEmpty, index < segments.count - 1 { return "its path holds //" }
        }
        return nil
    }

    /// A byte of a path (RFC 3986, section 3.3).
    private static func isPathByte(_ byte: UInt8) -> Bool {
        byte.isUnreservedByte || "/%!$&'()*+,;=:@".utf8.contains(byte)
    }

    private static func slashes(_ text: String) -> Int {
        text.utf8.count { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }
    }

    /// Undoes escapes once.
    /// - Parameter isStrict: whether a `%` that begins no escape is an error; in a text that was decoded before, it
    ///   is a `%`.
    /// - Returns: nil when that is so, or the bytes are not UTF-8.
    private static func unescaped(_ text: String, isStrict: Bool) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                if rest.count >= 2, rest.prefix(2).allSatisfy(\.isHexadecimalDigit),
                    let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
                {
                    bytes.append(value)
                    rest = rest.dropFirst(2)
                    continue
                }
                if isStrict { return nil }
            }
            bytes.append(byte)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension UInt8 {
    fileprivate var isHexadecimalDigit: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
        default: false
        }
    }
}
