/// A JSON value as it was written: members in their order and as often as they stand, numbers digit by digit.
indirect enum JSONNode {
    /// A number, `true`, `false` or `null`.
    case plain(String)
    /// A string, its quotation marks and escapes included.
    case text(String)
    case array([JSONNode])
    case object([(name: String, value: JSONNode)])

    /// Reads a document.
    /// - Parameter bytes: UTF-8; nil comes of what is not JSON, or is nested deeper than people can follow.
    init?(_ bytes: [UInt8]) {
        var reader = JSONNodeReader(bytes)
        guard let node = reader.value(depth: 0), reader.isAtEnd else { return nil }
        self = node
    }
}

/// Reads JSON once through, never deeper than the stack bears.
private struct JSONNodeReader {
    private static let deepest = 100
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool {
        mutating get {
            skipSpace()
            return position == bytes.count
        }
    }

    mutating func value(depth: Int) -> JSONNode? {
        skipSpace()
        guard position < bytes.count, depth < Self.deepest else { return nil }
        switch bytes[position] {
        case UInt8(ascii: "{"): return object(depth)
        case UInt8(ascii: "["): return array(depth)
        case UInt8(ascii: "\""): return string().map(JSONNode.text)
        default: return plain()
        }
    }

    private mutating func object(_ depth: Int) -> JSONNode? {
        position += 1
        var members: [(name: String, value: JSONNode)] = []
        if take(UInt8(ascii: "}")) { return .object(members) }
        repeat {
            skipSpace()
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\""), let name = string(),
                take(UInt8(ascii: ":")), let value = value(depth: depth + 1)
            else { return nil }
            members.append((name, value))
        } while take(UInt8(ascii: ","))
        return take(UInt8(ascii: "}")) ? .object(members) : nil
    }

    private mutating func array(_ depth: Int) -> JSONNode? {
        position += 1
        var elements: [JSONNode] = []
        if take(UInt8(ascii: "]")) { return .array(elements) }
        repeat {
            guard let value = value(depth: depth + 1) else { return nil }
            elements.append(value)
        } while take(UInt8(ascii: ","))
        return take(UInt8(ascii: "]")) ? .array(elements) : nil
    }

    private mutating func string() -> String? {
        let start = position
        position += 1
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard position < bytes.count else { return nil }
        position += 1
        return Self.readable(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func plain() -> JSONNode? {
        let start = position
        while position < bytes.count, Self.isPlain(bytes[position]) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        let isWord = text == "true" || text == "false" || text == "null"
        return isWord || Double(text) != nil ? .plain(text) : nil
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "E"),
            UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    /// Letters that were escaped are shown as letters; what lays out text or could be mistaken stays escaped.
    private static func readable(_ text: String) -> String {
        guard text.contains("\\u") else { return text }
        return text.replacing(/(?:\\u[0-9a-fA-F]{4})+/) { match in
            let units = match.output.split(separator: "\\u").compactMap { UInt16($0, radix: 16) }
            let decoded = String(decoding: units, as: UTF16.self)
            let isLetters = decoded.unicodeScalars.allSatisfy {
                $0.value > 0xA0 && $0 != "\u{FFFD}" && $0.properties.generalCategory != .format
            }
            return isLetters ? decoded : String(match.output)
        }
    }
}
