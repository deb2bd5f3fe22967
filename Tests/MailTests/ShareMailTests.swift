import Domain
import Foundation
import Testing

@testable import Mail

@Suite("The mail with a share's link")
struct ShareMailTests {
    let link = "https://calltrail.example.com/s/" + String(repeating: "A", count: 43)

    private func facts(
        name: String = "Ann Example", message: String? = "Can you look?\nThanks", call: Bool = true,
        url: String = "acme.zendesk.com/api/v2/tickets.json?token=s3cret"
    ) throws -> ShareFacts {
        let time = try #require(Timestamp(rfc3339: "2026-11-20T06:58:16.698Z"))
        return ShareFacts(
            tenantName: "Acme", sharerName: name, sharer: try #require(EmailAddress("ann@example.com")),
            message: message,
            call: call
                ? ShareFacts.Call(
                    applicationName: "Zendesk", statusCode: 503, isError: true, occurredAt: time, method: "POST",
                    urlHost: url, bot: "Support bot") : nil,
            link: link, expiresAt: time.advanced(bySeconds: 3 * 86_400),
            pixelURL: "https://calltrail.example.com/n/1/opened.gif")
    }

    private func mail(_ facts: ShareFacts) throws -> (message: MailMessage, html: String) {
        let message = MailMessage.share(
            id: "share-1", to: try #require(EmailAddress("reader@example.net")), facts: facts)
        return (message, message.html ?? "")
    }

    @Test("both forms tell who shared what, until when, and where it is")
    func both() throws {
        let (message, html) = try mail(try facts())
        #expect(message.subject == "Ann Example shared an API call with you: Zendesk answered 503")
        for form in [message.text, html] {
            for words in [
                "Ann Example (ann@example.com)", "Can you look?", "Thanks", link,
                "POST acme.zendesk.com/api/v2/tickets.json",
                "20 Nov 2026, 06:58:16 UTC", "23 Nov 2026, 06:58 UTC", "Support bot", "Acme", "Open the call",
            ] {
                #expect(form.contains(words), "\(words)")
            }
            #expect(!form.contains("s3cret") && !form.contains("passphrase"))
        }
        #expect(message.text.contains("> Can you look?\n> Thanks\n"))
        #expect(html.contains("opened.gif") && !message.text.contains("opened.gif"))
        #expect(message.text.split(separator: "\n").contains(Substring(link)))
    }

    @Test("answers go to whoever shared it")
    func replyTo() throws {
        let sender = try #require(MailSender.Identity("Calltrail <calltrail@example.com>"))
        let time = try #require(Timestamp(rfc3339: "2026-11-20T06:58:16.698Z"))
        let travelling = try mail(try facts()).message.rfc5322(from: sender, date: time)
        #expect(travelling.contains("\r\nReply-To: Ann Example <ann@example.com>\r\n"))
        let evil = try mail(try facts(name: "Ann\r\nBcc: other@example.com")).message.rfc5322(from: sender, date: time)
        #expect(!evil.contains("\r\nBcc"))
        let nameless = try mail(try facts(name: "")).message
        #expect(nameless.subject.hasPrefix("ann@example.com shared"))
        #expect(nameless.rfc5322(from: sender, date: time).contains("\r\nReply-To: ann@example.com\r\n"))
    }

    @Test("with a passphrase nothing of the call is told")
    func secret() throws {
        let (message, html) = try mail(try facts(call: false))
        #expect(message.subject == "Ann Example shared an API call with you")
        for form in [message.text, html] {
            #expect(form.contains("asks for a passphrase") && form.contains(link))
            for words in ["Zendesk", "503", "tickets", "Support bot"] { #expect(!form.contains(words), "\(words)") }
        }
    }

    @Test("texts that somebody else chose stay texts")
    func texts() throws {
        let evil = "<script>alert(1)</script>\u{202E}gpj"
        let (message, html) = try mail(try facts(name: evil, message: evil, url: evil))
        #expect(!html.contains("<script") && html.contains("&lt;script&gt;"))
        for form in [message.subject, message.text, html] { #expect(!form.contains("\u{202E}")) }
        let plain = try mail(try facts(message: nil)).message.text
        #expect(!plain.contains("> "))
    }
}
