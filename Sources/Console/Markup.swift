import Domain

/// HTML that Swift writes where templates would have to decide or to recur: texts and attributes enter escaped, there is no
/// other way in. Templates write it under the name `markup` alone.
struct Markup: Sendable {
    private(set) var html = ""

    /// An element with what `content` writes into it.
    mutating func element(
        _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:],
        _ content: (inout Markup) -> Void
    ) {
        html += "<\(name)"
        for (name, value) in attributes { html += " \(name)=\"\(value.htmlEscaped)\"" }
        html += ">"
        content(&self)
        html += "</\(name)>"
    }

    /// An element with a text.
    mutating func element(
        _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:], text: String
    ) {
        element(name, attributes) { $0.write(text) }
    }

    /// A text.
    mutating func write(_ text: String) { html += text.htmlEscaped }

    /// A part of a tag: the program's own words alone.
    mutating func own(_ markup: String) { html += markup }

    /// An attribute of the tag that was begun.
    mutating func attribute(_ name: StaticString, _ value: String) {
        html += " \(name)=\"\(value.htmlEscaped)\""
    }

    /// What was written already.
    mutating func append(_ other: Markup) { html += other.html }
}
