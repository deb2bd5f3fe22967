/// Writes HTML. Text and attributes enter escaped; there is no other way in but `style`.
struct HTMLWriter {
    private(set) var text = ""

    /// Begins a page.
    init() { text = "<!doctype html>" }

    /// An element with what `content` writes into it.
    mutating func element(
        _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:],
        _ content: (inout HTMLWriter) -> Void
    ) {
        open(name, attributes)
        content(&self)
        text += "</\(name)>"
    }

    /// An element with a text.
    mutating func element(_ name: StaticString, _ words: String) { element(name, [:], words) }

    /// An element with a text.
    mutating func element(
        _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String>, _ words: String
    ) {
        element(name, attributes) { $0.write(words) }
    }

    /// An element that has no end, such as `meta`.
    mutating func void(_ name: StaticString, _ attributes: KeyValuePairs<StaticString, String>) {
        open(name, attributes)
    }

    /// A text.
    mutating func write(_ words: String) { text += Self.escaped(words) }

    /// A style sheet of the program's own, byte for byte, since a hash of it may stand in the page's policy.
    mutating func style(_ sheet: StaticString) { text += "<style>\(sheet)</style>" }

    /// A text as it may stand in an element or in a quoted attribute.
    static func escaped(_ words: String) -> String {
        var escaped = ""
        escaped.reserveCapacity(words.utf8.count)
        for scalar in words.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    private mutating func open(_ name: StaticString, _ attributes: KeyValuePairs<StaticString, String>) {
        text += "<\(name)"
        for (name, value) in attributes { text += " \(name)=\"\(Self.escaped(value))\"" }
        text += ">"
    }
}
