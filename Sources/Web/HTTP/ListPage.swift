import Domain
import Foundation

/// A list that is paged by the key of its last element.
struct ListPage: Sendable {
    let limit: Int
    /// The key of the last element of the page before.
    let after: String?

    /// Reads `limit` and `cursor`.
    init(_ parameters: QueryParameters) throws(Problem) {
        limit = try parameters.limit()
        after = try parameters["cursor"].map { text throws(Problem) in
            guard let data = Base64URL.decode(text), let key = String(data: data, encoding: .utf8),
                !key.contains("\0")
            else { throw .parameter("cursor", "it is not one that was given out") }
            return key
        }
    }

    /// The last element of the page before, where elements are known by UUIDs.
    /// - Throws: `Problem` when the cursor holds none.
    func afterID() throws(Problem) -> UUID? {
        try after.map { text throws(Problem) in
            guard let id = UUID(uuidString: text) else {
                throw .parameter("cursor", "it is not one that was given out")
            }
            return id
        }
    }

    /// Writes a page.
    /// - Parameters:
    ///   - elements: up to one more than `limit`: that one tells that there is a next page.
    ///   - key: of an element, for the cursor.
    ///   - json: to write to.
    ///   - write: writes an element's members.
    func write<Element>(
        _ elements: [Element], key: (Element) -> String, into json: inout JSONWriter,
        _ write: (Element, inout JSONWriter) -> Void
    ) {
        json.object { object in
            object.key("data")
            object.array { array in
                for element in elements.prefix(limit) { array.object { write(element, &$0) } }
            }
            object.key("pagination")
            object.object { pagination in
                pagination.key("limit")
                pagination.value(limit)
                pagination.key("next")
                pagination.value(
                    elements.count > limit ? Base64URL.encode(Data(key(elements[limit - 1]).utf8)) : nil)
            }
        }
    }
}
