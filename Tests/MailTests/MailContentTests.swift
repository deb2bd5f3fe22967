import Domain
import Foundation
import Testing

@testable import Mail

@Suite("What mails say")
struct MailContentTests {
    let email: EmailAddress
    let now: Timestamp
    let hostile = "<b>\"\u{301}'\u{301}&<\u{301}script\u{202E}"

    init() throws {
        email = try #require(EmailAddress("ada@example.com"))
        now = try #require(Timestamp(rfc3339: "2026-11-20T06:58:16.698Z"))
    }

    private func facts() -> FirstErrorFacts {
        FirstErrorFacts(
            tenantName: "Acme", botID: "support-bot", botName: "Support bot", applicationName: "Zendesk",
            statusCode: 503, errorMessage: "it broke", reading: "Zendesk is down.", occurredAt: now,
            sourceLabel: "Main flow / Create ticket", method: "POST",
            urlHost: "acme.zendesk.com/api/v2/tickets.json?token=s3cret", durationMilliseconds: 1812,
            entryURL: "https://calltrail.example.com/logs/1",
            botLogsURL: "https://calltrail.example.com/logs?bot=a&x=1",
            cycleUntil: now.advanced(bySeconds: 86_400), settingsURL: "https://calltrail.example.com/settings",
            unsubscribeURL: "https://calltrail.example.com/u/1", pixelURL: "https://calltrail.example.com/o/1")
    }

    private func mail(_ facts: FirstErrorFacts) -> (text: String, html: String, message: MailMessage) {
        let message = MailMessage.firstError(id: "first-1", to: email, name: "Ada", facts: facts)
        return (message.text, message.html ?? "", message)
    }

    @Test("the first error's mail says everything in both forms")
    func firstError() {
        let (text, html, message) = mail(facts())
        #expect(message.subject == "Support bot: Zendesk answered 503")
        #expect(message.unsubscribeURL == "https://calltrail.example.com/u/1")
        let both = [
            "Support bot: Zendesk answered 503", "Zendesk is down.", "it broke", "20 Nov 2026, 06:58:16 UTC",
            "Support bot (support-bot)", "Main flow / Create ticket", "POST acme.zendesk.com/api/v2/tickets.json",
            "1,812 ms", "https://calltrail.example.com/logs/1", "until 21 Nov 2026, 06:58 UTC",
            "https://calltrail.example.com/settings", "https://calltrail.example.com/u/1", "Acme",
        ]
        for words in both {
            #expect(text.contains(words), "\(words)")
            #expect(html.contains(words), "\(words)")
        }
        #expect(html.contains("logs?bot=a&amp;x=1") && text.contains("logs?bot=a&x=1"))
        #expect(!text.contains("s3cret") && !html.contains("s3cret"))
        #expect(html.contains("<img src=\"https://calltrail.example.com/o/1\"") && !text.contains("/o/1"))
        #expect(!text.contains("{{") && !html.contains("{{") && !text.contains("After the last mail"))
    }

    @Test("without the optional facts nothing stands in their place")
    func sparse() {
        var facts = facts()
        facts.botName = nil
        facts.errorMessage = ""
        facts.sourceLabel = nil
        facts.durationMilliseconds = nil
        facts.unsubscribeURL = nil
        facts.pixelURL = nil
        let (text, html, message) = mail(facts)
        #expect(message.subject == "support-bot: Zendesk answered 503")
        for form in [text, html] {
            #expect(!form.contains("Source") && !form.contains("Duration") && !form.contains("Unsubscribe"))
            #expect(!form.contains("nil") && !form.contains("Optional") && !form.contains("(support-bot)"))
        }
        #expect(!html.contains("<img") && !html.contains("class=\"quote\"") && !text.contains("It said"))
    }

    @Test(
        "the cycle before is told in words",
        arguments: [
            (0, "no more errors of this bot followed"), (1, "1 more error of this bot followed"),
            (5121, "5,121 more errors of this bot followed"),
        ])
    func previous(errors: Int, words: String) {
        var facts = facts()
        facts.previous = .init(
            errors: errors, since: now.advanced(bySeconds: -172_800), until: now.advanced(bySeconds: -86_400),
            recoveredAt: now.advanced(bySeconds: -3600))
        let (text, html, _) = mail(facts)
        for form in [text, html] {
            #expect(form.contains("After the last mail, on 18 Nov 2026, 06:58 UTC, \(words) until 19 Nov 2026"))
            #expect(form.contains("Calls succeeded again from 20 Nov 2026, 05:58 UTC on."))
        }
    }

    @Test("an answer below 400 is said to carry an error")
    func successCode() {
        var facts = facts()
        facts.statusCode = 200
        #expect(mail(facts).message.subject == "Support bot: Zendesk answered 200 with an error")
    }

    @Test("nothing that people entered becomes markup, and names are cut")
    func escaping() {
        var facts = facts()
        facts.tenantName = hostile
        facts.botName = hostile + String(repeating: "x", count: 500)
        facts.botID = hostile
        facts.errorMessage = hostile + String(repeating: "x", count: 5000)
        facts.sourceLabel = hostile
        facts.urlHost = hostile
        let mails = [
            mail(facts).message, .invitation(to: email, tenant: hostile, link: "https://x.example/\""),
            .test(id: "t", to: email, tenant: hostile, settingsURL: "https://x.example/\"\u{301}"),
        ]
        for message in mails {
            let html = message.html ?? ""
            let scalars = html.unicodeScalars
            #expect(!html.contains("<b>") && !html.contains("{{"))
            #expect(!scalars.contains("\u{202E}"))
            // a combining mark behind one of these means that what people entered came through as it was
            for (first, second) in zip(scalars, scalars.dropFirst()) where second == "\u{301}" {
                #expect(!"<>\"'&".unicodeScalars.contains(first))
            }
            // without the marks, which would make one character with the semicolon
            let unmarked = String(String.UnicodeScalarView(scalars.filter { $0 != "\u{301}" }))
            #expect(unmarked.contains("&lt;b&gt;&quot;&#39;&amp;&lt;script"))
            #expect(html.utf8.count < 12_000)
            #expect(message.subject.count < 200)
        }
    }

    @Test("the links of account mails come first in their text")
    func accountMails() {
        let link = "https://calltrail.example.com/reset/abc"
        let reset = MailMessage.passwordReset(to: email, link: link)
        let invitation = MailMessage.invitation(to: email, tenant: "Acme", link: link)
        #expect(reset.subject == "Choose a new password" && invitation.subject == "Join Acme at Calltrail")
        for message in [reset, invitation] {
            #expect(message.text.split(separator: "\n").first { $0.contains("://") } == link[...])
            #expect(message.html?.contains("href=\"\(link)\"") == true)
        }
        #expect(reset.id != MailMessage.passwordReset(to: email, link: link).id)
    }

    @Test("mails load nothing but the dot")
    func selfContained() {
        for message in [mail(facts()).message, .passwordReset(to: email, link: "https://x.example/")] {
            let html = message.html ?? ""
            #expect(!html.contains("<script") && !html.contains("<link") && !html.contains("url("))
            #expect(html.components(separatedBy: " src=").count <= 2)
        }
    }
}
