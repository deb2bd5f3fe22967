/// Mends what keeps an otherwise well-formed entry from being read, so that nothing is lost for it.
///
/// Bytes that are no UTF-8, and surrogates without their partner, become `marker`, which `CapturedText` later turns into
/// U+FFFD where it knows what kind of text it stands in. A raw NUL within a string becomes its escape. A number that fits no machine type
/// becomes the largest double of its sign, which is out of every range that the contract knows.
enum JSONRepair {
    /// U+FDD0, a noncharacter, which Unicode reserves for internal use: no text has it.
    static let marker: [UInt8] = [0xEF, 0xB7, 0x90]
    private static let markerEscape = Array("\\ufdd0".utf8)
    private static let nulEscape = Array("\\u0000".utf8)

    /// Mends a text.
    /// - Parameter text: one JSON text.
    /// - Returns: the mended text, followed by the parser's padding; `count` is without it.
    static func repaired(_ text: UnsafeBufferPointer<UInt8>) -> (bytes: [UInt8], count: Int) {
        var output: [UInt8] = []
        output.reserveCapacity(text.count + text.count / 8 + JSONParser.padding)
        var position = 0
        var isInString = false
        while position < text.count {
            let byte = text[position]
            switch byte {
            case UInt8(ascii: "\""):
                isInString.toggle()
                output.append(byte)
                position += 1
            case UInt8(ascii: "\\") where isInString:
                position += appendEscape(text, at: position, to: &output)
            case 0 where isInString:
                output.append(contentsOf: nulEscape)
                position += 1
            case 0x80...:
                let length = validLength(text, at: position)
                if length > 0 {
                    output.append(contentsOf: text[position..<(position + length)])
                } else {
                    output.append(contentsOf: marker)
                }
                position += max(length, 1)
            case UInt8(ascii: "-") where !isInString, UInt8(ascii: "0")...UInt8(ascii: "9") where !isInString:
                position += appendNumber(text, at: position, to: &output)
            default:
                output.append(byte)
                position += 1
            }
        }
        let count = output.count
        output.append(contentsOf: repeatElement(0x20, count: JSONParser.padding))
        return (output, count)
    }

    /// Returns the bytes read.
    private static func appendEscape(
        _ text: UnsafeBufferPointer<UInt8>,
        at position: Int,
        to output: inout [UInt8]
    ) -> Int {
        guard let unit = codeUnit(text, at: position) else {
            let length = min(2, text.count - position)
            output.append(contentsOf: text[position..<(position + length)])
            return length
        }
        if unit & 0xFC00 == 0xD800, let next = codeUnit(text, at: position + 6), next & 0xFC00 == 0xDC00 {
            output.append(contentsOf: text[position..<(position + 12)])
            return 12
        }
        if unit & 0xF800 == 0xD800 {
            output.append(contentsOf: markerEscape)
        } else {
            output.append(contentsOf: text[position..<(position + 6)])
        }
        return 6
    }

    /// The UTF-16 code unit of a `\uXXXX` escape.
    private static func codeUnit(_ text: UnsafeBufferPointer<UInt8>, at position: Int) -> UInt16? {
        guard position + 6 <= text.count, text[position] == UInt8(ascii: "\\"),
            text[position + 1] == UInt8(ascii: "u")
        else { return nil }
        return UInt16(String(decoding: text[(position + 2)..<(position + 6)], as: UTF8.self), radix: 16)
    }

    /// Returns the bytes read.
    private static func appendNumber(
        _ text: UnsafeBufferPointer<UInt8>,
        at position: Int,
        to output: inout [UInt8]
    ) -> Int {
        guard let length = JSONNumber.length(in: text[position...]) else {
            output.append(text[position])
            return 1
        }
        let digits = text[position..<(position + length)]
        let value = Double(String(decoding: digits, as: UTF8.self)) ?? 0
        let isInteger = !digits.contains { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") }
        // Integers beyond 64 bits and doubles beyond the largest are what the parser refuses.
        if !value.isFinite || (isInteger && value.magnitude >= 9.2e18) {
            output.append(contentsOf: (value < 0 ? "-1.0e308" : "1.0e308").utf8)
        } else {
            output.append(contentsOf: digits)
        }
        return length
    }

    /// The length of the well-formed UTF-8 sequence at a position, 0 when there is none (Unicode 15, table 3-7).
    private static func validLength(_ text: UnsafeBufferPointer<UInt8>, at position: Int) -> Int {
        let lead = text[position]
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch lead {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        case 0xF1...0xF3: length = 4
        default: return 0
        }
        guard position + length <= text.count, second.contains(text[position + 1]) else { return 0 }
        for index in (position + 2)..<max(position + length, position + 2) where text[index] & 0xC0 != 0x80 { return 0 }
        return length
    }
}
