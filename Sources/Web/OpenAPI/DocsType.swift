/// JSON schemas in words, as far as the published document uses them.
enum DocsType {
    /// What a value is.
    static func words(for schema: OrderedJSON, in document: OpenAPIDocument) -> String {
        let schema = document.resolved(schema)
        if let values = schema["enum"]?.elements { return values.map(\.asWord).joined(separator: ", ") }
        if let constant = schema["const"] { return constant.asWord }
        if let items = schema["items"] { return "several of: " + words(for: items, in: document) }
        if let choices = (schema["anyOf"] ?? schema["oneOf"])?.elements {
            var known: [String] = []
            for words in choices.map({ words(for: $0, in: document) }) where !known.contains(words) {
                known.append(words)
            }
            return known.joined(separator: " or ")
        }
        let types = schema["type"]?.text.map { [$0] } ?? schema["type"]?.elements.compactMap(\.text) ?? []
        return types.map { named($0, schema) }.joined(separator: " or ")
    }

    /// The members of the objects that a schema allows, each once.
    static func rows(for schema: OrderedJSON, in document: OpenAPIDocument) -> [DocsTable.Row] {
        guard let object = object(in: schema, of: document) else { return [] }
        let required = (object["required"]?.elements ?? []).compactMap(\.text)
        return (object["properties"]?.members ?? []).map { name, member in
            DocsTable.Row(
                name: name, note: "", isRequired: required.contains(name), type: words(for: member, in: document),
                description: (member["description"] ?? document.resolved(member)["description"])?.text ?? "")
        }
    }

    private static func object(in schema: OrderedJSON, of document: OpenAPIDocument) -> OrderedJSON? {
        let schema = document.resolved(schema)
        if schema["properties"] != nil { return schema }
        return (schema["anyOf"] ?? schema["oneOf"])?.elements.lazy.compactMap { object(in: $0, of: document) }.first
    }

    private static func named(_ type: String, _ schema: OrderedJSON) -> String {
        switch type {
        case "string": named(text: schema)
        case "integer": "integer" + range(schema["minimum"], schema["maximum"])
        case "array": "array"
        default: type
        }
    }

    private static func named(text schema: OrderedJSON) -> String {
        switch schema["format"]?.text {
        case "date-time": return "time"
        case "date": return "day"
        case "uuid": return "UUID"
        case "email": return "address"
        default: return "text" + range(schema["minLength"], schema["maxLength"])
        }
    }

    private static func range(_ least: OrderedJSON?, _ most: OrderedJSON?) -> String {
        switch (least?.asWord, most?.asWord) {
        case (let least?, let most?): " \(least)…\(most)"
        case (nil, let most?): " up to \(most)"
        // that a text is not empty goes without saying
        case (let least?, nil): least == "1" ? "" : " from \(least)"
        case (nil, nil): ""
        }
    }
}

extension OrderedJSON {
    /// As a word in a sentence.
    fileprivate var asWord: String { text ?? rendered() }
}

/// Names and what they stand for.
struct DocsTable {
    struct Row {
        var name: String
        /// Where it stands; may be empty.
        var note: String
        var isRequired: Bool
        var type: String
        var description: String
    }

    let rows: [Row]

    func write(into html: inout HTMLWriter) {
        html.element("table") { table in
            table.element("tbody") { body in
                for row in rows {
                    body.element("tr") { line in
                        line.element("th", ["scope": "row"]) { cell in
                            cell.element("code", row.name)
                            let note = [row.note, row.isRequired ? "required" : ""].filter { !$0.isEmpty }
                            if !note.isEmpty { cell.element("span", ["class": "note"], note.joined(separator: ", ")) }
                        }
                        line.element("td") { cell in
                            if !row.description.isEmpty { cell.element("p", row.description) }
                            cell.element("p", ["class": "note"], row.type)
                        }
                    }
                }
            }
        }
    }
}
