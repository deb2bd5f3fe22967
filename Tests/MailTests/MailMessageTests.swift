import Domain
import Foundation
import Testing

@testable import Mail

@Suite("Mails as they travel")
struct MailMessageTests {
    let sender: MailSender.Identity
    let email: EmailAddress
    let date: Timestamp

    init() throws {
        sender = try #require(MailSender.Identity("Calltrail <calltrail@example.com>"))
        email = try #require(EmailAddress("ada@example.com"))
        date = try #require(Timestamp(rfc3339: "2026-11-20T06:58:16.698Z"))
    }

    private func header(_ name: String, _ message: MailMessage) -> String? {
        let head = message.rfc5322(from: sender, date: date).components(separatedBy: "\r\n\r\n")[0]
        let unfolded = head.replacing("\r\n ", with: " ").components(separatedBy: "\r\n")
        let found = unfolded.filter { $0.lowercased().hasPrefix(name.lowercased() + ": ") }
        #expect(found.count <= 1)
        return found.first.map { String($0.dropFirst(name.count + 2)) }
    }

    @Test("plain text alone is one part")
    func plain() {
        let message = MailMessage(id: "a-1", recipient: email, subject: "Hello", text: "One\n.Two\n")
        let expected = """
            From: Calltrail <calltrail@example.com>
            To: ada@example.com
            Subject: Hello
            Date: Fri, 20 Nov 2026 06:58:16 +0000
            Message-ID: <a-1@example.com>
            Auto-Submitted: auto-generated
            MIME-Version: 1.0
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: quoted-printable

            One
            =2ETwo

            """
        #expect(message.rfc5322(from: sender, date: date) == expected.replacing("\n", with: "\r\n"))
    }

    @Test("text and HTML are alternatives, the better one last")
    func alternatives() throws {
        let message = MailMessage(id: "a", recipient: email, subject: "Hello", text: "plain", html: "<p>rich</p>")
        let mail = message.rfc5322(from: sender, date: date)
        let plain = try #require(mail.range(of: "\r\nplain\r\n"))
        let rich = try #require(mail.range(of: "\r\n<p>rich</p>\r\n"))
        #expect(plain.lowerBound < rich.lowerBound)
        #expect(mail.components(separatedBy: "--=_calltrail").count == 4)
        #expect(mail.hasSuffix("--=_calltrail--\r\n"))
    }

    @Test("the ways to unsubscribe")
    func unsubscribe() {
        let message = MailMessage(
            id: "a", recipient: email, subject: "Hello", text: "x",
            unsubscribeURL: "https://calltrail.example.com/u/ä>\r\nBcc: evil", list: "first-error")
        #expect(header("List-Unsubscribe", message) == "<https://calltrail.example.com/u/%C3%A4%3E%0D%0ABcc:%20evil>")
        #expect(header("List-Unsubscribe-Post", message) == "List-Unsubscribe=One-Click")
        #expect(header("List-Id", message) == "<first-error.example.com>")
        #expect(header("Bcc", message) == nil)
    }

    @Test(
        "no subject or name ends a header, and no line is longer than 76",
        arguments: [
            "a\r\nBcc: evil@example.com", "a\n\nbody", "a\rb", "a\u{0}b", "x\u{2028}Bcc: y", "=?utf-8?Q?Bcc=3A?=",
            String(repeating: "x", count: 300), String(repeating: "word ", count: 60), "日本語の会社名日本語の会社名日本語の会社名",
            String(repeating: "👩‍👩‍👧‍👦", count: 20), "e" + String(repeating: "\u{301}", count: 200), "a, b; <c@example.com>",
            "two  spaces and \"quotes\" \\", String(repeating: " ", count: 200) + "x",
        ])
    func headers(text: String) throws {
        let message = MailMessage(
            id: "a\r\nb<>", recipient: email, recipientName: text, subject: text, text: text, html: text)
        let mail = message.rfc5322(from: sender, date: date)
        #expect(!mail.replacing("\r\n", with: "").contains { $0 == "\n" || $0 == "\r" || $0 == "\r\n" })
        #expect(mail.utf8.allSatisfy { $0 < 0x7F })
        let lines = mail.components(separatedBy: "\r\n")
        #expect(lines.allSatisfy { $0.utf8.count <= 76 }, "\(lines.filter { $0.utf8.count > 76 })")
        #expect(header("Bcc", message) == nil)
        #expect(header("To", message)?.hasSuffix("<ada@example.com>") == true)
        #expect(header("Message-ID", message) == "<ab@example.com>")
    }

    @Test("what turns the direction of a text or hides is left out of subjects and names")
    func direction() {
        let text = "a\u{202E}b\u{2066}c\u{200F}d\u{FEFF}e\u{0}f\u{200B}g"
        let message = MailMessage(id: "a", recipient: email, recipientName: text, subject: text, text: "x")
        #expect(header("Subject", message) == "abcde fg")
        #expect(header("To", message) == "abcde fg <ada@example.com>")
    }

    @Test(
        "names in front of an address",
        arguments: [
            ("Ada", "Ada <a@b.c>"), ("", "a@b.c"), ("Support, Ada", "\"Support, Ada\" <a@b.c>"),
            ("A \"B\" \\", "\"A \\\"B\\\" \\\\\" <a@b.c>"), ("Zoë", "=?utf-8?B?Wm/Dqw==?= <a@b.c>"),
            ("\u{202E}\r\n", "a@b.c"),
        ])
    func mailboxes(name: String, header: String) {
        #expect(MailHeader.mailbox(name: name, address: "a@b.c") == header)
    }

    @Test("the operator's identity")
    func identity() throws {
        let identity = try #require(MailSender.Identity("\"Müller, Support\" <Help@Example.com>"))
        #expect(identity.address == "help@example.com" && identity.domain == "example.com")
        #expect(identity.header == "=?utf-8?B?TcO8bGxlciwgU3VwcG9ydA==?= <help@example.com>")
        for bad in ["", "Calltrail", "a@b.c\r\nBcc: x", "Calltrail <>", "<a b@c>"] {
            #expect(MailSender.Identity(bad) == nil, "\(bad)")
        }
    }

    @Test("quoted-printable keeps every byte, in lines of at most 76")
    func quotedPrintable() {
        let texts = [
            "", "a", "a \n\tb\t\nc", "=", ".", "é" + String(repeating: "x", count: 300), "\r\n\r\n", "a\rb\nc",
            String(repeating: "日", count: 200), String(repeating: " ", count: 200),
            String(repeating: "x", count: 75) + " \ny",
            String(repeating: ".\n", count: 50), String(repeating: "=", count: 80),
        ]
        for text in texts {
            let coded = QuotedPrintable.encode(text)
            #expect(coded.components(separatedBy: "\r\n").allSatisfy { $0.utf8.count <= 76 && !$0.hasSuffix(" ") })
            var expected = text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
            if !expected.isEmpty, !expected.hasSuffix("\n") { expected += "\n" }
            #expect(decode(coded) == expected)
        }
    }

    private func decode(_ coded: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(coded.replacing("=\r\n", with: "").replacing("\r\n", with: "\n").utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "=") else {
                bytes.append(byte)
                continue
            }
            bytes.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
