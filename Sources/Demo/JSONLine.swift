/// Writes compact JSON into bytes.
struct JSONLine {
    private(set) var bytes: [UInt8]

    init(_ bytes: consuming [UInt8] = []) { self.bytes = bytes }

    mutating func raw(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func name(_ name: StaticString) {
        raw("\"")
        raw(name)
        raw("\":")
    }

    mutating func member(_ name: StaticString, _ value: String, first: Bool = false) {
        if !first { raw(",") }
        self.name(name)
        string(value)
    }

    mutating func member(_ name: StaticString, _ value: Int) {
        raw(",")
        self.name(name)
        bytes.append(contentsOf: String(value).utf8)
    }

    /// Appends a string in quotes, escaped as RFC 8259, section 7, demands.
    mutating func string(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            // A byte becomes six at most (`\u001f`). Written into one piece of memory and appended at once, an escaped
            // body costs a third of what appending byte by byte does.
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 6 * utf8.count + 2) { buffer in
                var writer = EscapeWriter(buffer: buffer)
                writer.put(UInt8(ascii: "\""))
                for byte in utf8 { writer.putEscaped(byte) }
                writer.put(UInt8(ascii: "\""))
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[..<writer.count]))
            }
        }
    }
}

/// Fills a buffer that is large enough for whatever is written.
private struct EscapeWriter {
    let buffer: UnsafeMutableBufferPointer<UInt8>
    var count = 0

    init(buffer: UnsafeMutableBufferPointer<UInt8>) { self.buffer = buffer }

    @inline(__always)
    mutating func put(_ byte: UInt8) {
        buffer.initializeElement(at: count, to: byte)
        count += 1
    }

    @inline(__always)
    mutating func putEscaped(_ byte: UInt8) {
        guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { return put(byte) }
        put(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\n"): put(UInt8(ascii: "n"))
        case UInt8(ascii: "\r"): put(UInt8(ascii: "r"))
        case UInt8(ascii: "\t"): put(UInt8(ascii: "t"))
        case ..<0x20: putCode(byte)
        default: put(byte)
        }
    }

    private mutating func putCode(_ byte: UInt8) {
        put(UInt8(ascii: "u"))
        put(UInt8(ascii: "0"))
        put(UInt8(ascii: "0"))
        for digit in [byte >> 4, byte & 15] {
            put(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}

extension String {
    /// This text as a JSON string, quotes included.
    var quoted: String {
        var line = JSONLine()
        line.string(self)
        return String(decoding: line.bytes, as: UTF8.self)
    }

    /// This text as the value of an `application/x-www-form-urlencoded` field.
    var formEncoded: String {
        var encoded: [UInt8] = []
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                encoded.append(byte)
            case UInt8(ascii: " "):
                encoded.append(UInt8(ascii: "+"))
            default:
                let digits = Array("0123456789ABCDEF".utf8)
                encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}
