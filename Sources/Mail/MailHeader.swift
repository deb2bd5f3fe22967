import Domain
import Foundation

/// The lines above a mail's body (RFC 5322, section 2.2): ASCII, folded, one line each to whoever reads them.
enum MailHeader {
    /// Octets of a line before its line break (RFC 5322, section 2.1.1).
    private static let lineLimit = 76

    /// A header with any text for its value.
    static func unstructured(_ name: String, _ text: String) -> String {
        let line = text.oneVisibleLine
        return folded("\(name): \(needsEncoding(line) ? encodedWords(line) : line)")
    }

    /// A header whose value is already of the form that its name asks for.
    static func structured(_ name: String, _ value: String) -> String { folded("\(name): \(value)") }

    /// `Name <address>`, or the address alone where the name is empty.
    static func mailbox(name: String, address: String) -> String {
        let name = name.oneVisibleLine
        guard !name.isEmpty else { return address }
        if needsEncoding(name) { return "\(encodedWords(name)) <\(address)>" }
        let isPhrase = name.utf8.allSatisfy { $0.isAtomByte || $0 == 0x20 } && !name.contains("  ")
        if isPhrase { return "\(name) <\(address)>" }
        let quoted = name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "\"\(quoted)\" <\(address)>"
    }

    /// A word that is too long to fold is encoded too: encoded words are broken anywhere.
    private static func needsEncoding(_ line: String) -> Bool {
        !line.utf8.allSatisfy { $0 < 0x80 } || line.contains("=?")
            || line.split(separator: " ").contains { $0.utf8.count > 60 }
    }

    /// RFC 2047: words of at most 75 characters, each of whole characters of UTF-8.
    private static func encodedWords(_ line: String) -> String {
        var words: [String] = []
        var chunk: [UInt8] = []
        func close() {
            if !chunk.isEmpty { words.append("=?utf-8?B?\(Data(chunk).base64EncodedString())?=") }
            chunk = []
        }
        for scalar in line.unicodeScalars {
            let bytes = Array(String(scalar).utf8)
            // 39 bytes make 64 characters, for which a line has room behind any of our headers' names
            if chunk.count + bytes.count > 39 { close() }
            chunk += bytes
        }
        close()
        return words.joined(separator: " ")
    }

    /// Breaks the line before spaces that a word follows.
    private static func folded(_ line: String) -> String {
        var lines: [String] = []
        var current = ""
        for word in words(of: line) {
            // Nothing but the name on the first line would be legal, and is what some readers stumble over.
            let mayBreak = !lines.isEmpty || current.contains(" ")
            if mayBreak, current.utf8.count + word.utf8.count > lineLimit {
                lines.append(current)
                current = word
            } else {
                current += word
            }
        }
        lines.append(current)
        return lines.joined(separator: "\r\n")
    }

    /// Each word with the white space before it.
    private static func words(of line: String) -> [String] {
        var words: [String] = []
        var current = ""
        for character in line {
            if character == " ", current.last.map({ $0 != " " }) ?? false {
                words.append(current)
                current = ""
            }
            current.append(character)
        }
        words.append(current)
        return words
    }
}

extension String {
    /// The text for a header: one line to whoever reads it.
    var oneVisibleLine: String { visible.trimmingCharacters(in: .whitespaces) }
}

extension UInt8 {
    /// `atext` of RFC 5322, section 3.2.3.
    var isAtomByte: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: "!#$%&'*+-/=?^_`{|}~".utf8.contains(self)
        }
    }
}
