extension String {
    /// The text as it may stand in an HTML element or in a quoted attribute.
    ///
    /// Escapes scalar by scalar: character by character, a quotation mark or an angle bracket that a combining mark
    /// follows would be missed.
    public var htmlEscaped: String {
        // most texts hold nothing to escape, and stay as they are
        guard utf8.contains(where: \.isSpecialInHTML) else { return self }
        var escaped = UnicodeScalarView()
        for scalar in unicodeScalars {
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

extension UInt8 {
    fileprivate var isSpecialInHTML: Bool {
        switch self {
        case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"), UInt8(ascii: "\""), UInt8(ascii: "'"): true
        default: false
        }
    }
}
