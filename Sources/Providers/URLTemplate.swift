import Domain

/// A URL with `{name}` where a value is put in.
struct URLTemplate: Sendable {
    private enum Part: Sendable {
        case text(String)
        case name(String)
    }

    private let parts: [Part]

    /// Reads a template; a brace without its partner is text.
    init(_ text: String) {
        var parts: [Part] = []
        var rest = Substring(text)
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            parts.append(.text(String(rest[..<open])))
            parts.append(.name(String(rest[rest.index(after: open)..<close])))
            rest = rest[rest.index(after: close)...]
        }
        parts.append(.text(String(rest)))
        self.parts = parts
    }

    /// The names between braces.
    var names: [String] {
        parts.compactMap { part in
            if case .name(let name) = part { name } else { nil }
        }
    }

    /// A value that is missing.
    struct Missing: Error {
        let name: String
    }

    /// Puts values in.
    ///
    /// They are escaped, so that none can reach out of its place; only what stands at the very beginning is a URL
    /// itself.
    /// - Parameter value: of a name; nil when there is none.
    func expanded(by value: (String) -> String?) throws(Missing) -> String {
        var result = ""
        for part in parts {
            switch part {
            case .text(let text): result += text
            case .name(let name):
                guard let value = value(name), !value.isEmpty else { throw Missing(name: name) }
                result += result.isEmpty ? value.droppingTrailingSlashes : FormText.escaped(value)
            }
        }
        return result
    }

    /// Puts values in as they are, for what is no URL.
    /// - Parameter value: of a name; nil when there is none.
    func filled(by value: (String) -> String?) throws(Missing) -> String {
        var result = ""
        for part in parts {
            switch part {
            case .text(let text): result += text
            case .name(let name):
                guard let value = value(name), !value.isEmpty else { throw Missing(name: name) }
                result += value
            }
        }
        return result
    }
}

extension String {
    /// The text without `/` at its end.
    var droppingTrailingSlashes: String {
        var rest = Substring(self)
        while rest.hasSuffix("/") { rest.removeLast() }
        return String(rest)
    }
}

/// Names and values as forms and query strings carry them.
enum FormText {
    /// Escapes all that has a meaning in a URL.
    static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            if byte.isUnreservedByte {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.count < 2 ? "0" : "") + digits
            }
        }
        return result
    }

    /// Names and values with `=` and `&` between them.
    static func joined(_ pairs: [(name: String, value: String)]) -> String {
        pairs.map { escaped($0.name) + "=" + escaped($0.value) }.joined(separator: "&")
    }
}
