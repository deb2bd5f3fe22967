/// Reads what `ByteWriter` wrote, and refuses whatever would lead outside of its bytes.
struct ByteReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func byte() throws(BodyBlockError) -> UInt8 {
        guard position < bytes.count else { throw .corrupt("a record ends early") }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func length() throws(BodyBlockError) -> Int {
        var value: UInt = 0
        for shift in stride(from: UInt(0), to: 63, by: 7) {
            let next = try byte()
            value |= UInt(next & 0x7F) << shift
            if next < 0x80 { return Int(value) }
        }
        throw .corrupt("a length has too many bytes")
    }

    mutating func slice() throws(BodyBlockError) -> UnsafeRawBufferPointer {
        let count = try length()
        guard count <= bytes.count - position else { throw .corrupt("a length leads outside of its record") }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<(position + count)])
    }

    mutating func text() throws(BodyBlockError) -> String { String(decoding: try slice(), as: UTF8.self) }
}
