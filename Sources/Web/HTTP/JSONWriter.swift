import Domain
import Foundation
import NIOCore

/// Writes JSON straight into the bytes of an answer.
///
/// Lists are the hot path of reading: Foundation's encoder takes over a millisecond for a page of 50 calls, this some
/// twenty microseconds.
struct JSONWriter: ~Copyable {
    private(set) var buffer: ByteBuffer
    private var needsComma = false

    init(capacity: Int = 1024) {
        buffer = ByteBuffer()
        buffer.reserveCapacity(capacity)
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
    mutating func key(_ name: StaticString) {
        separate()
        buffer.writeInteger(UInt8(ascii: "\""))
        buffer.writeStaticString(name)
        buffer.writeStaticString("\":")
        needsComma = false
    }

    /// The name of the next value, where it comes from data.
    mutating func member(_ name: String) {
        value(name)
        buffer.writeInteger(UInt8(ascii: ":"))
        needsComma = false
    }

    /// A text, or null.
    mutating func value(_ text: String?) {
        separate()
        guard var text else {
            buffer.writeStaticString("null")
            return
        }
        text.withUTF8 { writeQuoted($0) }
    }

    /// UTF-8 as a text.
    mutating func value(utf8 bytes: [UInt8]) {
        separate()
        bytes.withUnsafeBufferPointer { writeQuoted($0) }
    }

    /// An integer, or null.
    mutating func value(_ number: (some BinaryInteger)?) {
        separate()
        if let number { buffer.writeString(String(number)) } else { buffer.writeStaticString("null") }
    }

    mutating func value(_ truth: Bool) {
        separate()
        buffer.writeStaticString(truth ? "true" : "false")
    }

    /// A time in RFC 3339.
    mutating func value(_ time: Timestamp) {
        separate()
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 29) { text in
            text[0] = UInt8(ascii: "\"")
            let count = time.rfc3339(into: UnsafeMutableBufferPointer(rebasing: text[1...]))
            text[count + 1] = UInt8(ascii: "\"")
            buffer.writeBytes(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(text)[0..<(count + 2)]))
        }
    }

    /// A time in RFC 3339, or null.
    mutating func value(optional time: Timestamp?) {
        if let time { value(time) } else { raw("null") }
    }

    /// A UUID in lower case.
    mutating func value(_ id: UUID) { value(id.uuidString.lowercased()) }

    /// Text that is JSON already.
    mutating func raw(_ json: String) {
        separate()
        buffer.writeString(json)
    }

    private mutating func nest(
        open: StaticString, close: StaticString, _ content: (inout JSONWriter) throws -> Void
    ) rethrows {
        separate()
        buffer.writeStaticString(open)
        needsComma = false
        try content(&self)
        buffer.writeStaticString(close)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { buffer.writeInteger(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func writeQuoted(_ text: UnsafeBufferPointer<UInt8>) {
        buffer.writeInteger(UInt8(ascii: "\""))
        var plainStart = 0
        for index in text.indices {
            let byte = text[index]
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
            buffer.writeBytes(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(text)[plainStart..<index]))
            plainStart = index + 1
            switch byte {
            case UInt8(ascii: "\""): buffer.writeStaticString("\\\"")
            case UInt8(ascii: "\\"): buffer.writeStaticString("\\\\")
            case UInt8(ascii: "\n"): buffer.writeStaticString("\\n")
            case UInt8(ascii: "\r"): buffer.writeStaticString("\\r")
            case UInt8(ascii: "\t"): buffer.writeStaticString("\\t")
            default:
                let digits = String(byte, radix: 16)
                buffer.writeString("\\u00" + (digits.count == 1 ? "0" : "") + digits)
            }
        }
        buffer.writeBytes(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(text)[plainStart...]))
        buffer.writeInteger(UInt8(ascii: "\""))
    }
}
