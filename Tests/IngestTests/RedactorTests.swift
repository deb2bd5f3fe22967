import Domain
import Foundation
import Ingest
import Testing

/// `‹secret›` in an expected text stands for the marker of that secret.
@Suite("Redaction")
struct RedactorTests {
    private static let redactor = EntryFixture.redactor

    private static func marker(_ secret: String) -> String { GoldenRedaction.marker(secret) }

    private static func check(
        _ text: String,
        _ redact: (String) -> String,
        _ location: SourceLocation = #_sourceLocation
    ) {
        GoldenRedaction.check(text, redact, location)
    }

    @Test("A marker tells the length, and the start of the HMAC under the tenant's key")
    func markerForm() {
        #expect(Self.marker("hunter2") == "[redacted len=7 fp=3920d5]")
        #expect(Self.marker("abc") == "[redacted len=3 fp=a60c85]")
        let other = Redactor(fingerprintKey: [1, 2, 3]).header(HeaderField(name: "Token", value: "hunter2")).value
        #expect(other.hasPrefix("[redacted len=7 fp=") && other != "[redacted len=7 fp=3920d5]")
    }

    @Test(
        "Headers by name: the scheme and the names of cookies stay",
        arguments: [
            ("Authorization", "Bearer ‹abc.def-123›"), ("authorization", "Basic ‹dXNlcjpwYXNz›"),
            ("AUTHORIZATION", "‹just-a-key›"), ("Authorization", "‹my secret phrase›"),
            ("Proxy-Authorization", "Digest ‹username=\"u\", response=\"1\"›"),
            ("Authorization", "AWS4-HMAC-SHA256 ‹Credential=A/b, Signature=c›"),
            ("Authorization", "Zoho-oauthtoken ‹1000.abc›"),
            ("Cookie", "sid=‹abc›; theme=‹dark›"), ("Set-Cookie", "sid=‹abc=›; Path=/; HttpOnly"),
            ("Cookie", "‹opaque›"),
            ("X-Api-Key", "‹k1›"), ("api-key", "‹k1›"), ("apikey", "‹k1›"), ("X-Auth-Token", "‹t›"), ("token", "‹t›"),
            ("X_Access_Token", "‹t›"), ("X-Client-Secret", "‹s›"), ("X-Twilio-Signature", "‹s=›"),
            ("X-Hub-Signature-256", "‹sha256=ab›"), ("Ocp-Apim-Subscription-Key", "‹k›"), ("X-Token", ""),
            ("Content-Type", "application/json"), ("X-Request-Id", "token"), ("Idempotency-Key", "k-1"),
            ("X-Total-Tokens", "15"), ("Location", "https://a.example/cb?access_token=‹abc›&state=1"),
            ("Link", "<https://u:‹pw›@a.example/?key=‹k1›&page=2>; rel=\"next\""),
        ]
    )
    func headers(name: String, value: String) {
        Self.check(value) { Self.redactor.header(HeaderField(name: name, value: $0)).value }
    }

    @Test(
        "URLs: user info and parameters",
        arguments: [
            "https://a.example/v1?page=2&code=7&token_type=bearer", "https://user:‹pa:ss›@a.example/x",
            "https://‹ghtoken›@a.example/x", "https://‹sk_abc›:@a.example/",
            "https://a.example/?access_token=‹abc›&x=1", "https://a.example/?x=1&accessToken=‹abc›#f",
            "https://a.example/?client_secret=‹s›&apikey=‹k›&api_key=‹k2›",
            "https://a.example/?sv=1&sig=‹a%2Bb%3D›&se=2",
            "https://maps.example/?key=‹k1›", "https://maps.example/?q=1&key=‹k1›&y=2",
            "https://a.example/?monkey=1&design=2",
            "https://a.example/?next=https%3A%2F%2Fb.example%3Ftoken%3D‹abc›%26x%3D1&z=1",
            "https://a.example/?password=&x=1", "https://a.example/reset/‹eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln›",
            "https://api.twilio.com/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages.json",
        ]
    )
    func urls(url: String) {
        Self.check(url, Self.redactor.url)
    }

    @Test(
        "JSON bodies: by name, at any depth, and well-formed afterwards",
        arguments: [
            #"{"access_token":"‹abc›","token_type":"bearer","expires_in":3600}"#,
            #"{"a":[{"clientSecret" : "‹s›"},{"Password":"‹p›"}],"refresh_token":"‹r›"}"#,
            #"{"id_token":"‹x›","private_key":"‹pk›","passwd":"‹1›","pwd":"‹2›","apiKey":"‹3›","secretAccessKey":"‹4›"}"#,
            #"{"key":"status","tokens":5,"secretary":"Ann","total_tokens":7,"password":null,"token":true}"#,
            #"{"password":"","x":"a:b=c"}"#, #"{"credentials":{"user":"‹u›","keys":["‹k›","‹l›"],"n":1},"x":"y"}"#,
            #"{"authorization":"Bearer ‹abc›","cookie":"sid=‹abc›"}"#,
            #"{"headers":{"Authorization":"Basic ‹dTpw›","X-Api-Key":"‹k›"}}"#,
            #"{'token': '‹abc›', 'x': 1}"#, #"{"message":"sid SM0123456789abcdef0123456789abcdef queued"}"#,
            "{\n  \"signature\": \"‹abc›\",\n  \"y\": 2\n}",
        ]
    )
    func jsonBodies(text: String) throws {
        Self.check(text, Self.redactedBody)
        guard !text.hasPrefix("{'") else { return }
        let redacted = Self.redactedBody(GoldenRedaction.filled(text, redacted: false))
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(redacted.utf8)) }
    }

    @Test("Values with quotes, backslashes and JSON within JSON stay one value")
    func escapes() throws {
        for (text, expected) in [
            (#"{"token":"a\"b","x":1}"#, #"{"token":"[redacted len=3 "#),
            (#"{"token":"a\\","x":1}"#, #"{"token":"[redacted len=1 "#),
            (#"{"token":"a\/b","x":1}"#, #"{"token":"[redacted len=3 "#),
            (#"{"b":"{\"token\":\"a\\\"b\",\"y\":\"z\"}","x":1}"#, #"{"b":"{\"token\":\"[redacted len=3 "#),
            (#"{"b":"{\"token\": \"a\\\\\",\"y\":\"z\"}","x":1}"#, #"{"b":"{\"token\": \"[redacted len=1 "#),
            (
                #"{"b":"{\"c\":\"{\\\"token\\\":\\\"ab\\\"}\"}","x":1}"#,
                #"{"b":"{\"c\":\"{\\\"token\\\":\\\"[redacted len=2 "#
            ),
            (#"{"b":"{\"password\":12345}","x":1}"#, #"{"b":"{\"password\":\"[redacted len=5 "#),
            (#"{"pwd":-12.5e3,"x":1}"#, #"{"pwd":"[redacted len=7 "#),
            (#"{"b":"{\"token\":\"cut off","x":1}"#, #"{"b":"{\"token\":\"[redacted len=7 "#),
            (#"{"b":"{\"credentials\":{\"a\":\"b\"","x":"y"}"#, #"{"b":"{\"credentials\":{\"a\":\"[redacted len=1 "#),
        ] {
            let redacted = Self.redactedBody(text)
            #expect(redacted.hasPrefix(expected), "\(redacted)")
            let value = try JSONSerialization.jsonObject(with: Data(redacted.utf8)) as? [String: Any]
            #expect(value?["x"] != nil, "\(redacted)")
        }
    }

    @Test(
        "Forms, XML, and text",
        arguments: [
            "grant_type=refresh_token&refresh_token=‹abc›&client_id=c&client_secret=‹s%21›", "user=u&password=‹p›",
            "key=order&x=1", "a=1&sig=‹b›", "<login><password>‹p›</password><user>u</user></login>",
            "<urn:accessToken>‹p›</urn:accessToken>", "curl -H \"Authorization: Bearer ‹abc›\" https://a.example",
            "POST / HTTP/1.1\r\nHost: a.example\r\nAuthorization: Basic ‹dTpw›\r\nCookie: sid=‹x›\r\nX-Api-Key: ‹k›\r\n\r\n",
            "Invalid token: expired", "login failed with password: ‹hunter2› for ann",
            "password=\"‹hunter2›\" rejected",
            "401 for Bearer ‹0123456789abcdef› at 12:30", "Basic authentication failed", "if token == other",
            "time: 12:30:45, ratio 3:4, https://a.example:8080/x",
        ]
    )
    func otherBodies(text: String) {
        Self.check(text, Self.redactedBody)
        Self.check(text, Self.redactor.text)
    }

    @Test(
        "Keys are known by their shape, wherever they stand",
        arguments: [
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            "eyJhbGciOiJSU0EifQ..aXY_dGV4dA.Y2lwaGVy.dGFn", "AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE",
            "ghp_0123456789abcdefghijABCDEFGHIJ012345", "gho_0123456789abcdefghijABCDEFGHIJ012345",
            "github_pat_11ABCDEFG0123456789_abcdefghijklmnop", "sk_live_0123456789abcdef", "rk_live_0123456789abcdef",
            "sk_test_0123456789abcdef", "xoxb-123456789012-abcdefghijkl", "xoxp-123456789012-abcdefghijkl",
            "AIzaSyA0123456789abcdefghijklmnopqrstuv", "ya29.a0AfH6SMBx-0123456789_abc",
            "SG.0123456789abcdefghijkl.0123456789abcdefghijklmnopqrstuvwxyz", "ct_live_0a1B2c3D_0123456789abcdefghij",
            "SK0123456789abcdef0123456789abcdef",
        ]
    )
    func shapes(secret: String) {
        let secret = "‹\(secret)›"
        for text in [
            secret, "x \(secret) y", "{\"note\":\"use \(secret)\"}", "a=\(secret)&b=1", "(\(secret))",
            "at\\n\(secret)\\n",
        ] {
            Self.check(text, Self.redactedBody)
        }
    }

    @Test(
        "What only looks a little like a key stays",
        arguments: [
            "AC0123456789abcdef0123456789abcdef", "SM0123456789abcdef0123456789abcdef",
            "MM0123456789abcdef0123456789abcdef",
            "SKU-12345", "TASK0123456789abcdef0123456789abcdef", "eyJ", "eyJhbGciOiJIUzI1NiJ9 alone", "AKIA-short here",
            "xoxo hugs", "sk_live_ short", "Ask. SG.x", "hockey=1", "AIzaShort x", "github_pat_ x", "0b2f-4a-ya29 x",
        ]
    )
    func harmless(text: String) {
        #expect(Self.redactor.text(text) == text)
        #expect(Self.redactor.url("https://a.example/\(text)") == "https://a.example/\(text)")
    }

    @Test("A private key goes as a whole, also in JSON, also when it is cut off; a certificate stays")
    func privateKeys() {
        let key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc=\n-----END RSA PRIVATE KEY-----"
        let escaped = key.replacing("\n", with: "\\n")
        #expect(Self.redactor.text("a \(key) b").hasPrefix("a [redacted len=\(key.utf8.count) fp="))
        #expect(Self.redactor.text("a \(key) b").hasSuffix("] b"))
        let json = Self.redactedBody("{\"pem\":\"\(escaped)\\n\",\"x\":1}")
        #expect(json.hasPrefix("{\"pem\":\"[redacted") && json.hasSuffix("]\\n\",\"x\":1}"))
        #expect(!Self.redactor.text(String(key.prefix(50))).contains("MIIE"))
        let block = key.replacing("RSA PRIVATE KEY", with: "PGP PRIVATE KEY BLOCK")
        #expect(!Self.redactor.text(block).contains("MIIE"))
        let certificate = key.replacing("RSA PRIVATE KEY", with: "CERTIFICATE")
        #expect(Self.redactor.text(certificate) == certificate)
    }

    @Test("A text that only starts like a marker hides nothing")
    func forgedMarker() {
        let forged = "[redacted len=1 fp=abcdef]hunter2"
        #expect(!Self.redactedBody("{\"password\":\"\(forged)\"}").contains("hunter2"))
        #expect(
            !Self.redactor.header(HeaderField(name: "Authorization", value: "Bearer \(forged)")).value.contains(
                "hunter2"
            )
        )
        #expect(!Self.redactor.url("https://a.example/?token=\(forged)&x=1").contains("hunter2"))
    }

    @Test("Any bytes are survived, and what was redacted once is not redacted again")
    func anyBytes() {
        var generator = SystemRandomNumberGenerator()
        let pieces =
            [
                "\"token\":", "\\\"", "\"", "'", "password=", "Bearer ", "eyJ", "://", "@", "{", "}", "[redacted len=",
                " fp=",
                "-----BEGIN ", "PRIVATE KEY-----", "\\", "%3D", "SG.", "abc123", ":", "<secret>", ",", "cookie: ", "\n",
            ].map { Array($0.utf8) } + [[0xFF], [0xC3]]
        for _ in 0..<5000 {
            let count = Int.random(in: 1...12, using: &generator)
            let bytes = (0..<count).flatMap { _ in pieces.randomElement(using: &generator) ?? [] }
            _ = Self.redactor.body(bytes)
        }
    }

    @Test(
        "No text takes more than one pass",
        .timeLimit(.minutes(10)),
        arguments: [
            "eyJ-", "\"token\":", "\\\"", "://", "SG.", "-----BEGIN ", "password=", "{\"secret\":[", "%3D", "<token>",
            "Bearer ",
            "token:", "sk_live_", "\\", "token: \"", "\npassword: a b", "\\npassword: ''", "\"password: '",
            "password is: ",
            "Content-Disposition: form-data; name=token\n", "Content-Disposition: form-data; name=token\n\n--",
            "://hooks.slack.com/", "https:\\/\\/discord.com\\/webhooks\\/", "\"name\":\"token\",\"value\":",
            ",           \"value\":", "\\n\"value\":",
        ]
    )
    func repetition(piece: String) {
        let text = Array(String(repeating: piece, count: 300_000 / piece.utf8.count).utf8)
        #expect(!Self.redactor.body(text).isEmpty)
    }

    @Test("An entry's URL, headers, bodies and message are redacted on their way in")
    func entry() throws {
        let entry = try #require(
            try EntryFixture.taken(
                EntryFixture.entry([
                    "url": #""https://u:hunter2@a.example/?token=hunter2""#,
                    "request": #"{"headers":{"X-Api-Key":"hunter2"},"body":"{\"password\":\"hunter2\"}"}"#,
                    "response": #"{"headers":{"Set-Cookie":"sid=hunter2"},"body":"secret=hunter2"}"#,
                    "error": #"{"type":"auth","message":"password=hunter2 is wrong"}"#,
                ])
            )
        )
        #expect(!"\(entry)".contains("hunter2"))
        let body = try #require(entry.exchange.request.body)
        #expect(EntryFixture.text(body) == #"{"password":"[redacted len=7 fp=3920d5]"}"#)
        #expect(body.originalSize == #"{"password":"hunter2"}"#.utf8.count)
        #expect(!body.truncated && !body.sanitized)
    }

    private static func redactedBody(_ text: String) -> String { GoldenRedaction.body(text) }
}
