import Domain
import Foundation
import Ingest
import Testing

@Suite("Curl commands")
struct CurlCommandTests {
    private static func read(_ text: String) throws -> String {
        let command = try CurlCommand(parsing: text)
        let headers = command.headers.map { "\($0.name): \($0.value)" }
        let body = command.body.map { [String(decoding: $0, as: UTF8.self)] } ?? []
        return (["\(command.method) \(command.url)"] + headers + body).joined(separator: " | ")
    }

    private static let form = "Content-Type: application/x-www-form-urlencoded"

    @Test(
        "What curl would send",
        arguments: [
            ("curl https://a.example", "GET https://a.example"), ("curl a.example/x", "GET http://a.example/x"),
            ("curl localhost:8080/?u=https://b.example", "GET http://localhost:8080/?u=https://b.example"),
            ("$ curl -XPOST 'https://a.example/?a=1&b=2'", "POST https://a.example/?a=1&b=2"),
            ("curl -sSL -k -v -i --compressed -o out.txt --http1.1 --http2 https://a.example", "GET https://a.example"),
            ("curl --max-time 10 --connect-timeout=5 --url https://a.example", "GET https://a.example"),
            ("curl -I https://a.example", "HEAD https://a.example"),
            ("/usr/bin/curl --request=PUT https://a.example", "PUT https://a.example"),
            (
                #"curl -H 'A: b' -H "C: d \"e\"" -H 'F;' -H 'G:' https://a.example"#,
                #"GET https://a.example | A: b | C: d "e" | F: "#
            ),
            ("curl https://a.example -d a=1 --data b=2", "POST https://a.example | \(form) | a=1&b=2"),
            ("curl https://a.example --data-raw @x", "POST https://a.example | \(form) | @x"),
            (
                "curl https://a.example -H 'content-type: text/plain' --data-binary $'a\\nb'",
                "POST https://a.example | content-type: text/plain | a\nb"
            ),
            ("curl https://a.example -d $'a\\nb'", "POST https://a.example | \(form) | ab"),
            (
                "curl https://a.example --data-urlencode 'q=a b&ü' --data-urlencode '=x y'",
                "POST https://a.example | \(form) | q=a%20b%26%C3%BC&x%20y"
            ),
            ("curl -G https://a.example?x=1 -d a=1 --data-urlencode 'b=c d'", "GET https://a.example?x=1&a=1&b=c%20d"),
            (
                #"curl https://a.example --json '{"a":1}'"#,
                #"POST https://a.example | Content-Type: application/json | Accept: application/json | {"a":1}"#
            ),
            (
                "curl -F a=1 -F 'file=@cat.png' https://a.example",
                "POST https://a.example | Content-Type: multipart/form-data | a=1\nfile=@cat.png"
            ),
            (
                "curl -u user:pass -A agent -e https://r.example -b 'sid=1' https://a.example",
                "GET https://a.example | Authorization: Basic dXNlcjpwYXNz | User-Agent: agent | Referer: https://r.example | Cookie: sid=1"
            ),
            (
                "curl -H 'Authorization: Bearer x' -u a:b https://a.example",
                "GET https://a.example | Authorization: Bearer x"
            ),
            ("curl \\\n  -X DELETE \\\r\n  https://a.example/1", "DELETE https://a.example/1"),
            (#"curl 'https://a.example/'"b"c'd' -d 'it'\''s'"#, "POST https://a.example/bcd | \(form) | it's"),
            (#"curl https://a.example -d $'\x41\u00e9\101\'\\'"#, "POST https://a.example | \(form) | AéA'\\"),
            ("curl -X PATCH -- https://a.example", "PATCH https://a.example"),
            ("curl --no-keepalive https://a.example", "GET https://a.example"),
        ]
    )
    func accepted(text: String, expected: String) throws {
        #expect(try Self.read(text) == expected)
    }

    @Test(
        "What is refused, and what the answer names",
        arguments: [
            ("", "start with “curl”"), ("wget https://a.example", "start with “curl”"), ("curl", "no URL"),
            ("curl -X POST", "no URL"), ("curl 'https://a.example", "quote ' at character 6"),
            ("curl https://a.example -d \"x", "quote \" at character 27"), ("curl $'x", "quote $' at character 6"),
            ("curl https://a.example https://b.example", "second URL"),
            ("curl https://a.example -H A: b", "second URL"),
            ("curl --frobnicate https://a.example", "word at character 6 is no option"),
            ("curl -! x", "word at character 6 is no option"), ("curl -T x https://a.example", "-T at character 6"),
            ("curl --upload-file=x https://a.example", "--upload-file at character 6"),
            ("curl https://a.example -d", "-d at character 24 has no value"),
            ("curl -d @body.json https://a.example", "names a file"),
            ("curl --json @b https://a.example", "names a file"),
            ("curl --data-urlencode a@b https://a.example", "names a file"),
            ("curl -F nothing https://a.example", "name=value"),
        ]
    )
    func refused(text: String, detail: String) {
        let issue = #expect(throws: CurlIssue.self) { try CurlCommand(parsing: text) }
        #expect(issue?.detail.contains(detail) == true, "\(issue?.detail ?? "")")
    }

    @Test("Rendered for a shell, on several lines, with quotes that hold")
    func render() {
        let text = CurlCommand.render(
            method: "POST",
            url: "https://a.example/x?a=1&b='2'",
            headers: [
                HeaderField(name: "A", value: "it's $HOME"), HeaderField(name: "Content-Length", value: "9"),
                HeaderField(name: "B", value: ""), HeaderField(name: ":path", value: "/x"),
            ],
            body: Array("{\"a\":\n\"`x`\"}".utf8)
        )
        #expect(
            text == #"""
                curl --request POST \
                  --globoff --url 'https://a.example/x?a=1&b='\''2'\''' \
                  --header 'A: it'\''s $HOME' \
                  --header 'B;' \
                  --header 'Content-Type:' \
                  --data-raw '{"a":
                "`x`"}'
                """#
        )
        #expect(
            CurlCommand.render(method: "HEAD", url: "https://a.example/x", headers: [], body: nil)
                == "curl --head \\\n  --globoff --url https://a.example/x"
        )
    }

    @Test("What is rendered is read back the same", arguments: ["GET", "POST", "HEAD", "DELETE"])
    func roundTrip(method: String) throws {
        let command = try CurlCommand(
            parsing: "curl -X \(method) https://a.example/%7B%7D -H 'A: \\ \"q\" ü' -H 'Content-Type: x' -H 'E;'"
        )
        let body = method == "HEAD" ? nil : Array("a\n'b'\\ \u{1}".utf8)
        let rendered = CurlCommand.render(method: method, url: command.url, headers: command.headers, body: body)
        let again = try CurlCommand(parsing: rendered)
        #expect(again.method == method && again.url == command.url)
        #expect(again.headers == command.headers && again.body == body)
    }

    @Test("In an entry, a command gives method, URL, headers and body; members given win; secrets go")
    func inEntry() throws {
        let curl =
            #""curl -u ann:hunter2 -H 'X-Api-Key: hunter2' 'https://a.example/?token=hunter2' -d password=hunter2""#
        let changes: [String: String?] = ["request": "{\"curl\":\(curl)}", "method": nil, "url": nil]
        let entry = try #require(try EntryFixture.taken(EntryFixture.entry(changes)))
        #expect(entry.log.method == .post)
        #expect(entry.log.url == "https://a.example/?token=[redacted len=7 fp=3920d5]")
        #expect(EntryFixture.text(entry.exchange.request.body) == "password=[redacted len=7 fp=3920d5]")
        #expect(
            entry.exchange.request.headers.first == HeaderField(name: "X-Api-Key", value: "[redacted len=7 fp=3920d5]")
        )
        #expect(!"\(entry)".contains("hunter2") && !"\(entry)".contains("YW5uOmh1bnRlcjI"))
        let given = try #require(try EntryFixture.taken(EntryFixture.entry(["request": "{\"curl\":\(curl)}"])))
        #expect(given.log.url == "https://acme.zendesk.com/api/v2/tickets.json")

        func issues(_ curl: String) throws -> [String] {
            try EntryFixture.issues(["request": "{\"curl\":\"\(curl)\"}", "method": nil, "url": nil])
        }
        #expect(try issues("wget x").first == "/request/curl invalid_curl")
        #expect(try issues("curl -X TRACE https://a.example") == ["/request/curl unknown_value"])
        #expect(try issues("curl https://") == ["/request/curl invalid_format"])
    }

    @Test(
        "No issue tells a word of the command",
        arguments: [
            "curl https://a.example -H Authorization: Bearer hunter2", "curl --hunter2 https://a.example",
            "curl --hunter2=x https://a.example", "curl hunter2", "hunter2", "curl -d @hunter2 https://a.example",
            "curl --json @hunter2 https://a.example", "curl --data-urlencode hunter2@x https://a.example",
            "curl -F hunter2 https://a.example", "curl -X hunter2 https://a.example", "curl -k2hunter2 x",
            "curl 'hunter2", "curl https:// hunter2", "curl hunter2://",
        ]
    )
    func secrecy(command: String) throws {
        let request = try EntryFixture.parse(
            EntryFixture.entry(["request": "{\"curl\":\"\(command)\"}", "method": nil, "url": nil])
        )
        #expect(!request.issues.contains { "\($0)".contains("unter2") }, "\(request.issues)")
        #expect(!request.issues.isEmpty || command == "curl hunter2")
    }
}
