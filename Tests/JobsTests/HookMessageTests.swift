import Crypto
import Domain
import Foundation
import Testing
import Transfer

@testable import Jobs

@Suite struct WebhookMessageTests {
    private let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    /// The vector that the libraries of Standard Webhooks are tested with.
    @Test func signsAsEverybody() {
        let signature = WebhookMessage.signature(
            of: Array(#"{"test": 2432232314}"#.utf8), id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: "1614265330",
            secret: secret)
        #expect(signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    @Test func headersAreThoseOfTheStandard() throws {
        let id = UUID()
        let message = try WebhookMessage(id: id, HookNews(.test, factsJSON: "{}", createdAt: Timestamp(Date())))
        let headers = try #require(message.headers(secret: secret, date: Date(timeIntervalSince1970: 1_614_265_330.9)))
        #expect(headers.map(\.name) == ["webhook-id", "webhook-timestamp", "webhook-signature"])
        #expect(headers[0].value == id.uuidString.lowercased())
        #expect(headers[1].value == "1614265330")
        let signed = Array("\(headers[0].value).1614265330.".utf8) + message.body
        #expect(
            headers[2].value == "v1,"
                + hashCode(of: signed, key: Data(base64Encoded: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")))
        for bad in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_%"] where bad != "whsec_" {
            #expect(message.headers(secret: bad, date: Date()) == nil, "\(bad)")
        }
    }

    /// HMAC-SHA256 from SHA-256, as RFC 2104 writes it, in base64.
    private func hashCode(of message: [UInt8], key: Data?) -> String {
        let block = Array(key ?? Data()) + [UInt8](repeating: 0, count: 64 - (key?.count ?? 0))
        let inner = SHA256.hash(data: block.map { $0 ^ 0x36 } + message)
        return Data(SHA256.hash(data: block.map { $0 ^ 0x5C } + Array(inner))).base64EncodedString()
    }

    @Test func bodySaysWhatHappened() throws {
        let facts = #"""
            {"bot_name":"Ünïcode / <b>","status_code":503,"previous_errors":null,"occurred_at":"2026-11-20T06:58:16.698Z",
             "ratio":0.5,"entry_url":"https://calltrail.example.com/logs/1","nested":{"b":[1,true,"x"],"a":null}}
            """#
        let news = HookNews(.firstError, factsJSON: facts, createdAt: Timestamp(Date()))
        let id = UUID()
        let body = String(decoding: try WebhookMessage(id: id, news).body, as: UTF8.self)
        #expect(
            body == #"{"data":{"bot_name":"Ünïcode / <b>","entry_url":"https://calltrail.example.com/logs/1","#
                + #""nested":{"a":null,"b":[1,true,"x"]},"occurred_at":"2026-11-20T06:58:16.698Z","ratio":0.5,"#
                + #""status_code":503},"timestamp":"2026-11-20T06:58:16.698Z","type":"bot.first_error"}"#)
        // the same bytes on every attempt
        for _ in 0..<20 { #expect(String(decoding: try WebhookMessage(id: id, news).body, as: UTF8.self) == body) }
    }

    /// Both changes are of one type; what is not known has no member.
    @Test func aConnectionsBodyIsWhatTheLedgerHolds() throws {
        let now = try #require(Timestamp(rfc3339: "2026-11-20T06:58:16.698Z"))
        let connection = Connection(
            id: try #require(UUID(uuidString: "0193e2a1-7c1a-7000-8000-000000000001")), name: "support desk",
            application: .zendesk, auth: .apiKey,
            health: ConnectionHealth(state: .needsReauth, reason: "The key was refused.", since: now), settings: [:],
            account: nil, expiresAt: nil, nextCheckAt: nil, authorisedAt: nil, createdAt: now,
            nodes: [ConnectionNode(botID: "support-bot", nodeID: "n1", path: "Main flow / Create ticket")])
        let news = ConnectionNews(
            connection, .broken, brokenSince: nil, impact: nil, tenantName: "Acme",
            links: PublicLinks(publicURL: "https://calltrail.example.com"))
        let facts = String(decoding: try JSONEncoder().encode(news), as: UTF8.self)
        let message = try WebhookMessage(id: UUID(), HookNews(.reauthorise, factsJSON: facts, createdAt: now))
        #expect(
            String(decoding: message.body, as: UTF8.self)
                == #"{"data":{"application":"zendesk","application_name":"Zendesk","bots":["support-bot"],"#
                + #""change":"broken","connection_id":"0193e2a1-7c1a-7000-8000-000000000001","#
                + #""connection_name":"support desk","#
                + #""connection_url":"https://calltrail.example.com/connections/0193e2a1-7c1a-7000-8000-000000000001","#
                + #""failed_calls":0,"more_bots":0,"more_nodes":0,"nodes":["Main flow / Create ticket"],"#
                + #""since":"2026-11-20T06:58:16.698Z","state":"needs_reauth","state_reason":"The key was refused.","#
                + #""tenant_name":"Acme","users":0},"timestamp":"2026-11-20T06:58:16.698Z","#
                + #""type":"connection.reauthorise"}"#)
    }

    @Test(arguments: ["", "null", "[]", "nonsense", "{\"a\":", "7"])
    func factsThatAreNoneAreNone(_ facts: String) throws {
        let news = HookNews(.test, factsJSON: facts, createdAt: Timestamp(microseconds: 0))
        #expect(
            String(decoding: try WebhookMessage(id: UUID(), news).body, as: UTF8.self)
                == #"{"data":{},"timestamp":"1970-01-01T00:00:00.000Z","type":"test"}"#)
    }
}

@Suite struct SlackMessageTests {
    private struct Message: Decodable {
        struct Text: Decodable {
            var text: String
            var type: String
            var verbatim: Bool
        }
        struct Block: Decodable {
            var type: String
            var text: Text?
            var elements: [Text]?
        }
        var text: String
        var blocks: [Block]
    }

    private func message(_ event: NotificationEvent, _ facts: [String: JSONValue]) throws -> Message {
        let json = String(decoding: try JSONValue.object(facts).bytes(), as: UTF8.self)
        let body = try SlackMessage(HookNews(event, factsJSON: json, createdAt: Timestamp(Date()))).body
        return try JSONDecoder().decode(Message.self, from: Data(body))
    }

    @Test func firstErrorSaysWhatHappened() throws {
        let message = try message(
            .firstError,
            [
                "bot_id": .text("support-bot"), "bot_name": .text("Support bot"), "application": .text("zendesk"),
                "application_name": .text("Zendesk"), "status_code": .integer(503), "method": .text("POST"),
                "reading": .text("The provider is down."), "source": .text("Main flow / Create ticket"),
                "entry_url": .text("https://calltrail.example.com/logs/1"),
                "bot_logs_url": .text("https://calltrail.example.com/logs?bot=support-bot&status=error"),
                "cycle_until": .text("2026-11-21T06:58:16Z"), "previous_errors": .integer(41),
            ])
        #expect(message.text == "First error of Support bot")
        let all = (message.blocks.compactMap(\.text) + message.blocks.flatMap { $0.elements ?? [] })
        #expect(all.allSatisfy { $0.type == "mrkdwn" && $0.verbatim })
        let words = all.map(\.text).joined(separator: "\n")
        for expected in [
            "*First error of Support bot*", "Zendesk was asked by POST and answered 503", "The provider is down.",
            "Where: Main flow / Create ticket", "<https://calltrail.example.com/logs/1|Open the call>",
            "41 further errors",
            "<https://calltrail.example.com/logs?bot=support-bot&amp;status=error|All of its errors>",
            "Until 2026-11-21T06:58:16Z",
        ] {
            #expect(words.contains(expected), "\(expected)")
        }
    }

    private let broken: [String: JSONValue] = [
        "tenant_name": .text("Acme"), "connection_name": .text("support desk"), "application": .text("zendesk"),
        "application_name": .text("Zendesk"), "change": .text("broken"), "state": .text("needs_reauth"),
        "state_reason": .text("The authorisation was withdrawn."), "since": .text("2026-11-20T06:58:16.698Z"),
        "bots": .array([.text("Support bot"), .text("Order status")]), "more_bots": .integer(3),
        "nodes": .array([.text("Main flow / Create ticket")]), "more_nodes": .integer(0), "users": .integer(1),
        "failed_calls": .integer(14), "connection_url": .text("https://calltrail.example.com/connections/1"),
    ]

    @Test func aConnectionThatBrokeIsToldOf() throws {
        let message = try message(.reauthorise, broken)
        #expect(message.text == "Reauthorise Zendesk: support desk")
        #expect(
            message.blocks.first?.text?.text == """
                *Reauthorise Zendesk: support desk*
                The authorisation was withdrawn.
                14 calls failed for 1 end user.
                It has not worked since 2026-11-20T06:58:16.698Z.
                Bots: Support bot, Order status and 3 more
                Used in: Main flow / Create ticket
                <https://calltrail.example.com/connections/1|Reauthorise Zendesk>
                """)
        #expect(message.blocks.last?.elements?.first?.text.hasPrefix("Until somebody does, calls") == true)
    }

    @Test func aConnectionThatWorksAgainIsToldOf() throws {
        var facts = broken
        facts.merge(
            [
                "change": .text("recovered"), "state": .text("healthy"), "state_reason": .null,
                "broken_since": .text("2026-11-20T04:45:02.000Z"), "failed_calls": .integer(1), "users": .integer(0),
                "nodes": .array([]),
            ], uniquingKeysWith: { $1 })
        let message = try message(.reauthorise, facts)
        #expect(message.text == "Zendesk works again: support desk")
        #expect(
            message.blocks.first?.text?.text == """
                *Zendesk works again: support desk*
                1 call had failed.
                It had not worked since 2026-11-20T04:45:02.000Z.
                Bots: Support bot, Order status and 3 more
                <https://calltrail.example.com/connections/1|Open the connection>
                """)
    }

    /// It worked again, and was switched off before anybody was told.
    @Test func whatBecameOfAConnectionSinceIsToldToo() throws {
        var facts = broken
        facts.merge(
            ["change": .text("recovered"), "state": .text("disabled"), "state_reason": .text("It was switched off.")],
            uniquingKeysWith: { $1 })
        let message = try message(.reauthorise, facts)
        #expect(message.blocks.first?.text?.text.contains("Since then: It was switched off.") == true)
        #expect(message.blocks.last?.elements?.first?.text == "Calls that failed meanwhile are not repeated.")
    }

    @Test(arguments: ["broken", "recovered"])
    func noNameOfAConnectionCallsAnybody(change: String) throws {
        let evil = "<!channel>\u{202E} <https://evil.example|safe> &\r\n\u{2028}> quoted"
        let evils = JSONValue.array([
            .text(evil), .text(String(repeating: "&<>", count: 500)), .integer(7), .text("\u{200F}"),
        ])
        var facts = broken
        for (name, value) in broken { if case .text = value { facts[name] = .text(evil) } }
        facts.merge(
            ["change": .text(change), "bots": evils, "nodes": evils, "broken_since": .text(evil)],
            uniquingKeysWith: { $1 })
        let message = try message(.reauthorise, facts)
        for text in [message.text] + message.blocks.compactMap(\.text?.text) {
            #expect(!text.contains("<") && !text.contains(">") && !text.contains("\u{202E}"), "\(text)")
            #expect(!text.contains("\u{2028}") && !text.contains("\r"))
        }
        #expect(message.text.contains("&lt;!channel&gt;") && !message.text.contains("\n"))
        // two of four cannot be shown, and three more were not named
        #expect(message.blocks.first?.text?.text.contains("and 5 more") == true)
    }

    /// Slack refuses a section of more than 3,000 characters.
    @Test func aConnectionsSectionIsNeverTooLong() throws {
        let long = JSONValue.text(String(repeating: "&", count: 5000))
        var facts = broken
        for name in ["connection_name", "application_name", "state_reason", "reading", "since"] { facts[name] = long }
        for name in ["bots", "nodes"] { facts[name] = .array(Array(repeating: long, count: 5)) }
        let text = try #require(try message(.reauthorise, facts).blocks.first?.text?.text)
        #expect(text.count <= 3000 && text.contains("and 7 more"))
    }

    @Test(arguments: NotificationEvent.allCases)
    func noValueCallsAnybody(_ event: NotificationEvent) throws {
        let evil = "<!channel> <@U012> <https://evil.example|safe> & \n > quoted"
        let names = [
            "bot_id", "bot_name", "application", "application_name", "status_code", "method", "reading", "source",
            "error_message", "occurred_at", "entry_url", "bot_logs_url", "cycle_until", "previous_errors",
            "connection_name",
            "state", "state_reason", "connection_url", "channel_name", "requested_by",
        ]
        let message = try message(event, Dictionary(uniqueKeysWithValues: names.map { ($0, JSONValue.text(evil)) }))
        let texts =
            [message.text] + message.blocks.compactMap(\.text?.text)
            + message.blocks.flatMap { ($0.elements ?? []).map(\.text) }
        for text in texts {
            #expect(!text.contains("<") && !text.contains(">"), "\(text)")
            #expect(
                text.replacing("&amp;", with: "").replacing("&lt;", with: "").replacing("&gt;", with: "").contains("&")
                    == false)
        }
        #expect(texts.joined().contains("&lt;!channel&gt;"))
    }

    @Test func linksHoldNoSecondLink() throws {
        let message = try message(.firstError, ["entry_url": .text("https://calltrail.example.com/a|b><!channel>&x")])
        let text = try #require(message.blocks.first?.text?.text)
        #expect(text.contains("<https://calltrail.example.com/a%7Cb%3E%3C!channel%3E&amp;x|Open the call>"))
    }

    @Test func nothingIsKnownAndItIsSaidAnyway() throws {
        #expect(try message(.firstError, [:]).text == "First error of a bot")
        #expect(try message(.reauthorise, [:]).text == "A connection needs a look")
        let hidden = JSONValue.text("\u{202E} ")
        #expect(
            try message(
                .reauthorise, ["change": .text("broken"), "connection_name": hidden, "application_name": hidden]
            ).text == "Reauthorise a connection")
        #expect(try message(.test, [:]).text == "A test")
    }

    @Test func longValuesAreCut() throws {
        let long = String(repeating: "<", count: 5000)
        let message = try message(
            .firstError,
            ["bot_name": .text(long), "error_message": .text(long), "reading": .text(long), "source": .text(long)])
        for block in message.blocks { #expect((block.text?.text.count ?? 0) < 6000) }
        #expect(SlackMessage.escaped(long).hasSuffix("&lt;…"))
        #expect(SlackMessage.escaped("a\nb\u{7}c") == "a b c")
        #expect(!SlackMessage.escaped("<\u{301}!channel>\u{301}").unicodeScalars.contains { $0 == "<" || $0 == ">" })
    }
}

@Suite struct RetryAfterTests {
    private let now = Date(timeIntervalSince1970: 784_111_777)

    @Test(arguments: [
        ("0", 0), ("120", 120), (" 7 ", 7), ("3600", 3600), ("3601", 3600), ("99999999999999999999", 3600),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0), ("Sun, 06 Nov 1994 08:50:37 GMT", 60),
        ("Sun, 06 Nov 1994 08:00:00 GMT", 0),
        ("Mon, 07 Nov 1994 08:49:37 GMT", 3600),
    ])
    func isUnderstood(_ value: String, _ seconds: Int64) {
        #expect(RetryAfter.seconds(value, now: now) == seconds)
    }

    @Test(arguments: ["", " ", "-1", "1.5", "soon", "1994-11-06", "+5", "٣"])
    func otherTextsAreNone(_ value: String) {
        #expect(RetryAfter.seconds(value, now: now) == nil)
        #expect(RetryAfter.seconds(nil, now: now) == nil)
    }
}
