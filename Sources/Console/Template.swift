/// A component's template, parsed: texts, and what is filled in between them.
///
/// The language is the part of mustache that the console needs: `{{name}}`, sections, inverted sections, partials, and
/// `{{{markup}}}`. The library for mails looks every name up anew through reflection, one after the other and in all models
/// around, which took four fifths of the time of a page with a table; `TemplateRenderer` looks into each model once.
struct Template: Sendable {
    /// A part of a template.
    enum Part: Sendable {
        case text(String)
        /// A value, escaped; `Markup` as it is, for it is escaped.
        case value([String])
        /// Shown for each element of a list, or once for what is there and not false.
        case section([String], [Part])
        /// Shown where the section of the same name is not.
        case inverted([String], [Part])
        /// A template by its name.
        case partial(String)
        /// The template of the component that is being shown.
        case ownPartial
    }

    /// What is wrong with a template.
    enum Failure: Error, Hashable {
        case unfinishedTag
        case unknownTag(String)
        case unexpectedEnd(of: String)
        case missingEnd(of: String)
    }

    let parts: [Part]

    /// Parses a template. White space at the beginning of lines is dropped, and lines that hold a tag of a section or a
    /// partial alone leave none behind.
    /// - Throws: `Failure`.
    init(_ text: String) throws(Failure) {
        var rest = Self.withoutIndentation(text)[...]
        var open: [(name: String, isInverted: Bool, parts: [Part])] = []
        var parts: [Part] = []
        while let start = rest.firstRange(of: "{{") {
            if start.lowerBound > rest.startIndex { parts.append(.text(String(rest[..<start.lowerBound]))) }
            let tag = try Self.tag(in: &rest, after: start.upperBound)
            switch tag.first {
            case "#", "^":
                open.append((String(tag.dropFirst()), tag.first == "^", parts))
                parts = []
            case "/":
                let name = String(tag.dropFirst())
                guard let section = open.popLast(), section.name == name else { throw .unexpectedEnd(of: name) }
                let path = Self.path(name)
                parts = section.parts + [section.isInverted ? .inverted(path, parts) : .section(path, parts)]
            default: parts.append(try Self.part(tag))
            }
        }
        if let section = open.last { throw .missingEnd(of: section.name) }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        self.parts = parts
    }

    /// Takes a tag off the text that is left.
    private static func tag(in rest: inout Substring, after start: Substring.Index) throws(Failure) -> Substring {
        let isMarkup = rest[start...].first == "{"
        guard let end = rest[start...].firstRange(of: isMarkup ? "}}}" : "}}") else { throw .unfinishedTag }
        let tag = rest[start..<end.lowerBound]
        rest = rest[end.upperBound...]
        return tag
    }

    private static func part(_ tag: Substring) throws(Failure) -> Part {
        switch tag {
        case "{markup": .value(["markup"])
        case ">*partial": .ownPartial
        case _ where tag.first == ">": .partial(String(tag.dropFirst()))
        case _ where tag == "." || tag.first?.isLetter == true: .value(path(String(tag)))
        default: throw .unknownTag(String(tag))
        }
    }

    /// `.` is the element itself, and has no names in its path.
    private static func path(_ name: String) -> [String] { name.split(separator: ".").map(String.init) }

    private static func withoutIndentation(_ text: String) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.drop { $0 == " " } + "\n" }
        for (index, line) in lines.enumerated() where line.wholeMatch(of: /\{\{[#^\/>][^{}]*\}\}\n/) != nil {
            lines[index].removeLast()
        }
        // what was added at the end of the last line
        return String(lines.joined().dropLast(lines.last?.last == "\n" ? 1 : 0))
    }
}
