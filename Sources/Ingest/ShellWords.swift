/// Splits a command as a POSIX shell does (XCU 2.2 "Quoting"), plus `$'…'` of bash; nothing is expanded.
struct ShellWords {
    /// A word and where it starts, in characters from 1.
    struct Word {
        var text: String
        var position: Int
    }

    private let scalars: [Unicode.Scalar]
    private var index = 0

    private init(_ text: String) { scalars = Array(text.unicodeScalars) }

    /// The words of a command.
    /// - Parameter text: the command, on one line or with a backslash before each line break.
    /// - Returns: the words, their quotes taken off.
    /// - Throws: `CurlIssue` when a quote is not closed.
    static func split(_ text: String) throws(CurlIssue) -> [Word] {
        var words = ShellWords(text)
        var result: [Word] = []
        while let word = try words.next() { result.append(word) }
        return result
    }

    private var peek: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    private mutating func next() throws(CurlIssue) -> Word? {
        while let scalar = peek {
            if scalar.properties.isWhitespace {
                index += 1
            } else if scalar == "\\", let length = lineContinuation {
                index += length
            } else {
                break
            }
        }
        guard peek != nil else { return nil }
        let start = index + 1
        var text = String.UnicodeScalarView()
        while let scalar = peek, !scalar.properties.isWhitespace {
            switch scalar {
            case "'": try appendSingleQuoted(to: &text)
            case "\"": try appendDoubleQuoted(to: &text)
            case "$" where index + 1 < scalars.count && scalars[index + 1] == "'": try appendEscaped(to: &text)
            case "\\": appendBackslash(to: &text)
            default:
                text.append(scalar)
                index += 1
            }
        }
        return Word(text: String(text), position: start)
    }

    /// The length of a backslash and the line break behind it.
    private var lineContinuation: Int? {
        guard index + 1 < scalars.count else { return 1 }
        if scalars[index + 1] == "\n" { return 2 }
        if scalars[index + 1] == "\r" { return index + 2 < scalars.count && scalars[index + 2] == "\n" ? 3 : 2 }
        return nil
    }

    private mutating func appendBackslash(to text: inout String.UnicodeScalarView) {
        if let length = lineContinuation {
            index += length
            return
        }
        text.append(scalars[index + 1])
        index += 2
    }

    private mutating func appendSingleQuoted(to text: inout String.UnicodeScalarView) throws(CurlIssue) {
        let start = index
        index += 1
        while let scalar = peek {
            index += 1
            if scalar == "'" { return }
            text.append(scalar)
        }
        throw Self.unbalanced("'", at: start)
    }

    private mutating func appendDoubleQuoted(to text: inout String.UnicodeScalarView) throws(CurlIssue) {
        let start = index
        index += 1
        while let scalar = peek {
            switch scalar {
            case "\"":
                index += 1
                return
            case "\\":
                if let length = lineContinuation {
                    index += length
                } else if "\"\\$`".unicodeScalars.contains(scalars[index + 1]) {
                    text.append(scalars[index + 1])
                    index += 2
                } else {
                    text.append(scalar)
                    index += 1
                }
            default:
                text.append(scalar)
                index += 1
            }
        }
        throw Self.unbalanced("\"", at: start)
    }

    private mutating func appendEscaped(to text: inout String.UnicodeScalarView) throws(CurlIssue) {
        let start = index
        index += 2
        while let scalar = peek {
            index += 1
            if scalar == "'" { return }
            guard scalar == "\\", let escaped = peek else {
                text.append(scalar)
                continue
            }
            index += 1
            switch escaped {
            case "n": text.append("\n")
            case "r": text.append("\r")
            case "t": text.append("\t")
            case "a": text.append("\u{7}")
            case "b": text.append("\u{8}")
            case "e", "E": text.append("\u{1B}")
            case "f": text.append("\u{C}")
            case "v": text.append("\u{B}")
            case "x": appendNumber(radix: 16, digits: 2, to: &text)
            case "u": appendNumber(radix: 16, digits: 4, to: &text)
            case "U": appendNumber(radix: 16, digits: 8, to: &text)
            case "0"..."7":
                index -= 1
                appendNumber(radix: 8, digits: 3, to: &text)
            case "\\", "'", "\"", "?": text.append(escaped)
            default:
                text.append("\\")
                text.append(escaped)
            }
        }
        throw Self.unbalanced("$'", at: start)
    }

    private mutating func appendNumber(radix: Int, digits: Int, to text: inout String.UnicodeScalarView) {
        var value: UInt32 = 0
        var count = 0
        while count < digits, let scalar = peek, let digit = Character(scalar).hexDigitValue, digit < radix {
            value = value << (radix == 16 ? 4 : 3) | UInt32(digit)
            index += 1
            count += 1
        }
        text.append(value == 0 ? "\u{FFFD}" : Unicode.Scalar(value) ?? "\u{FFFD}")
    }

    private static func unbalanced(_ quote: String, at index: Int) -> CurlIssue {
        CurlIssue(detail: "The command has a quote \(quote) at character \(index + 1) that is not closed.")
    }
}
