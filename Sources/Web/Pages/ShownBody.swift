import Domain
import Foundation

/// A body as a page shows it: JSON on many lines, everything else as it is.
struct ShownBody: Sendable {
    /// Bytes that a page shows at the most; JSON on many lines may be many times as long as it was.
    static let limit = 256 << 10
    /// Deeper levels are not moved any further to the right.
    private static let deepestIndent = 32

    /// What is shown.
    var text: String
    /// Whether there is more.
    var isCut: Bool

    /// Reads a body.
    /// - Parameter bytes: UTF-8.
    init(_ bytes: [UInt8]) {
        var shown = bytes
        if Self.isJSON(bytes) { shown = Self.spread(bytes) }
        isCut = shown.count > Self.limit
        if isCut {
            var end = Self.limit
            // a scalar's later bytes are 10xxxxxx
            while end > 0, shown[end] & 0xC0 == 0x80 { end -= 1 }
            shown.removeSubrange(end...)
        }
        text = String(decoding: shown, as: UTF8.self)
    }

    private static func isJSON(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first(where: { !isSpace($0) }), first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
        else { return false }
        return (try? JSONSerialization.jsonObject(with: Data(bytes))) != nil
    }

    /// Valid JSON with each member and element on a line of its own. Names keep their order, numbers their digits: nothing but
    /// white space between tokens is another. Ends a little after the limit.
    private static func spread(_ bytes: [UInt8]) -> [UInt8] {
        var spread: [UInt8] = []
        spread.reserveCapacity(min(bytes.count * 2, limit * 2))
        var depth = 0
        var isInText = false
        var isEscaped = false
        var opened = false
        func breakLine() {
            spread.append(UInt8(ascii: "\n"))
            spread.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * min(depth, deepestIndent)))
        }
        for byte in bytes where isInText || !isSpace(byte) {
            guard spread.count <= limit else { return spread }
            if isInText {
                spread.append(byte)
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInText = false
                }
                continue
            }
            let closes = byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
            if closes {
                depth -= 1
                if !opened { breakLine() }
            } else if opened {
                breakLine()
            }
            opened = false
            spread.append(byte)
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                opened = true
            case UInt8(ascii: ","): breakLine()
            case UInt8(ascii: ":"): spread.append(UInt8(ascii: " "))
            case UInt8(ascii: "\""): isInText = true
            default: break
            }
        }
        return spread
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }
}

extension String {
    /// A text of many lines as a page shows it: what turns its direction is named rather than obeyed, so that nothing reads as
    /// something else.
    var withNamedDirections: String {
        guard unicodeScalars.contains(where: \.turnsDirection) else { return self }
        var text = ""
        for scalar in unicodeScalars {
            if scalar.turnsDirection {
                text += "⟦U+\(String(scalar.value, radix: 16, uppercase: true))⟧"
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}

extension Unicode.Scalar {
    /// Embeddings, overrides and isolates.
    fileprivate var turnsDirection: Bool { (0x202A...0x202E).contains(value) || (0x2066...0x2069).contains(value) }
}
