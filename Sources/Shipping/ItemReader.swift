import Foundation

/// What stands at one place of an input.
enum ShipItem {
    /// An entry as one line of NDJSON, without the line break.
    case entry([UInt8], number: Int)
    /// Something that cannot be sent.
    case issue(code: String, detail: String, number: Int)
    /// Something that is no API call.
    case skipped
}

/// Takes an input apart.
protocol ItemReader {
    /// The next item; nil at the end.
    mutating func next() throws -> ShipItem?
}

/// Tells by the content what an input holds, whatever its name.
enum ItemReaders {
    /// A document has to be in memory as a whole.
    static let maximumDocumentBytes = 512 << 20

    /// Looks at the start of the input.
    /// - Parameters:
    ///   - source: nothing taken yet.
    ///   - har: how a HAR's entries are named.
    /// - Returns: the reader for what the input holds.
    /// - Throws: `ShipError` when the input cannot be read, or holds something else.
    static func reader(for source: ByteSource, har: HARImport) throws -> any ItemReader {
        let name = source.input.name
        _ = try source.peek()
        try refuseEncodings(source, name)
        while let byte = try source.peek(), byte.isJSONSpace { source.position += 1 }
        switch try source.peek() {
        case nil: return EmptyReader()
        case UInt8(ascii: "["): return JSONArrayReader(source)
        case UInt8(ascii: "{"): break
        default: throw ShipError.unknownForm(file: name, "is neither NDJSON nor JSON nor HAR")
        }
        guard let first = try source.peekLine(from: 0, limit: maximumDocumentBytes) else {
            throw ShipError.unknownForm(file: name, tooLong)
        }
        if let object = object(first.line) {
            guard let entries = harEntries(object) else { return NDJSONReader(source) }
            return HARReader(entries: entries, options: har)
        }
        if try isLineOfItsOwn(secondLine(source, after: first)) { return NDJSONReader(source) }
        return try documentReader(source, har: har)
    }

    private static func documentReader(_ source: ByteSource, har: HARImport) throws -> any ItemReader {
        let name = source.input.name
        guard let text = try source.rest(limit: maximumDocumentBytes) else {
            throw ShipError.unknownForm(file: name, tooLong)
        }
        guard let object = object(text) else {
            throw ShipError.unknownForm(file: name, "is not valid JSON, nor are its lines")
        }
        if let entries = harEntries(object) { return HARReader(entries: entries, options: har) }
        return SingleReader(item: .entry(text.withoutJSONSpace, number: 1))
    }

    private static let tooLong =
        "is one document of more than \(maximumDocumentBytes >> 20) MiB; NDJSON or a JSON array of entries has no limit"

    private static func refuseEncodings(_ source: ByteSource, _ name: String) throws {
        let start = source.buffer.prefix(4)
        if start.starts(with: [0xEF, 0xBB, 0xBF]) { source.position = 3 }
        if start.starts(with: [0x1F, 0x8B]) {
            throw ShipError.unknownForm(file: name, "is compressed: send it through `gzip -dc | calltrail ship -`")
        }
        if start.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
            throw ShipError.unknownForm(file: name, "is compressed: send it through `zstd -dc | calltrail ship -`")
        }
        if start.starts(with: [0xFF, 0xFE]) || start.starts(with: [0xFE, 0xFF]) {
            throw ShipError.unknownForm(file: name, "is UTF-16; only UTF-8 is read")
        }
    }

    /// A broken first line does not make NDJSON a document: then the line after it is an object.
    private static func secondLine(
        _ source: ByteSource,
        after first: (line: ArraySlice<UInt8>, next: Int, isLast: Bool)
    ) throws -> ArraySlice<UInt8> {
        var previous = first
        while !previous.isLast {
            guard let line = try source.peekLine(from: previous.next, limit: ShipBatch.maximumEntryBytes) else { break }
            guard line.line.trimmed.isEmpty else { return line.line }
            previous = line
        }
        return []
    }

    private static func isLineOfItsOwn(_ line: ArraySlice<UInt8>) -> Bool {
        line.first == UInt8(ascii: "{") && object(line) != nil
    }

    private static func object(_ text: ArraySlice<UInt8>) -> [String: Any]? {
        guard text.trimmed.last == UInt8(ascii: "}") else { return nil }
        return try? JSONSerialization.jsonObject(with: Data(text)) as? [String: Any]
    }

    private static func harEntries(_ object: [String: Any]) -> [Any]? {
        (object["log"] as? [String: Any])?["entries"] as? [Any]
    }
}

/// An input without content.
struct EmptyReader: ItemReader {
    mutating func next() -> ShipItem? { nil }
}

/// An input that holds one entry.
struct SingleReader: ItemReader {
    var item: ShipItem?

    mutating func next() -> ShipItem? { item.take() }
}

/// Lines, of which the server judges each by itself: one that is no JSON is its business too.
struct NDJSONReader: ItemReader {
    private let source: ByteSource
    private var number = 0

    init(_ source: ByteSource) { self.source = source }

    mutating func next() throws -> ShipItem? {
        while try source.peek() != nil {
            number += 1
            guard let found = try source.peekLine(from: 0, limit: ShipBatch.maximumEntryBytes) else {
                try source.skipLine()
                let limit = ShipBatch.maximumEntryBytes >> 20
                return .issue(code: "too_large", detail: "the line is longer than \(limit) MiB", number: number)
            }
            let line = Array(found.line.trimmed)
            source.position += found.next
            if !line.isEmpty { return .entry(line, number: number) }
        }
        return nil
    }
}
