/// The elements of a JSON array, one at a time: the array may be larger than the memory.
///
/// It looks at strings and brackets only; whether an element is a valid entry, or JSON at all, the server decides.
struct JSONArrayReader: ItemReader {
    private let source: ByteSource
    private var scanner = JSONScanner()
    private var number = 0
    private var isOver = false

    init(_ source: ByteSource) {
        self.source = source
        // The opening bracket, which was looked at and not taken.
        source.position += 1
    }

    mutating func next() throws -> ShipItem? {
        guard !isOver else { return nil }
        var element: [UInt8] = []
        var isTooLarge = false
        while let byte = try source.peek() {
            source.position += 1
            if scanner.isBetweenElements, byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") {
                isOver = byte == UInt8(ascii: "]")
                if isTooLarge { return tooLarge() }
                if !element.isEmpty { return entry(element) }
                guard !isOver else { return nil }
                continue
            }
            guard scanner.keeps(byte) else { continue }
            if element.count < ShipBatch.maximumEntryBytes {
                element.append(byte)
            } else {
                isTooLarge = true
            }
        }
        isOver = true
        number += 1
        return .issue(code: "unreadable", detail: "the array ends in the middle of it", number: number)
    }

    private mutating func entry(_ element: [UInt8]) -> ShipItem {
        number += 1
        return .entry(element, number: number)
    }

    private mutating func tooLarge() -> ShipItem {
        number += 1
        let limit = ShipBatch.maximumEntryBytes >> 20
        return .issue(code: "too_large", detail: "the entry is longer than \(limit) MiB", number: number)
    }
}

/// Follows JSON text byte by byte: which white space lies outside strings, and how deep the brackets are.
struct JSONScanner {
    private var depth = 0
    private var isInString = false
    private var isEscaped = false

    /// True where a comma or bracket belongs to what encloses the value.
    var isBetweenElements: Bool { depth == 0 && !isInString }

    /// Takes the next byte.
    /// - Returns: false for white space outside strings, which can be left out. In valid JSON a line break can only be
    ///   such white space, so what is kept is one line.
    mutating func keeps(_ byte: UInt8) -> Bool {
        if isInString {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
            }
            // A raw line break in a string is invalid; sent on, it would end the line and shift those that follow.
            return byte != 0x0A && byte != 0x0D
        }
        switch byte {
        case UInt8(ascii: "\""): isInString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"): depth = max(depth - 1, 0)
        default: break
        }
        return !byte.isJSONSpace
    }
}

extension ArraySlice<UInt8> {
    /// This JSON text on one line.
    var withoutJSONSpace: [UInt8] {
        var scanner = JSONScanner()
        return filter { scanner.keeps($0) }
    }
}
