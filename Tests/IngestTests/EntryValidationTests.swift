import Domain
import Foundation
import Ingest
import Testing

@Suite("What an entry must be")
struct EntryValidationTests {
    @Test(
        "A member of a wrong type is named",
        arguments: [
            "application", "bot", "method", "url", "status_code", "occurred_at", "id", "source", "user", "duration_ms",
            "request", "response", "outcome", "error", "connection_id", "attempt",
        ]
    )
    func wrongTypes(member: String) throws {
        let isNumber = ["status_code", "duration_ms", "attempt"].contains(member)
        for wrong in ["true", "[]", isNumber ? "\"200\"" : "17", isNumber ? "{}" : "1.5"] {
            #expect(try EntryFixture.issues([member: wrong]) == ["/\(member) wrong_type"], "\(member): \(wrong)")
        }
    }

    @Test(
        "A nested member of a wrong type is named",
        arguments: [
            (["bot": #"{"id":42}"#], "/bot/id"), (["bot": #"{"id":"b","name":1}"#], "/bot/name"),
            (["source": #"{"type":1}"#], "/source/type"), (["source": #"{"type":"flow","path":1}"#], "/source/path"),
            (["source": #"{"type":"flow","node_id":1}"#], "/source/node_id"),
            (["source": #"{"type":"inbox","agent":"Ann"}"#], "/source/agent"),
            (["source": #"{"type":"inbox","agent":{"name":1}}"#], "/source/agent/name"),
            (["source": #"{"type":"inbox","agent":{"email":[]}}"#], "/source/agent/email"),
            (["user": #"{"id":7}"#], "/user/id"), (["user": #"{"name":7}"#], "/user/name"),
            (["error": #"{"type":7}"#], "/error/type"), (["error": #"{"message":{}}"#], "/error/message"),
            (["request": #"{"headers":[]}"#], "/request/headers"), (["request": #"{"body":{}}"#], "/request/body"),
            (["request": #"{"headers":{"a/b":{}}}"#], "/request/headers/a~1b"),
            (["request": #"{"curl":1}"#], "/request/curl"), (["response": #"{"headers":"x"}"#], "/response/headers"),
            (["response": #"{"body":1}"#], "/response/body"),
        ]
    )
    func wrongNestedTypes(changes: [String: String], pointer: String) throws {
        #expect(try EntryFixture.issues(changes) == ["\(pointer) wrong_type"])
    }

    @Test("A required member that is missing or null is named, and all issues come at once")
    func missing() throws {
        for (member, pointer) in [
            ("application", "/application"), ("bot", "/bot/id"), ("method", "/method"), ("url", "/url"),
        ] {
            #expect(try EntryFixture.issues([member: nil]) == ["\(pointer) required"])
            #expect(try EntryFixture.issues([member: "null"]) == ["\(pointer) required"])
        }
        #expect(try EntryFixture.issues(["status_code": nil]) == ["/status_code required"])
        #expect(try EntryFixture.issues(["bot": "{}"]) == ["/bot/id required"])
        #expect(try EntryFixture.issues(["source": "{}"]) == ["/source/type required"])
        #expect(try EntryFixture.issues(["id": "\"e\"", "occurred_at": nil]) == ["/occurred_at required"])
        let request = try EntryFixture.parse("{}")
        #expect(
            request.issues.map(\.pointer) == ["/application", "/bot/id", "/method", "/url", "/status_code"]
        )
        #expect(request.rejected == 1)
    }

    @Test(
        "A status code is an integer from 100 to 599",
        arguments: [
            ("99", "out_of_range"), ("600", "out_of_range"), ("-1", "out_of_range"), ("1e300", "out_of_range"),
            ("123456789012345678901234567890", "out_of_range"), ("1e999", "out_of_range"),
            ("\"200\"", "wrong_type"), ("200.5", "wrong_type"), ("true", "wrong_type"),
        ]
    )
    func statusCodes(text: String, code: String) throws {
        #expect(try EntryFixture.issues(["status_code": text]) == ["/status_code \(code)"])
    }

    @Test("Status: 400 and more, or a declared error, is an error")
    func status() throws {
        func status(_ code: String, _ outcome: String?) throws -> CallStatus? {
            try EntryFixture.taken(EntryFixture.entry(["status_code": code, "outcome": outcome]))?.log.status
        }
        #expect(try status("100", nil) == .success)
        #expect(try status("399", nil) == .success)
        #expect(try status("2e2", "\"success\"") == .success)
        #expect(try status("200", "\"error\"") == .error)
        #expect(try status("400", nil) == .error)
        #expect(try status("599", "\"success\"") == .error)
    }

    @Test("Null and 0 are unreachable: counted when the rest is valid, else rejected", arguments: ["null", "0", "0.0"])
    func unreachable(code: String) throws {
        let request = try EntryFixture.parse(EntryFixture.entry(["status_code": code]))
        #expect(request.unreachable == 1)
        #expect(request.entries.isEmpty && request.issues.isEmpty)
        let rejected = try EntryFixture.parse(EntryFixture.entry(["status_code": code, "bot": "{}"]))
        #expect(rejected.unreachable == 0)
        #expect(rejected.issues.map(\.pointer) == ["/bot/id"])
    }

    @Test(
        "occurred_at",
        arguments: [
            ("1970-01-01T00:00:00Z", "out_of_window"), ("2099-01-01T00:00:00Z", "out_of_window"),
            ("2026-10-21T23:59:59Z", "out_of_window"), ("2026-11-21T00:10:01Z", "out_of_window"),
            ("2026-11-20T06:58:16", "invalid_format"), ("2026-11-20", "invalid_format"), ("", "invalid_format"),
            ("2026-02-30T00:00:00Z", "invalid_format"), ("yesterday", "invalid_format"),
            ("2026-10-22T01:00:00Z", nil), ("2026-11-21T00:10:00Z", nil), ("2026-11-20T06:58:16+05:30", nil),
        ]
    )
    func occurredAt(text: String, code: String?) throws {
        #expect(try EntryFixture.issues(["occurred_at": "\"\(text)\""]) == (code.map { ["/occurred_at \($0)"] } ?? []))
    }

    @Test("A time without a zone is told apart")
    func zoneHint() throws {
        let entry = EntryFixture.entry(["occurred_at": #""2026-11-20T06:58:16""#])
        #expect(try EntryFixture.parse(entry).issues.first?.detail.contains("zone") == true)
    }

    @Test(
        "Values that there are not, and lengths that are too much",
        arguments: [
            (["application": "\"salesfarce\""], "/application unknown_value"),
            (["method": "\"TRACE\""], "/method unknown_value"), (["method": "\"post\""], "/method unknown_value"),
            (["outcome": "\"failed\""], "/outcome unknown_value"),
            (["source": #"{"type":"outbox"}"#], "/source/type unknown_value"),
            (["attempt": "0"], "/attempt out_of_range"), (["attempt": "1001"], "/attempt out_of_range"),
            (["duration_ms": "-1"], "/duration_ms out_of_range"),
            (["duration_ms": "86400001"], "/duration_ms out_of_range"),
            (["duration_ms": "1.5"], "/duration_ms wrong_type"), (["bot": #"{"id":""}"#], "/bot/id out_of_range"),
            (["bot": #"{"id":"\#(String(repeating: "b", count: 129))"}"#], "/bot/id too_long"),
            (["id": "\"\(String(repeating: "i", count: 129))\""], "/id too_long"),
            (["connection_id": "\"\(String(repeating: "i", count: 129))\""], "/connection_id too_long"),
            (["source": #"{"type":"flow","path":"\#(String(repeating: "p", count: 513))"}"#], "/source/path too_long"),
            (
                ["source": #"{"type":"flow","node_id":"\#(String(repeating: "p", count: 129))"}"#],
                "/source/node_id too_long"
            ),
            (["user": #"{"id":"\#(String(repeating: "p", count: 257))"}"#], "/user/id too_long"),
            (["user": #"{"name":"\#(String(repeating: "p", count: 257))"}"#], "/user/name too_long"),
            (["url": "\"https://a.example/\(String(repeating: "p", count: 8192))\""], "/url too_long"),
        ]
    )
    func refused(changes: [String: String], issue: String) throws {
        #expect(try EntryFixture.issues(changes) == [issue])
    }

    @Test("A near miss of a method is told")
    func methodHint() throws {
        let issue = try EntryFixture.parse(EntryFixture.entry(["method": "\"post\""])).issues.first
        #expect(issue?.detail.contains("“POST”") == true)
    }

    @Test(
        "A URL is absolute, of http or https, with a host",
        arguments: [
            "", "/api", "acme.example/api", "https://", "https:///api", "https://?q", "http:acme.example",
            "ftp://a.example",
            "https://user@/x", "https://:80/", "javascript:alert(1)", "mailto:a@b.example",
        ]
    )
    func badURLs(url: String) throws {
        #expect(try EntryFixture.issues(["url": "\"\(url)\""]) == ["/url invalid_format"])
    }

    @Test(
        "URLs that are taken",
        arguments: [
            ("HTTPS://A.example", "zendesk"), ("http://localhost:8080/x?y#z", "json_api"),
            ("http://[::1]/", "json_api"),
            ("mailto:a@b.example", "c2e"), ("c2e:inbox", "c2e"), ("https://a.example/{{id}}/ü", "json_api"),
        ]
    )
    func goodURLs(url: String, application: String) throws {
        #expect(try EntryFixture.issues(["url": "\"\(url)\"", "application": "\"\(application)\""]) == [])
    }

    @Test("Names and messages that are too long are cut between characters, not refused")
    func cutTexts() throws {
        let log = try #require(
            try EntryFixture.taken(
                EntryFixture.entry([
                    "bot": #"{"id":"b","name":"\#(String(repeating: "é", count: 200))"}"#,
                    "error": """
                    {"type":"\(String(repeating: "t", count: 100))","message":"a\(String(repeating: "€", count: 1000))"}
                    """,
                    "duration_ms": "812.0",
                ])
            )
        ).log
        #expect(log.bot.name == String(repeating: "é", count: 128))
        #expect(log.error?.type?.count == 64)
        #expect(log.error?.message == "a" + String(repeating: "€", count: 682))
        #expect(log.durationMilliseconds == 812)
    }

    @Test("A known member that occurs twice is refused, an unknown one is not looked at")
    func duplicates() throws {
        func issues(_ text: String) throws -> [String] {
            try EntryFixture.parse(text).issues.map { "\($0.pointer) \($0.code.rawValue)" }
        }
        let entry = EntryFixture.entry().dropLast()
        #expect(try issues(entry + #","method":"GET"}"#) == ["/method duplicate_member"])
        #expect(try issues(entry + #","x":1,"x":{"method":2}}"#) == [])
        #expect(try EntryFixture.issues(["bot": #"{"id":"a","id":"b"}"#]) == ["/bot/id duplicate_member"])
        #expect(try EntryFixture.issues(["request": #"{"body":"a","body":"b"}"#]) == ["/request/body duplicate_member"])
        #expect(try EntryFixture.issues(["request": #"{"headers":{"Set-Cookie":"a","Set-Cookie":"b"}}"#]) == [])
    }

    @Test("At most five issues an entry")
    func issueLimit() throws {
        let request = try EntryFixture.parse(#"{"id":1,"occurred_at":1,"source":1,"user":1,"attempt":"x"}"#)
        #expect(request.issues.count == 5)
    }

    @Test("What an issue quotes is redacted and short")
    func quotes() throws {
        for (member, pointer) in [("application", "/application"), ("method", "/method"), ("outcome", "/outcome")] {
            let key = "sk_live_0123456789abcdef"
            let secret = try EntryFixture.parse(EntryFixture.entry([member: "\"\(key)\""])).issues.first
            #expect(secret?.pointer == pointer && secret?.detail.contains("sk_live") == false)
            #expect(secret?.detail.contains("[redacted len=24 fp=") == true)
            let long = String(repeating: "x", count: 100)
            let cut = try EntryFixture.parse(EntryFixture.entry([member: "\"\(long)\""])).issues.first
            #expect(cut?.detail.contains("“\(long.prefix(32))…”") == true)
        }
        let headers = try EntryFixture.parse(
            EntryFixture.entry(["request": #"{"headers":{"sk_live_0123456789abcdef":{}}}"#])
        )
        #expect(headers.issues.first?.pointer.hasPrefix("/request/headers/[redacted len=24 fp=") == true)
    }
}
