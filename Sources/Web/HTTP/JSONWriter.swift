import Domain
import Foundation
import NIOCore

/// Writes JSON straight into the bytes of an answer.
///
/// Lists are the hot path of reading: Foundation's encoder takes over a millisecond for a page of 50 calls, this some
/// twenty microseconds.
struct JSONWriter: ~Copyable {
    private var bytes: [UInt8] = []
    private var needsComma = false

    init(capacity: Int = 1024) { bytes.reserveCapacity(capacity) }

    /// What was written.
    var buffer: ByteBuffer { ByteBuffer(bytes: bytes) }

    /// What was written, to be put into something larger.
    consuming func utf8() -> [UInt8] { bytes }

    /// What was written, as a line.
    consuming func line() -> [UInt8] {
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    /// `{…}` as the next value.
    mutating func object(_ members: (inout JSONWriter) throws -> Void) rethrows {
        try nest(open: "{", close: "}", members)
    }

    /// `[…]` as the next value.
    mutating func array(_ elements: (inout JSONWriter) throws -> Void) rethrows {
        try nest(open: "[", close: "]", elements)
    }

    /// The name of the next value.
    @inline(__always)
    mutating func key(_ name: StaticString) {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// The name of the next value, where it comes from data.
    mutating func member(_ name: String) {
        value(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// A text, or null.
    mutating func value(_ text: String?) {
        separate()
        guard var text else {
            append("null")
            return
        }
        text.withUTF8 { writeQuoted($0) }
    }

    /// UTF-8 as a text, or null.
    mutating func value(_ text: UnsafeBufferPointer<UInt8>?) {
        separate()
        if let text { writeQuoted(text) } else { append("null") }
    }

    /// A path with its query as a text, or null.
    mutating func value(path: UnsafeBufferPointer<UInt8>?, query: UnsafeBufferPointer<UInt8>?) {
        guard let query else { return value(path) }
        separate()
        bytes.append(UInt8(ascii: "\""))
        if let path { writeEscaped(path) }
        bytes.append(UInt8(ascii: "?"))
        writeEscaped(query)
        bytes.append(UInt8(ascii: "\""))
    }

    /// UTF-8 as a text.
    mutating func value(utf8 bytes: [UInt8]) {
        separate()
        bytes.withUnsafeBufferPointer { writeQuoted($0) }
    }

    /// An integer, or null.
    mutating func value(_ number: (some BinaryInteger)?) {
        separate()
        if let number { append(number: Int64(number)) } else { append("null") }
    }

    mutating func value(_ truth: Bool) {
        separate()
        append(truth ? "true" : "false")
    }

    /// A time in RFC 3339.
    mutating func value(_ time: Timestamp) {
        separate()
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 29) { text in
            text[0] = UInt8(ascii: "\"")
            let count = time.rfc3339(into: UnsafeMutableBufferPointer(rebasing: text[1...]))
            text[count + 1] = UInt8(ascii: "\"")
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[0..<(count + 2)]))
        }
    }

    /// How a time is written that always has six digits behind the point.
    enum MicrosecondForm {
        /// `2026-11-20T06:58:16.698000Z`.
        case rfc3339
        /// `2026-11-20 06:58:16.698000`.
        case spaced
    }

    /// A time with microseconds. Straight into the bytes: a list has two for each of its elements.
    mutating func value(microseconds time: Timestamp, _ form: MicrosecondForm) {
        separate()
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 27) { text in
            var count = time.rfc3339(into: text, alwaysMicroseconds: true)
            if form == .spaced {
                text[10] = UInt8(ascii: " ")
                count -= 1
            }
            bytes.append(UInt8(ascii: "\""))
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[0..<count]))
            bytes.append(UInt8(ascii: "\""))
        }
    }

    /// A time in RFC 3339, or null.
    mutating func value(optional time: Timestamp?) {
        if let time { value(time) } else { raw("null") }
    }

    /// A UUID in lower case.
    mutating func value(_ id: UUID) {
        separate()
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 38) { text in
            text.initialize(repeating: UInt8(ascii: "-"))
            (text[0], text[37]) = (UInt8(ascii: "\""), UInt8(ascii: "\""))
            withUnsafeBytes(of: id.uuid) { uuid in
                var place = 1
                for (index, byte) in uuid.enumerated() {
                    if index == 4 || index == 6 || index == 8 || index == 10 { place += 1 }
                    (text[place], text[place + 1]) = (Self.hexadecimal(byte >> 4), Self.hexadecimal(byte & 0xF))
                    place += 2
                }
            }
            bytes.append(contentsOf: text)
        }
    }

    /// A UUID in lower case, or null.
    mutating func value(optional id: UUID?) {
        if let id { value(id) } else { raw("null") }
    }

    /// Text that is JSON already.
    mutating func raw(_ json: String) {
        separate()
        bytes.append(contentsOf: json.utf8)
    }

    /// UTF-8 that is JSON already: a value, or what stands between the braces of an object.
    mutating func raw(utf8 json: some Collection<UInt8>) {
        separate()
        bytes.append(contentsOf: json)
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8 { digit < 10 ? digit + 48 : digit + 87 }

    @inline(__always)
    private mutating func append(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private mutating func append(number: Int64) {
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        var rest = number.magnitude
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var first = 20
            repeat {
                first -= 1
                digits[first] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            } while rest > 0
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: digits[first...]))
        }
    }

    private mutating func nest(
        open: StaticString, close: StaticString, _ content: (inout JSONWriter) throws -> Void
    ) rethrows {
        separate()
        append(open)
        needsComma = false
        try content(&self)
        append(close)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func writeQuoted(_ text: UnsafeBufferPointer<UInt8>) {
        bytes.append(UInt8(ascii: "\""))
        writeEscaped(text)
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func writeEscaped(_ text: UnsafeBufferPointer<UInt8>) {
        var plainStart = 0
        for index in text.indices {
            let byte = text[index]
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[plainStart..<index]))
            plainStart = index + 1
            switch byte {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case UInt8(ascii: "\n"): append("\\n")
            case UInt8(ascii: "\r"): append("\\r")
            case UInt8(ascii: "\t"): append("\\t")
            default:
                let digits = String(byte, radix: 16)
                bytes.append(contentsOf: ("\\u00" + (digits.count == 1 ? "0" : "") + digits).utf8)
            }
        }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[plainStart...]))
    }
}
