public import Domain
import Foundation

/// A mail, before it is put into the form that travels.
public struct MailMessage: Sendable {
    /// Stays the same however often the mail is sent: the part before the `@` of its Message-ID.
    public var id: String
    /// Who gets it.
    public var recipient: EmailAddress
    /// The name that people read; nil for the address alone.
    public var recipientName: String?
    /// One line.
    public var subject: String
    /// Plain text.
    public var text: String
    /// The same in HTML; nil for plain text alone.
    public var html: String?
    /// Where one click ends such mails (RFC 8058): answers POST without a session.
    public var unsubscribeURL: String?
    /// What kind of mail it is, for people's filters: a name of letters, digits and `-`.
    public var list: String?
    /// Where an answer goes; nil for whoever the mail is from.
    public var replyTo: ReplyTo?

    /// A person who gets the answers to a mail.
    public struct ReplyTo: Sendable {
        /// The name that people read; may be empty.
        public var name: String
        /// Theirs.
        public var address: EmailAddress

        /// Names a person.
        /// - Parameters:
        ///   - name: may be empty.
        ///   - address: theirs.
        public init(name: String, address: EmailAddress) {
            self.name = name
            self.address = address
        }
    }

    /// Puts a mail together; see the properties.
    public init(
        id: String, recipient: EmailAddress, recipientName: String? = nil, subject: String, text: String,
        html: String? = nil, unsubscribeURL: String? = nil, list: String? = nil
    ) {
        self.id = id
        self.recipient = recipient
        self.recipientName = recipientName
        self.subject = subject
        self.text = text
        self.html = html
        self.unsubscribeURL = unsubscribeURL
        self.list = list
    }

    /// The id, as far as it may stand in a Message-ID and in a file's name.
    var localID: String { id.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == ".") } }

    /// The Message-ID under which the mail travels, however often.
    /// - Parameter sender: who it is from.
    public func messageID(from sender: MailSender.Identity) -> String { "<\(localID)@\(sender.domain)>" }

    /// The mail in the form of RFC 5322: ASCII headers (RFC 2047), bodies of UTF-8 in quoted-printable.
    /// - Parameters:
    ///   - sender: who it is from.
    ///   - date: when it was written.
    public func rfc5322(from sender: MailSender.Identity, date: Timestamp) -> String {
        var lines = headers(from: sender, date: date)
        if let html {
            lines.append(MailHeader.structured("Content-Type", "multipart/alternative; boundary=\"\(Self.boundary)\""))
            lines += ["", "--\(Self.boundary)"] + part("plain", text)
            lines += ["--\(Self.boundary)"] + part("html", html)
            lines += ["--\(Self.boundary)--", ""]
        } else {
            lines += part("plain", text)
        }
        return lines.joined(separator: "\r\n")
    }

    private func headers(from sender: MailSender.Identity, date: Timestamp) -> [String] {
        let mailbox = MailHeader.mailbox(name: recipientName ?? "", address: recipient.text)
        var lines = [
            MailHeader.structured("From", sender.header),
            MailHeader.structured("To", mailbox),
            MailHeader.unstructured("Subject", subject),
            MailHeader.structured("Date", Self.rfc5322(date)),
            "Message-ID: \(messageID(from: sender))",
            "Auto-Submitted: auto-generated",
        ]
        if let replyTo {
            let mailbox = MailHeader.mailbox(name: replyTo.name, address: replyTo.address.text)
            lines.append(MailHeader.structured("Reply-To", mailbox))
        }
        if let unsubscribeURL {
            // Not folded: the white space would become a part of the link for some readers.
            lines.append("List-Unsubscribe: <\(unsubscribeURL.percentEncodedForHeader)>")
            lines.append("List-Unsubscribe-Post: List-Unsubscribe=One-Click")
        }
        if let list {
            let label = list.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
            lines.append("List-Id: <\(label).\(sender.domain)>")
        }
        return lines + ["MIME-Version: 1.0"]
    }

    private func part(_ kind: String, _ body: String) -> [String] {
        [
            "Content-Type: text/\(kind); charset=utf-8", "Content-Transfer-Encoding: quoted-printable", "",
            QuotedPrintable.encode(body),
        ]
    }

    /// Stands in no body: quoted-printable writes every `=` with two digits behind it.
    private static let boundary = "=_calltrail"

    static func rfc5322(_ time: Timestamp) -> String {
        let (year, month, day) = time.day.civil
        let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let weekday = weekdays[Int((time.day.number % 7 + 7) % 7)]
        let clock = time.description.dropFirst(11).prefix(8)
        return "\(weekday), \(day) \(months[month - 1]) \(year) \(clock) +0000"
    }
}

extension String {
    /// A URL between angle brackets: nothing in it can end them, or the line.
    fileprivate var percentEncodedForHeader: String {
        var result = ""
        for byte in utf8 {
            if byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "<") && byte != UInt8(ascii: ">") {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return result
    }
}
