/// The coding of a mail's bodies (RFC 2045, section 6.7): ASCII lines of at most 76 characters, still readable.
enum QuotedPrintable {
    /// - Parameter text: any line ends.
    /// - Returns: lines that end with CR LF, the last one too.
    static func encode(_ text: String) -> String {
        var encoder = Encoder()
        var previous: UInt8 = 0
        for byte in text.utf8 {
            switch byte {
            case 10 where previous == 13: break
            case 10, 13: encoder.endLine()
            default: encoder.append(byte)
            }
            previous = byte
        }
        if !encoder.isAtLineStart { encoder.endLine() }
        return String(decoding: encoder.output, as: UTF8.self)
    }

    private struct Encoder {
        var output: [UInt8] = []
        private var line: [UInt8] = []

        var isAtLineStart: Bool { line.isEmpty }

        mutating func append(_ byte: UInt8) {
            let isPlain = (byte >= 0x20 && byte <= 0x7E && byte != UInt8(ascii: "=")) || byte == 9
            // A dot at the start of a line means something to mail servers: some get it wrong.
            let isSafe = !line.isEmpty || byte != UInt8(ascii: ".")
            let coded = isPlain && isSafe ? [byte] : Self.escape(byte)
            // the 76th place is for the = that says that the line goes on
            if line.count + coded.count > 75 {
                output += line + [UInt8(ascii: "="), 13, 10]
                line = []
                append(byte)
            } else {
                line += coded
            }
        }

        mutating func endLine() {
            // White space at the end of a line gets lost on the way.
            if let last = line.last, last == 0x20 || last == 9 {
                line.removeLast()
                let coded = Self.escape(last)
                if line.count + coded.count > 76 {
                    output += line + [UInt8(ascii: "="), 13, 10]
                    line = []
                }
                line += coded
            }
            output += line + [13, 10]
            line = []
        }

        private static func escape(_ byte: UInt8) -> [UInt8] {
            let digits = Array("0123456789ABCDEF".utf8)
            return [UInt8(ascii: "="), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
}
