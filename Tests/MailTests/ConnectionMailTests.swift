import Domain
import Foundation
import Testing

@testable import Mail

@Suite("What is said of a connection")
struct ConnectionMailTests {
    let email: EmailAddress
    let url = "https://calltrail.example.com/connections/0193e2a1-7c1a-7000-8000-000000000001"

    init() throws {
        email = try #require(EmailAddress("ada@example.com"))
    }

    /// As it stands in the ledger.
    private func news() throws -> ConnectionNews {
        let json = """
            {"tenant_name":"Acme","connection_id":"0193e2a1-7c1a-7000-8000-000000000001",
             "connection_name":"support desk","application":"zendesk","application_name":"Zendesk","change":"broken",
             "state":"needs_reauth","state_reason":"The authorisation was withdrawn.",
             "since":"2026-11-20T06:58:16.698Z","bots":["Support bot","Order status"],"more_bots":3,
             "nodes":["Main flow / Create ticket"],"more_nodes":0,"users":214,"failed_calls":1204,
             "connection_url":"\(url)"}
            """
        return try JSONDecoder().decode(ConnectionNews.self, from: Data(json.utf8))
    }

    private func recovery() throws -> ConnectionNews {
        var news = try news()
        news.change = .recovered
        news.state = "healthy"
        news.stateReason = nil
        news.brokenSince = "2026-11-20T04:45:02.000Z"
        return news
    }

    private func mail(_ news: ConnectionNews) -> (text: String, html: String, message: MailMessage) {
        let message = MailMessage.connection(
            id: "connection-1", to: email, name: "Ada", news: news,
            settingsURL: "https://calltrail.example.com/settings",
            unsubscribeURL: "https://calltrail.example.com/u/1", pixelURL: "https://calltrail.example.com/o/1")
        return (message.text, message.html ?? "", message)
    }

    @Test("that it broke is told in both forms")
    func broken() throws {
        let (text, html, message) = mail(try news())
        #expect(message.subject == "Reauthorise Zendesk: support desk")
        #expect(message.unsubscribeURL == "https://calltrail.example.com/u/1" && message.list == "reauthorise")
        let both = [
            "Zendesk no longer accepts “support desk”", "The authorisation was withdrawn.", "20 Nov 2026, 06:58 UTC",
            "Support bot", "Order status", "and 3 more", "Main flow / Create ticket", "214", "1,204 since then",
            "Reauthorise Zendesk", url, "Until somebody does, calls with this connection fail.",
            "when a connection of Acme stops working", "https://calltrail.example.com/settings",
            "https://calltrail.example.com/u/1",
        ]
        for words in both {
            #expect(text.contains(words), "\(words)")
            #expect(html.contains(words), "\(words)")
        }
        // the state has a sign, and not a colour alone
        #expect(html.contains("&#10005; Needs reauthorising") && !html.contains("&#10003;"))
        #expect(text.hasPrefix("✕ Needs reauthorising\n\nZendesk no longer accepts"))
        #expect(html.contains("<img src=\"https://calltrail.example.com/o/1\"") && !text.contains("/o/1"))
        #expect(html.components(separatedBy: "class=\"button\" href=\"\(url)\"").count == 2)
        #expect(html.contains("Support bot<br>Order status<br>and 3 more"))
        #expect(
            text.contains(
                "Bots         Support bot\n             Order status\n             and 3 more\nUsed in      Main"))
        for form in [text, html] {
            #expect(!form.contains("{{") && !form.contains("Optional") && !form.contains("Works since"))
        }
    }

    @Test("that it works again is told with how long it had not")
    func recovered() throws {
        let (text, html, message) = mail(try recovery())
        #expect(message.subject == "Zendesk works again: support desk")
        for words in [
            "Zendesk accepts “support desk” again", "It had not worked for 2 hours 13 minutes.", "Broke",
            "20 Nov 2026, 04:45 UTC", "Works since", "20 Nov 2026, 06:58 UTC", "Open the connection", url,
            "1,204 meanwhile",
            "Calls that failed meanwhile are not repeated.",
        ] {
            #expect(text.contains(words), "\(words)")
            #expect(html.contains(words), "\(words)")
        }
        #expect(html.contains("&#10003; Works again") && !html.contains("&#10005;"))
        #expect(text.hasPrefix("✓ Works again\n\nZendesk accepts"))
        #expect(!text.contains("Until somebody") && !html.contains("No more mails"))
    }

    @Test("a recovery whose length is not known is told without it, and what became of it since is told too")
    func recoveredOddly() throws {
        for start in [nil, "yesterday", "2026-11-20T06:58:17.000Z"] {
            var news = try recovery()
            news.brokenSince = start
            let text = mail(news).text
            #expect(text.contains("The connection works again.") && !text.contains("had not worked"), "\(start ?? "")")
        }
        var news = try recovery()
        news.state = "disabled"
        news.stateReason = "Somebody switched it off."
        let (text, html, _) = mail(news)
        #expect(html.contains("&#10005; Worked again, now disabled") && !html.contains("&#10003;"))
        #expect(text.contains("Zendesk accepted “support desk” again\n\nSomebody switched it off.\n"))
        #expect(!text.contains("Works since") && !text.contains("had not worked") && !text.contains("Its nodes call"))
    }

    @Test("what is nought has no row")
    func sparse() throws {
        var news = try news()
        news.stateReason = nil
        news.bots = []
        news.moreBots = 0
        news.nodes = []
        news.users = 0
        news.failedCalls = 0
        let (text, html, _) = mail(news)
        for form in [text, html] {
            for label in ["Bots", "Used in", "End users", "Failed calls", "and 0 more"] {
                #expect(!form.contains(label), "\(label)")
            }
            #expect(form.contains("Somebody has to authorise the connection again.") && form.contains("Broke"))
        }
    }

    @Test(
        "one is one",
        arguments: [
            (1, 1, "1 call failed for 1 end user."), (2, 1, "2 calls failed for 1 end user."),
            (1204, 3, "1,204 calls failed for 3 end users."), (1, 0, "1 call failed."),
        ])
    func counts(calls: Int, users: Int, words: String) throws {
        var news = try news()
        news.failedCalls = calls
        news.users = users
        #expect(mail(news).html.contains("withdrawn. \(words)</div>"))
    }

    @Test(
        "durations are told in their two largest units",
        arguments: [
            (0, "less than a minute"), (59, "less than a minute"), (60, "1 minute"), (120, "2 minutes"),
            (3600, "1 hour"), (3660, "1 hour 1 minute"), (7980, "2 hours 13 minutes"), (86_400, "1 day"),
            (86_460, "1 day"), (97_260, "1 day 3 hours"), (86_400 * 1500, "1,500 days"),
        ])
    func durations(seconds: Int64, words: String) {
        let start = Timestamp(microseconds: 1_700_000_000_000_000)
        #expect(start.mailDuration(until: start.advanced(bySeconds: seconds)) == words)
        #expect(start.mailDuration(until: start.advanced(bySeconds: -1)) == nil)
    }

    @Test("nothing that people named becomes markup, a header or a line", arguments: [false, true])
    func hostile(hasRecovered: Bool) throws {
        let evil =
            "<b>{{link}}{{<layout}}\"\u{301}'&\r\nBcc: eve@example.com\u{2028}X\u{85}Y\u{202E}\u{200F}\u{0}<script>"
        let long = evil + String(repeating: "x", count: 5000)
        var news = hasRecovered ? try recovery() : try news()
        news.tenantName = long
        news.connectionName = long
        news.applicationName = long
        news.stateReason = long
        news.state = evil
        news.bots = [long, evil, "\u{202E}", "", " "]
        news.nodes = [long]
        news.connectionURL = "https://x.example/\"><script>{{"
        let (text, html, message) = mail(news)
        for form in [text, html, message.subject] {
            for scalar in form.unicodeScalars {
                #expect(![0, 0xD, 0x85, 0x2028, 0x200F, 0x202E].contains(scalar.value))
            }
        }
        #expect(!html.contains("<b>") && !html.contains("<script") && html.contains("&lt;b&gt;{{link}}{{&lt;layout}}"))
        #expect(!text.split(separator: "\n").contains { $0.hasPrefix("Bcc:") })
        #expect(!text.contains("&lt;") && text.contains("<b>{{link}}"))
        // three of the bots' names show nothing, and three more were not named
        #expect(text.contains("and 6 more"))
        #expect(html.utf8.count < 16_000 && message.subject.count < 200)
        let identity = try #require(MailSender.Identity("Calltrail <calltrail@example.com>"))
        let raw = message.rfc5322(from: identity, date: Timestamp(microseconds: 0))
        let head = raw.components(separatedBy: "\r\n\r\n").first ?? ""
        let names = head.components(separatedBy: "\r\n").filter { !$0.hasPrefix(" ") }.compactMap {
            $0.split(separator: ":").first.map(String.init)
        }
        #expect(
            names == [
                "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "List-Unsubscribe",
                "List-Unsubscribe-Post", "List-Id", "MIME-Version", "Content-Type",
            ])
    }

    @Test("a connection without a name that can be shown is told of too")
    func nameless() throws {
        var news = try news()
        news.connectionName = "\u{202E}\r\n"
        #expect(mail(news).message.subject == "Reauthorise Zendesk")
        #expect(mail(news).text.contains("\n\nZendesk no longer accepts the connection\n"))
    }

    @Test("the mail loads nothing but the dot")
    func selfContained() throws {
        let html = mail(try news()).html
        #expect(!html.contains("<script") && !html.contains("<link") && !html.contains("url("))
        #expect(html.components(separatedBy: " src=").count == 2)
    }

    @Test("the ledger's JSON comes back as it was, under names in snake case")
    func ledger() throws {
        let now = try #require(Timestamp(rfc3339: "2026-11-20T06:58:16.698Z"))
        let nodes = (1...7).map {
            ConnectionNode(botID: "bot-\($0 % 3)", nodeID: "n\($0)", path: $0 == 1 ? nil : "Flow / \($0)")
        }
        let connection = Connection(
            id: UUID(), name: "support \"desk\" \u{2028}", application: .zendesk, auth: .oauth2,
            health: ConnectionHealth(state: .needsReauth, reason: "It was withdrawn.", since: now),
            settings: ["subdomain": "acme"], account: "ada", expiresAt: nil, nextCheckAt: nil, authorisedAt: nil,
            createdAt: now, nodes: nodes)
        let impact = ConnectionImpact(
            since: now, failedCalls: 12, bots: [.init(id: "bot-1", name: "One", failedCalls: 12)], users: 4,
            isLowerBound: false)
        let links = PublicLinks(publicURL: "https://calltrail.example.com")
        for brokenSince in [nil, now.advanced(bySeconds: -60)] {
            let news = ConnectionNews(
                connection, brokenSince == nil ? .broken : .recovered, brokenSince: brokenSince, impact: impact,
                tenantName: "Acme", links: links)
            let json = try JSONEncoder().encode(news)
            #expect(try JSONDecoder().decode(ConnectionNews.self, from: json) == news)
            var names: Set = [
                "tenant_name", "connection_id", "connection_name", "application", "application_name", "change", "state",
                "state_reason", "since", "bots", "more_bots", "nodes", "more_nodes", "users", "failed_calls",
                "connection_url",
            ]
            if brokenSince != nil { names.insert("broken_since") }
            let object = try JSONDecoder().decode([String: JSONValue].self, from: json)
            #expect(Set(object.keys) == names)
            #expect(object["change"] == .text(brokenSince == nil ? "broken" : "recovered"))
            #expect(
                object["nodes"] == .array(["n1", "Flow / 2", "Flow / 3", "Flow / 4", "Flow / 5"].map { .text($0) }))
            #expect(object["more_nodes"] == .integer(2))
            // nothing of how it calls
            #expect(!String(decoding: json, as: UTF8.self).contains("subdomain"))
        }
    }
}
