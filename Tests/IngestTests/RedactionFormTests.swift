import Domain
import Foundation
import Ingest
import Testing

/// `‹secret›` in an expected text stands for the marker of that secret.
@Suite("Redaction of lines, parts, pairs and paths")
struct RedactionFormTests {
    @Test(
        "A line that a name starts loses all of its value",
        arguments: [
            "password: ‹a b c›", "user: ann\npassword: ‹correct horse, battery \"staple\"›\nnext: x y",
            "a:\r\n  password: ‹it's {me}›  \r\n  user: x", "Password is: ‹correct horse›\nbye",
            "Password : ‹a b›", "your password is: ‹hunter2› and more", "your password is: wrong",
            "X-Api-Key: ‹a b›\r\nHost: a.example", "<p>\nPassword: ‹a < b›</p>",
            "Authorization: Digest ‹username=\"u\", response='1'›\nHost: x",
            "Cookie: a=‹\"b\"›; c=‹d›\nHost: x", "token: {\n  x: 1\n}", "{password: ‹abc›, x: 1}",
            "login failed with password: ‹hunter2› for ann", "Invalid token: expired", "password:\nx y",
            "password: ‹[redacted len=1 fp=abcdef]hunter2 x›", "password: \"‹a b›\" x",
        ]
    )
    func lines(text: String) {
        GoldenRedaction.check(text)
    }

    @Test(
        "A line within a string of JSON, at any depth, leaves the JSON well-formed",
        arguments: [
            #"{"text":"password: ‹a b c›","x":1}"#, #"{"text":"password: ‹it's me›","x":1}"#,
            #"{"text":"password: ‹a\"b c›","x":1}"#, #"{"text":"password: ‹a \\›","x":"y z"}"#,
            #"{"text":"password: ‹\"a b\"›","x":1}"#, #"{"text":"the password: \"‹a b›\" is","x":1}"#,
            #"{"text":"Hello\npassword: ‹a \"b c›\nbye all","x":1}"#,
            #"{"text":"Hello\r\n\tPassword is: ‹a b c›\r\nbye","x":1}"#,
            #"{"text":"Hello\n  token: ‹a C:\\new b›","x":1}"#, #"{"text":"password: ","x":1}"#,
            #"{"text":"password: '‹abc›","x":1}"#, #"{"text":"my password: '‹abc›","x":1}"#,
            #"{"b":"{\"text\":\"password: ‹a b c›\",\"y\":\"z\"}","x":1}"#,
            #"{"b":"{\"text\":\"password: ‹a \\\"b\\\" c›\\nbye all\",\"y\":1}","x":1}"#,
            #"{"b":"{\"text\":\"hi\\nPassword: ‹a b c›\\nbye\",\"y\":1}","x":1}"#,
            #"{"b":"{\"text\":\"password: ‹cut of›","x":1}"#, #"{"b":"{\"text\":\"password: ‹cut of›\\","x":1}"#,
            #"{"a":"?token=","x":"y"}"#, #"{"a":"the password: ","x":"y"}"#, #"{"a":"token='‹ab›","x":"y"}"#,
            #"{"b":"{\"a\":\"?token=\",\"y\":\"z\"}","x":1}"#,
            #"{"b":"a\\\\\npassword: ‹a b\\\\›","x":1}"#,
        ]
    )
    func stringLines(text: String) throws {
        GoldenRedaction.check(text)
        let redacted = GoldenRedaction.filled(text, redacted: true)
        let value = try JSONSerialization.jsonObject(with: Data(redacted.utf8)) as? [String: Any]
        #expect(value?["x"] != nil, "\(redacted)")
    }

    private static func form(_ name: String, _ content: String, lineBreak: String = "\r\n") -> String {
        [
            "--XyZ", "Content-Disposition: form-data; name=\"user\"", "", "ann b", "--XyZ",
            "Content-Disposition: form-data; name=\(name)", "Content-Type: text/plain", "", content, "--XyZ",
            "Content-Disposition: form-data; name=\"note\"; filename=\"a.txt\"", "", "some text", "--XyZ--", "",
        ].joined(separator: lineBreak)
    }

    @Test(
        "Parts of a form whose name is a secret's lose their content",
        arguments: ["\"password\"", "client_secret", "\"user[password]\"", "\"x-api-key\"; filename=\"k.txt\""]
    )
    func parts(name: String) {
        for content in ["‹hunter2›", "‹a b\r\nc\r\n--d\r\n›", "‹-----BEGIN X-----\r\n-----END X-----›", ""] {
            GoldenRedaction.check(Self.form(name, content))
        }
        GoldenRedaction.check(Self.form(name, "‹a\nb›", lineBreak: "\n"))
        GoldenRedaction.check("Content-Disposition: form-data; name=\(name)\r\n\r\n‹no boundary›\r\n--b--")
        GoldenRedaction.check("--b\r\nContent-Disposition: form-data; name=\(name)\r\n\r\n‹cut o›")
        GoldenRedaction.check("--b\r\nContent-Disposition: form-data; name=\(name)\r\nContent-Type: x")
    }

    @Test("Parts of a form in a string of JSON")
    func partsInJSON() throws {
        let header = #"Content-Disposition: form-data; name=\""#
        for text in [
            #"--X\r\n\#(header)a\"\r\n\r\nb c\r\n--X\r\n\#(header)password\"\r\n\r\n‹a \"b\n--c\\›\r\n--X--\r\n"#,
            #"--b\r\n\#(header)token\"\r\n\r\n‹cut o›"#, #"--b\n\#(header)token\"\n\n‹a b›\n--b--\n"#,
        ] {
            let json = "{\"body\":\"\(text)\",\"x\":1}"
            GoldenRedaction.check(json)
            let redacted = GoldenRedaction.filled(json, redacted: true)
            #expect(throws: Never.self, "\(redacted)") { try JSONSerialization.jsonObject(with: Data(redacted.utf8)) }
        }
    }

    @Test(
        "Other parts stay",
        arguments: ["\"note\"", "\"tokens\"", "\"\"", "password_hint", "\"key\"", "\"secretary\""]
    )
    func otherParts(name: String) {
        GoldenRedaction.check(Self.form(name, "hunter2"))
    }

    @Test(
        "Pairs of name and value",
        arguments: [
            #"[{"name":"X-Api-Key","value":"‹k›"},{"name":"Accept","value":"x"}]"#,
            #"{"headers":[{"name":"Authorization","value":"Bearer ‹abc›"},{"name":"Cookie","value":"a=‹b›; c=‹d›"}]}"#,
            "[\n  {\n    \"name\": \"Set-Cookie\",\n    \"value\": \"sid=‹a›; Path=/\"\n  }\n]",
            #"{"b":"[{\"name\": \"client_secret\",\n  \"value\": \"‹s›\"}]"}"#,
            #"{"header":[{"key":"x-auth-token","value":"‹t›","type":"text"}]}"#,
            #"[{"Name":"Password","Value":"‹p›"}]"#,
            #"[{"name":"X-Api-Key","type":"header","value":"k"}]"#, #"[{"name":"api key","value":"k"}]"#,
            #"[{"id":"token","value":"k"}]"#, #"[{"name":"token"},{"value":"k"}]"#, #"{"value":"k","name":"token"}"#,
            #"{"name":"token","value":null,"x":"token","value":"k"}"#, #"[{"name":"token","value":["‹a›","‹b›"]}]"#,
        ]
    )
    func pairs(text: String) throws {
        GoldenRedaction.check(text)
        let redacted = GoldenRedaction.filled(text, redacted: true)
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(redacted.utf8)) }
    }

    @Test(
        "Paths of services that put a secret there",
        arguments: [
            "https://hooks.slack.com/services/T01/B02/‹abcDEF123›",
            "https://hooks.slack.com/services/T01/B02/‹abc›?x=1",
            "https://hooks.slack.com/workflows/T01/A02/123/‹abc›/",
            "https://hooks.slack.com:443/services/T01/B02/‹abc›",
            "https://hooks.slack.com/services/T01/B02", "https://slack.com/services/T01/B02/abc",
            "https://api.telegram.org/bot123456:‹AAF-x_y›/sendMessage?chat_id=1",
            "https://api.telegram.org/file/bot123456:‹AAF-x_y›/documents/a.txt",
            "https://api.telegram.org/bot123456%3A‹AAF-x_y›/getMe", "https://api.telegram.org/",
            "https://discord.com/api/webhooks/123/‹a-B_c›",
            "https://discordapp.com/api/webhooks/123/‹a-B_c›/slack?wait=1",
            "https://ptb.discord.com/api/v10/webhooks/123/‹a-B_c›/messages/9",
            "https://discord.com/api/v10/channels/1/2/3",
            "https://acme.webhook.office.com/webhookb2/0b2f4a6c-0000-0000-0000-0000000000aa@0b2f4a6c-0000-0000-0000-0000000000bb/IncomingWebhook/‹0123456789abcdef0123456789abcdef›/‹0b2f4a6c-0000-0000-0000-0000000000cc›/x",
            "https://u:‹pw›@hooks.slack.com/services/T01/B02/‹abc›",
            "https://hooks.slack.com/services/T01/B02/‹[redacted len=1 fp=abcdef]abc›",
        ]
    )
    func paths(url: String) {
        GoldenRedaction.check(url)
        GoldenRedaction.check(url, EntryFixture.redactor.url)
        GoldenRedaction.check("{\"url\":\"\(url)\",\"x\":1}")
        GoldenRedaction.check("{\"url\":\"\(url.replacing("/", with: "\\/"))\",\"x\":1}")
        GoldenRedaction.check("Posted to \(url).")
    }

    @Test("Names and paths that people read are redacted; ids stay as they are")
    func displayTexts() throws {
        let key = "sk_live_0123456789abcdef"
        let text = "\"Flow / Bearer 0123456789abcdef \(key)\""
        for source in ["{\"type\":\"flow\",\"path\":\(text)}", "{\"type\":\"inbox\",\"agent\":{\"name\":\(text)}}"] {
            let entry = EntryFixture.entry([
                "bot": "{\"id\":\"support-bot\",\"name\":\(text)}", "user": "{\"id\":\"\(key)\",\"name\":\(text)}",
                "source": source, "connection_id": "\"\(key)\"",
            ])
            var log = try #require(try EntryFixture.taken(entry)).log
            #expect(log.user?.id == key && log.connectionID == key)
            let expected = GoldenRedaction.filled("Flow / Bearer ‹0123456789abcdef› ‹\(key)›", redacted: true)
            #expect(log.bot.name == expected && log.user?.name == expected)
            log.user?.id = nil
            log.connectionID = nil
            #expect("\(log)".contains(expected) && !"\(log)".contains(key))
        }
        let long = "Bearer 01234567 " + String(repeating: "p", count: 496)
        let log = try #require(
            try EntryFixture.taken(EntryFixture.entry(["source": "{\"type\":\"flow\",\"path\":\"\(long)\"}"]))
        ).log
        guard case .flow(let path, _) = log.source else {
            Issue.record("The source is a flow.")
            return
        }
        #expect(path?.utf8.count == 512 && path?.contains("01234567") == false)
    }
}
