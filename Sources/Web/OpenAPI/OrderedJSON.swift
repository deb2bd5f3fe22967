import Foundation
import NIOCore

/// JSON whose objects keep the order of their members, which Foundation's decoders forget.
///
/// It reads the program's own documents at start; what clients send goes elsewhere.
indirect enum OrderedJSON: Equatable {
    case null
    case truth(Bool)
    /// As it stands in the text.
    case number(String)
    case string(String)
    case array([OrderedJSON])
    case object([Member])

    struct Member: Equatable {
        var name: String
        var value: OrderedJSON
    }

    /// A text that is not JSON.
    struct Malformed: Error, Equatable {
        /// The byte at which reading failed, from 0.
        var offset: Int
    }

    /// Reads a JSON text.
    /// - Parameter text: UTF-8.
    /// - Throws: `Malformed`.
    init(_ text: [UInt8]) throws(Malformed) {
        var reader = OrderedJSONReader(text: text)
        self = try reader.document()
    }

    /// A member of an object; nil when there is none, or this is no object.
    subscript(_ name: String) -> OrderedJSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// The members of an object in their order.
    var members: [(name: String, value: OrderedJSON)] {
        guard case .object(let members) = self else { return [] }
        return members.map { ($0.name, $0.value) }
    }

    /// The elements of an array.
    var elements: [OrderedJSON] {
        guard case .array(let elements) = self else { return [] }
        return elements
    }

    /// A string.
    var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// As JSON: in one line where that is short, else over several, indented.
    func rendered(indentation: Int = 0, width: Int = 76) -> String {
        let short = inline
        guard indentation + short.count > width else { return short }
        let inner = String(repeating: " ", count: indentation + 2)
        let outer = String(repeating: " ", count: indentation)
        switch self {
        case .array(let elements) where !elements.isEmpty:
            let lines = elements.map { inner + $0.rendered(indentation: indentation + 2, width: width) }
            return "[\n" + lines.joined(separator: ",\n") + "\n" + outer + "]"
        case .object(let members) where !members.isEmpty:
            let lines = members.map { member in
                inner + Self.quoted(member.name) + ": "
                    + member.value.rendered(indentation: indentation + 2, width: width)
            }
            return "{\n" + lines.joined(separator: ",\n") + "\n" + outer + "}"
        default: return short
        }
    }

    private var inline: String {
        switch self {
        case .null: "null"
        case .truth(let truth): truth ? "true" : "false"
        case .number(let number): number
        case .string(let text): Self.quoted(text)
        case .array(let elements): "[" + elements.map(\.inline).joined(separator: ", ") + "]"
        case .object(let members):
            "{" + members.map { Self.quoted($0.name) + ": " + $0.value.inline }.joined(separator: ", ") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var writer = JSONWriter(capacity: text.utf8.count + 2)
        writer.value(text)
        return String(buffer: writer.buffer)
    }
}

/// Reads JSON from its start to its end.
private struct OrderedJSONReader {
    /// Deeper than any document of the program's own.
    private static let deepest = 100

    let text: [UInt8]
    private var position = 0
    private var depth = 0

    init(text: [UInt8]) { self.text = text }

    mutating func document() throws(OrderedJSON.Malformed) -> OrderedJSON {
        let value = try value()
        guard next() == nil else { throw malformed }
        return value
    }

    private var malformed: OrderedJSON.Malformed { .init(offset: position) }

    /// The next byte that is no white space; stays before it.
    private mutating func next() -> UInt8? {
        while position < text.count, [0x20, 0x09, 0x0A, 0x0D].contains(text[position]) { position += 1 }
        return position < text.count ? text[position] : nil
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next() == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func value() throws(OrderedJSON.Malformed) -> OrderedJSON {
        depth += 1
        defer { depth -= 1 }
        guard depth < Self.deepest, let first = next() else { throw malformed }
        switch first {
        case UInt8(ascii: "{"): return .object(try members())
        case UInt8(ascii: "["): return .array(try elements())
        case UInt8(ascii: "\""): return .string(try string())
        default: return try scalar()
        }
    }

    private mutating func members() throws(OrderedJSON.Malformed) -> [OrderedJSON.Member] {
        position += 1
        var members: [OrderedJSON.Member] = []
        guard !take("}") else { return members }
        repeat {
            guard next() == UInt8(ascii: "\"") else { throw malformed }
            let name = try string()
            guard take(":") else { throw malformed }
            members.append(.init(name: name, value: try value()))
        } while take(",")
        guard take("}") else { throw malformed }
        return members
    }

    private mutating func elements() throws(OrderedJSON.Malformed) -> [OrderedJSON] {
        position += 1
        var elements: [OrderedJSON] = []
        guard !take("]") else { return elements }
        repeat { elements.append(try value()) } while take(",")
        guard take("]") else { throw malformed }
        return elements
    }

    /// A string's bounds are found here; Foundation, which knows every escape, reads it.
    private mutating func string() throws(OrderedJSON.Malformed) -> String {
        let start = position
        position += 1
        while position < text.count, text[position] != UInt8(ascii: "\"") {
            position += text[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard position < text.count else { throw malformed }
        position += 1
        let quoted = text[start..<position]
        if !quoted.contains(UInt8(ascii: "\\")) {
            return String(decoding: quoted.dropFirst().dropLast(), as: UTF8.self)
        }
        guard let string = try? JSONDecoder().decode(String.self, from: Data(quoted)) else { throw malformed }
        return string
    }

    private mutating func scalar() throws(OrderedJSON.Malformed) -> OrderedJSON {
        let start = position
        while position < text.count, !Array(" \t\r\n,]}".utf8).contains(text[position]) { position += 1 }
        let word = String(decoding: text[start..<position], as: UTF8.self)
        switch word {
        case "null": return .null
        case "true": return .truth(true)
        case "false": return .truth(false)
        default:
            guard Double(word) != nil else { throw OrderedJSON.Malformed(offset: start) }
            return .number(word)
        }
    }
}
