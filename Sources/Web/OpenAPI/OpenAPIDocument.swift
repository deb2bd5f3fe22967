import Foundation

/// What the page of the published API needs to know of its document.
///
/// Order counts for a page, so members are read in the order in which they stand.
struct OpenAPIDocument {
    /// An operation: one method of one path.
    struct Operation {
        var id: String
        var method: String
        var path: String
        var tag: String
        var content: OrderedJSON

        /// In a sentence or two.
        var description: String { content["description"]?.text ?? "" }
        /// In a few words.
        var summary: String { content["summary"]?.text ?? id }
        /// The permission that a request needs; nil when it needs none.
        var permission: String? { content["x-permission"]?.text }
        /// `open`, `any_principal` or `permission`.
        var access: String { content["x-access"]?.text ?? "" }
    }

    /// A group of operations.
    struct Tag {
        var name: String
        var description: String
        var operations: [Operation]
    }

    let root: OrderedJSON
    let title: String
    let version: String
    /// Paragraphs.
    let introduction: [String]
    let tags: [Tag]

    /// Reads a document.
    /// - Parameter text: JSON, in UTF-8.
    /// - Throws: `OrderedJSON.Malformed`.
    init(_ text: [UInt8]) throws(OrderedJSON.Malformed) {
        root = try OrderedJSON(text)
        let information = root["info"]
        title = information?["title"]?.text ?? "API"
        version = information?["version"]?.text ?? ""
        introduction = (information?["description"]?.text ?? "").components(separatedBy: "\n\n")
        let operations = Self.operations(in: root)
        tags = (root["tags"]?.elements ?? []).map { tag in
            let name = tag["name"]?.text ?? ""
            return Tag(
                name: name, description: tag["description"]?.text ?? "",
                operations: operations.filter { $0.tag == name })
        }
    }

    /// A value, or what its `$ref` points to.
    func resolved(_ value: OrderedJSON) -> OrderedJSON {
        guard let pointer = value["$ref"]?.text else { return value }
        return self.value(at: pointer) ?? value
    }

    /// What a pointer such as `#/components/schemas/Bot` points to; nil when it points nowhere.
    func value(at pointer: String) -> OrderedJSON? {
        guard pointer.hasPrefix("#/") else { return nil }
        return pointer.dropFirst(2).split(separator: "/").reduce(root) { value, name in
            value?[String(name).replacing("~1", with: "/").replacing("~0", with: "~")]
        }
    }

    private static func operations(in root: OrderedJSON) -> [Operation] {
        (root["paths"]?.members ?? []).flatMap { path, item in
            item.members.map { method, operation in
                Operation(
                    id: operation["operationId"]?.text ?? "", method: method.uppercased(), path: path,
                    tag: operation["tags"]?.elements.first?.text ?? "", content: operation)
            }
        }
    }
}
