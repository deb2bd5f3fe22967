/// An operation on the page of the published API.
struct DocsOperation {
    private let operation: OpenAPIDocument.Operation
    private let document: OpenAPIDocument

    init(_ operation: OpenAPIDocument.Operation, of document: OpenAPIDocument) {
        self.operation = operation
        self.document = document
    }

    /// Writes headline, description, parameters, body and answers.
    func write(into html: inout HTMLWriter) {
        html.element("h3", operation.summary)
        html.element("p", ["class": "route"]) { line in
            DocsPage.writeMethod(operation.method, into: &line)
            line.element("code", operation.path)
        }
        html.element("p", operation.description)
        html.element("p", ["class": "note"]) { writeAccess(into: &$0) }
        writeParameters(into: &html)
        if let body = operation.content["requestBody"] { write(body: document.resolved(body), into: &html) }
        writeAnswers(into: &html)
    }

    private func writeAccess(into html: inout HTMLWriter) {
        switch (operation.access, operation.permission) {
        case (_, let permission?):
            html.write("Needs the permission ")
            html.element("code", permission)
            html.write(".")
        case ("open", _): html.write("Open to anybody.")
        default: html.write("For any key or session.")
        }
    }

    private func writeParameters(into html: inout HTMLWriter) {
        let parameters = (operation.content["parameters"]?.elements ?? []).map(document.resolved)
        guard !parameters.isEmpty else { return }
        let rows = parameters.map { parameter in
            DocsTable.Row(
                name: parameter["name"]?.text ?? "", note: parameter["in"]?.text ?? "",
                isRequired: parameter["required"] == .truth(true),
                type: DocsType.words(for: parameter["schema"] ?? .null, in: document),
                description: parameter["description"]?.text ?? "")
        }
        html.element("h4", "Parameters")
        DocsTable(rows: rows).write(into: &html)
    }

    private func write(body: OrderedJSON, into html: inout HTMLWriter) {
        html.element("h4", body["required"] == .truth(true) ? "Body" : "Body, which may be left out")
        for (type, content) in body["content"]?.members ?? [] {
            html.element("p", ["class": "note"]) { $0.element("code", type) }
            let rows = DocsType.rows(for: content["schema"] ?? .null, in: document)
            if !rows.isEmpty { DocsTable(rows: rows).write(into: &html) }
            writeExamples(of: content, into: &html)
        }
    }

    private func writeAnswers(into html: inout HTMLWriter) {
        html.element("h4", "Answers")
        for (status, reference) in operation.content["responses"]?.members ?? [] {
            let answer = document.resolved(reference)
            let description = answer["description"]?.text ?? ""
            guard let content = answer["content"]?.members, !content.isEmpty else {
                html.element("p", ["class": "answer"]) { Self.writeHeadline(status, description, into: &$0) }
                continue
            }
            html.element("details") { details in
                details.element("summary") { Self.writeHeadline(status, description, into: &$0) }
                writeHeaders(of: answer, into: &details)
                for (type, value) in content {
                    details.element("p", ["class": "note"]) { $0.element("code", type) }
                    writeExamples(of: value, into: &details)
                }
            }
        }
    }

    private static func writeHeadline(_ status: String, _ description: String, into html: inout HTMLWriter) {
        html.element("span", ["class": status.hasPrefix("2") ? "status good" : "status"], status)
        html.write(" " + description)
    }

    private func writeHeaders(of answer: OrderedJSON, into html: inout HTMLWriter) {
        let names = (answer["headers"]?.members ?? []).map(\.name)
        guard !names.isEmpty else { return }
        html.element("p", ["class": "note"]) { line in
            line.write("Headers: ")
            for (index, name) in names.enumerated() {
                if index > 0 { line.write(", ") }
                line.element("code", name)
            }
        }
    }

    private func writeExamples(of content: OrderedJSON, into html: inout HTMLWriter) {
        if let example = content["example"] { Self.write(example: example, into: &html) }
        for (name, example) in content["examples"]?.members ?? [] {
            html.element("p", ["class": "note"], name)
            if let value = example["value"] { Self.write(example: value, into: &html) }
        }
    }

    private static func write(example: OrderedJSON, into html: inout HTMLWriter) {
        // a text stands as it is sent
        html.element("pre", ["tabindex": "0"]) { $0.element("code", example.text ?? example.rendered()) }
    }
}
