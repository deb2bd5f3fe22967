import Mustache

/// Escapes scalar by scalar. The library's own HTML escapes character by character, and misses a quotation mark or an
/// angle bracket that a combining mark follows.
struct ConsoleHTML: MustacheContentType {
    static let name = "CONSOLE_HTML"

    func escapeText(_ text: String) -> String {
        var text = text
        let isPlain = text.withUTF8 { bytes in
            bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"), UInt8(ascii: "\""), UInt8(ascii: "'"):
                    false
                default: true
                }
            }
        }
        return isPlain ? text : Self.escaped(text)
    }

    /// A text as it may stand in an element or in a quoted attribute.
    static func escaped(_ text: String) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": escaped.append(contentsOf: "&lt;".unicodeScalars)
            case ">": escaped.append(contentsOf: "&gt;".unicodeScalars)
            case "&": escaped.append(contentsOf: "&amp;".unicodeScalars)
            case "\"": escaped.append(contentsOf: "&quot;".unicodeScalars)
            case "'": escaped.append(contentsOf: "&#39;".unicodeScalars)
            default: escaped.append(scalar)
            }
        }
        return String(escaped)
    }
}
