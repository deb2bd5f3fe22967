public import Domain
import Foundation

/// A mail, before it is put into the form that travels.
public struct MailMessage: Sendable {
    /// Stays the same however often the mail is sent: the part before the `@` of its Message-ID.
    public var id: String
    /// Who gets it.
    public var recipient: EmailAddress
    /// One line.
    public var subject: String
    /// Plain text.
    public var text: String

    /// Puts a mail together; see the properties.
    public init(id: String, recipient: EmailAddress, subject: String, text: String) {
        self.id = id
        self.recipient = recipient
        self.subject = subject
        self.text = text
    }

    /// The mail in the form of RFC 5322: ASCII headers (RFC 2047), a UTF-8 body in base64.
    /// - Parameters:
    ///   - sender: `name <address>` or an address.
    ///   - date: when it was written.
    public func rfc5322(from sender: MailSender.Identity, date: Timestamp) -> String {
        let headers = [
            "From: \(sender.header)",
            "To: \(recipient.text)",
            "Subject: \(Self.encodedWord(subject))",
            "Date: \(Self.rfc5322(date))",
            "Message-ID: <\(id)@\(sender.domain)>",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: base64",
            "Auto-Submitted: auto-generated",
        ]
        let body = Data(text.replacing("\r\n", with: "\n").replacing("\n", with: "\r\n").utf8)
            .base64EncodedString(options: [.lineLength76Characters, .endLineWithCarriageReturn, .endLineWithLineFeed])
        return (headers + ["", body, ""]).joined(separator: "\r\n")
    }

    /// One line of ASCII, whatever stands in the text: a line break can't end the header.
    static func encodedWord(_ text: String) -> String {
        let line = String(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : Character($0) })
        guard !line.allSatisfy({ $0.isASCII }) || line.contains("=?") else { return line }
        var words: [String] = []
        var chunk = ""
        for character in line {
            // an encoded word has at most 75 characters: 45 bytes in base64 and its frame
            if (chunk + String(character)).utf8.count > 42 {
                words.append(chunk)
                chunk = ""
            }
            chunk.append(character)
        }
        words.append(chunk)
        return words.map { "=?utf-8?B?\(Data($0.utf8).base64EncodedString())?=" }.joined(separator: "\r\n ")
    }

    static func rfc5322(_ time: Timestamp) -> String {
        let (year, month, day) = time.day.civil
        let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let weekday = weekdays[Int((time.day.number % 7 + 7) % 7)]
        let clock = time.description.dropFirst(11).prefix(8)
        return "\(weekday), \(day) \(months[month - 1]) \(year) \(clock) +0000"
    }
}
