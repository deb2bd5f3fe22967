import Domain
import Foundation
import Testing

@testable import Shipping

@Suite("Reading HAR")
struct HARReaderTests {
    /// As a browser's network panel saves it, shortened.
    private static let document = """
        {
          "log": {
            "version": "1.2",
            "creator": {"name": "WebInspector", "version": "537.36"},
            "pages": [{"id": "page_1", "startedDateTime": "2026-11-20T06:58:10.000Z", "title": "Shop"}],
            "entries": [
              {
                "_initiator": {"type": "script"}, "_priority": "High", "_resourceType": "fetch", "cache": {},
                "connection": "443", "pageref": "page_1",
                "request": {
                  "method": "POST", "url": "https://acme.zendesk.com/api/v2/tickets.json", "httpVersion": "http/2.0",
                  "headers": [
                    {"name": ":authority", "value": "acme.zendesk.com"},
                    {"name": "content-type", "value": "application/json"},
                    {"name": "cookie", "value": "a=1"}, {"name": "Cookie", "value": "b=2"},
                    {"name": "x-list", "value": "1"}, {"name": "X-List", "value": "2"}
                  ],
                  "queryString": [], "cookies": [], "headersSize": -1, "bodySize": 31,
                  "postData": {"mimeType": "application/json", "text": "{\\"ticket\\":{\\"subject\\":\\"Größe\\"}}"}
                },
                "response": {
                  "status": 201, "statusText": "", "httpVersion": "http/2.0",
                  "headers": [{"name": "content-type", "value": "application/json; charset=utf-8"}],
                  "cookies": [], "redirectURL": "", "headersSize": -1, "bodySize": -1, "_error": null,
                  "content": {"size": 14, "mimeType": "application/json", "compression": 0,
                    "text": "eyJpZCI6IjEyw7wifQ==", "encoding": "base64"}
                },
                "serverIPAddress": "203.0.113.7", "startedDateTime": "2026-11-20T07:58:16.698+01:00",
                "time": 812.4999999981374,
                "timings": {"blocked": 2.5, "dns": -1, "ssl": -1, "connect": -1, "send": 0.2, "wait": 800, "receive": 9}
              },
              {
                "request": {"method": "POST", "url": "https://shop.example.com/login", "headers": [],
                  "postData": {"mimeType": "application/x-www-form-urlencoded", "text": "",
                    "params": [{"name": "user name", "value": "Zoë&Co"}, {"name": "x", "value": "1"}]}},
                "response": {"status": 200, "headers": [],
                  "content": {"size": 3, "mimeType": "image/png; x=1", "text": "AAEC", "encoding": "base64"}},
                "startedDateTime": "2026-11-20T06:58:17.000Z", "time": -1
              },
              {
                "request": {"method": "GET", "url": "https://api.twilio.com/2010-04-01/Accounts.json", "headers": []},
                "response": {"status": 0, "headers": [], "content": {"size": 0, "mimeType": "x-unknown"},
                  "_error": "net::ERR_CONNECTION_REFUSED"},
                "startedDateTime": "2026-11-20T06:58:18.000Z", "time": 4
              },
              {"request": {"method": "CONNECT", "url": "https://shop.example.com:443", "headers": []},
                "response": {"status": 200}, "startedDateTime": "2026-11-20T06:58:19.000Z", "time": 1},
              {"request": {"method": "GET", "url": "data:image/gif;base64,R0lGOD", "headers": []},
                "response": {"status": 200}, "startedDateTime": "2026-11-20T06:58:19.000Z", "time": 1},
              {"request": {"method": "GET", "url": "wss://shop.example.com/live", "headers": []},
                "response": {"status": 101}, "startedDateTime": "2026-11-20T06:58:19.000Z", "time": 1},
              {"request": {"method": "GET", "url": "https://shop.example.com/same", "headers": []},
                "response": {"status": 200}, "startedDateTime": "2026-11-20T06:58:20.000Z", "time": 1},
              {"request": {"method": "GET", "url": "https://shop.example.com/same", "headers": []},
                "response": {"status": 200}, "startedDateTime": "2026-11-20T06:58:20.000Z", "time": 1},
              {"request": {"method": "GET", "url": "https://shop.example.com/untimed", "headers": []}, "response": {}}
            ]
          }
        }
        """

    private func entries(_ document: String, har: HARImport = HARImport()) throws -> [[String: Any]] {
        let file = try TemporaryFile(document)
        return try read(file.input(), har: har).flatMap(\.lines).map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
    }

    @Test("an entry carries all that the server takes")
    func entry() throws {
        let entry = try #require(try entries(Self.document).first)
        #expect(entry["occurred_at"] as? String == "2026-11-20T07:58:16.698+01:00")
        #expect(entry["application"] as? String == "zendesk")
        #expect(entry["bot"] as? [String: String] == ["id": "har-import", "name": "HAR import"])
        #expect(entry["method"] as? String == "POST")
        #expect(entry["url"] as? String == "https://acme.zendesk.com/api/v2/tickets.json")
        #expect(entry["status_code"] as? Int == 201)
        #expect(entry["duration_ms"] as? Int == 812)
        let request = try #require(entry["request"] as? [String: Any])
        #expect(request["body"] as? String == "{\"ticket\":{\"subject\":\"Größe\"}}")
        #expect(
            request["headers"] as? [String: String]
                == ["content-type": "application/json", "cookie": "a=1; b=2", "x-list": "1, 2"]
        )
        #expect((entry["response"] as? [String: Any])?["body"] as? String == "{\"id\":\"12ü\"}")
        #expect(entry["error"] == nil)
    }

    @Test("parameters become a form, and what is no text is named")
    func bodies() throws {
        let entry = try entries(Self.document)[1]
        #expect(entry["application"] as? String == "json_api")
        #expect((entry["request"] as? [String: Any])?["body"] as? String == "user+name=Zo%C3%AB%26Co&x=1")
        #expect((entry["response"] as? [String: Any])?["body"] as? String == "[binary, 3 bytes, image/png]")
        #expect(entry["duration_ms"] == nil)
    }

    @Test("a call that brought no answer has status 0 and the browser's words")
    func unreachable() throws {
        let entry = try entries(Self.document)[2]
        #expect(entry["application"] as? String == "twilio")
        #expect(entry["status_code"] as? Int == 0)
        #expect((entry["error"] as? [String: String])?["message"] == "net::ERR_CONNECTION_REFUSED")
        #expect((entry["response"] as? [String: Any])?["body"] == nil)
    }

    @Test("what is no API call is skipped, what is no HAR entry is an issue")
    func skipped() throws {
        let file = try TemporaryFile(Self.document)
        let batch = try #require(try read(file.input()).first)
        #expect(batch.places.map(\.number) == [1, 2, 3, 7, 8])
        #expect(batch.known.skipped == 3)
        #expect(batch.known.rejected == 1)
        #expect(batch.known.issues.first?.place.number == 9)
    }

    @Test("ids depend on the content alone, and tell repetitions apart")
    func identifiers() throws {
        let ids = try entries(Self.document).compactMap { $0["id"] as? String }
        #expect(Set(ids).count == 5)
        #expect(ids[4] == ids[3] + "-2")
        #expect(ids.allSatisfy { $0.utf8.count <= 128 })
        #expect(try entries(Self.document).compactMap { $0["id"] as? String } == ids)
        let onOneLine = String(decoding: Array(Self.document.utf8)[...].withoutJSONSpace, as: UTF8.self)
        #expect(try entries(onOneLine).compactMap { $0["id"] as? String } == ids)
        let changed = Self.document.replacing("Größe", with: "Grösse")
        #expect(try entries(changed).compactMap { $0["id"] as? String }.first != ids.first)
    }

    @Test("the bot is the caller's choice")
    func bot() throws {
        let entry = try #require(try entries(Self.document, har: HARImport(botID: "b-1", botName: nil)).first)
        #expect(entry["bot"] as? [String: String] == ["id": "b-1"])
    }

    @Test("a huge body is cut between characters")
    func hugeBody() throws {
        let text = "x" + String(repeating: "ü", count: 1 << 20)
        let entry = try entries(
            Self.document.replacing("{\\\"ticket\\\":{\\\"subject\\\":\\\"Größe\\\"}}", with: text)
        )[0]
        let body = try #require((entry["request"] as? [String: Any])?["body"] as? String)
        #expect(body.utf8.count == (1 << 20) - 1)
        #expect(body.hasSuffix("ü"))
    }

    @Test(
        "the host tells the application",
        arguments: [
            ("https://acme.zendesk.com/x", .zendesk), ("https://ACME.Freshdesk.com:443/api", .freshdesk),
            ("https://acme.my.salesforce.com/services", .salesforce), ("https://acme.lightning.force.com", .salesforce),
            ("https://sheets.googleapis.com/v4/x", .googleSheets), ("https://drive.googleapis.com/v3", .jsonAPI),
            ("https://www.googleapis.com/calendar/v3/freeBusy", .googleCalendar), ("https://notzendesk.com/", .jsonAPI),
            ("https://platform.clickatell.com/v1/message", .clickatell), ("https://user@api.twilio.com", .twilio),
            ("https://evil.example/?x=api.twilio.com", .jsonAPI), ("https://api.floatchat.example/v2", .floatchat),
        ] as [(String, Application)]
    )
    func applications(url: String, application: Application) {
        #expect(Application(calledURL: url) == application)
    }

    @Test("the hash is FNV-1a of 128 bits")
    func hash() {
        // "a" and the separator byte 0xFF, computed by the algorithm's definition.
        var hash = ContentHash()
        #expect(hash.hexadecimal == "6c62272e07bb014262b821756295c58d")
        hash.add("a")
        #expect(hash.hexadecimal == Self.referenceHash([0x61, 0xFF]))
    }

    /// The same by schoolbook multiplication of bytes, modulo 2^128.
    private static func referenceHash(_ bytes: [UInt8]) -> String {
        let prime: [UInt8] = [0x3B, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0, 0, 0, 0]
        var state: [UInt8] = [
            0x8D, 0xC5, 0x95, 0x62, 0x75, 0x21, 0xB8, 0x62, 0x42, 0x01, 0xBB, 0x07, 0x2E, 0x27, 0x62, 0x6C,
        ]
        for byte in bytes {
            state[0] ^= byte
            var product = [Int](repeating: 0, count: 16)
            for (place, left) in state.enumerated() {
                for (shift, right) in prime.enumerated() where place + shift < 16 {
                    product[place + shift] += Int(left) * Int(right)
                }
            }
            var carry = 0
            for place in 0..<16 {
                carry += product[place]
                state[place] = UInt8(carry & 0xFF)
                carry >>= 8
            }
        }
        return state.reversed().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
