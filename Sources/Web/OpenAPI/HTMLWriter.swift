import Domain

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
    mutating func write(_ words: String) { text += words.htmlEscaped }

    /// A style sheet of the program's own, byte for byte, since a hash of it may stand in the page's policy.
    mutating func style(_ sheet: StaticString) { text += "<style>\(sheet)</style>" }

    private mutating func open(_ name: StaticString, _ attributes: KeyValuePairs<StaticString, String>) {
        text += "<\(name)"
        for (name, value) in attributes { text += " \(name)=\"\(value.htmlEscaped)\"" }
        text += ">"
    }
}
