/// The record encoding: LEB128 lengths before bytes.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }

    mutating func append(byte: UInt8) { bytes.append(byte) }

    mutating func append(length: Int) {
        var rest = UInt(length)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func append(fixed value: UInt32) {
        for shift in stride(from: UInt32(0), to: 32, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    /// Without a length in front.
    mutating func append(raw newBytes: ArraySlice<UInt8>) { bytes.append(contentsOf: newBytes) }

    mutating func append(bytes newBytes: [UInt8]) {
        append(length: newBytes.count)
        bytes.append(contentsOf: newBytes)
    }

    mutating func append(text: String) {
        var text = text
        text.withUTF8 { utf8 in
            append(length: utf8.count)
            bytes.append(contentsOf: utf8)
        }
    }
}
