import Domain
import Foundation
import Ingest
import Testing

@Suite("Text that is no text")
struct CapturedTextTests {
    /// An entry of which one string holds raw bytes.
    private static func entry(_ changes: [String: String], replacing placeholder: String, by bytes: [UInt8]) -> [UInt8]
    {
        let text = EntryFixture.entry(changes)
        guard let range = text.range(of: placeholder) else { return Array(text.utf8) }
        return Array(text[..<range.lowerBound].utf8) + bytes + Array(text[range.upperBound...].utf8)
    }

    @Test(
        "NUL, lone surrogates and invalid UTF-8 in a body become U+FFFD, and only that body is marked",
        arguments: [
            (Array(#"\u0000"#.utf8), 1), ([0], 1), (Array(#"\ud800"#.utf8), nil), (Array(#"\udc00"#.utf8), nil),
            (Array(#"\ud800\u0041"#.utf8), nil), ([0xFF], 1), ([0xC0, 0x80], 2), ([0xED, 0xA0, 0x80], 3),
            ([0xE2, 0x82], 2),
            ([0xF5, 0x80, 0x80, 0x80], 4),
        ] as [([UInt8], Int?)]
    )
    func bodies(bytes: [UInt8], size: Int?) throws {
        let body = Self.entry(["request": #"{"body":"aé@@z","headers":{"X":"@@"}}"#], replacing: "@@", by: bytes)
        for (format, text) in [
            (EntryFormat.json, body), (.ndjson, body), (.json, [UInt8(ascii: "[")] + body + [UInt8(ascii: "]")]),
        ] {
            let request = try EntryFixture.parser.parse(text, format: format)
            let exchange = try #require(request.entries.first).exchange
            let captured = try #require(exchange.request.body)
            #expect(captured.sanitized)
            let string = try #require(String(validating: captured.bytes, as: UTF8.self))
            #expect(string.hasPrefix("aé\u{FFFD}") && string.hasSuffix("z"))
            #expect(!string.unicodeScalars.contains { $0.value == 0xFDD0 } && !captured.bytes.contains(0))
            if let size { #expect(captured.originalSize == 4 + size) }
            #expect(exchange.response.body?.sanitized == false)
            #expect(exchange.request.headers == [HeaderField(name: "X", value: "@@")])
        }
    }

    @Test("A pair of surrogates is a character, Hangul is no surrogate, and U+FFFD itself is text")
    func honestText() throws {
        let entry = EntryFixture.entry(["request": #"{"body":"\ud83d\ude00 한국어 \ufffd"}"#])
        let body = try #require(try EntryFixture.taken(entry)?.exchange.request.body)
        #expect(EntryFixture.text(body) == "😀 한국어 \u{FFFD}")
        #expect(!body.sanitized)
    }

    @Test("A command is mended as a whole, and its body marked")
    func command() throws {
        let entry = EntryFixture.entry(["request": #"{"curl":"curl https://a.example -d 'a\u0000b'"}"#])
        let body = try #require(try EntryFixture.taken(entry)?.exchange.request.body)
        #expect(EntryFixture.text(body) == "a\u{FFFD}b")
        #expect(body.sanitized)
    }

    @Test("Names, paths, messages and headers are mended too")
    func names() throws {
        let entry = try #require(
            try EntryFixture.taken(
                EntryFixture.entry([
                    "bot": #"{"id":"b","name":"N\u0000"}"#, "source": #"{"type":"flow","path":"P\ud800"}"#,
                    "error": #"{"message":"M\u0000"}"#, "response": #"{"headers":{"H\u0000":"V\udfff"}}"#,
                ])
            )
        )
        #expect(entry.log.bot.name == "N\u{FFFD}")
        #expect(entry.log.source == .flow(path: "P\u{FFFD}", nodeID: nil))
        #expect(entry.log.error?.message == "M\u{FFFD}")
        #expect(entry.exchange.response.headers == [HeaderField(name: "H\u{FFFD}", value: "V\u{FFFD}")])
    }

    @Test(
        "In an id there is nothing to mend",
        arguments: [
            ("id", #""a\u0000""#, "/id"), ("id", #""a\ud800""#, "/id"), ("bot", #"{"id":"a\u0000"}"#, "/bot/id"),
            ("user", #"{"id":"a\u0000"}"#, "/user/id"), ("connection_id", #""a\u0000""#, "/connection_id"),
            ("source", #"{"type":"flow","node_id":"a\udc00"}"#, "/source/node_id"),
            ("url", #""https://a.example/\u0000""#, "/url"), ("url", #""https://a.example/\n""#, "/url"),
        ]
    )
    func identifiers(member: String, value: String, pointer: String) throws {
        #expect(try EntryFixture.issues([member: value]) == ["\(pointer) invalid_character"])
    }

    @Test("Bytes in a URL that are no UTF-8 lose nothing but themselves")
    func urls() throws {
        let body = Self.entry(["url": #""https://a.example/?q=@@""#], replacing: "@@", by: [0xE9])
        let url = try EntryFixture.parser.parse(body, format: .json).entries.first?.log.url
        #expect(url == "https://a.example/?q=\u{FFFD}")
    }

    @Test("A number beyond every type, in a member nobody knows, does not cost the entry")
    func largeNumbers() throws {
        for number in ["123456789012345678901234567890", "-1e999", "1E+400", "18446744073709551616", "1e-999"] {
            #expect(try EntryFixture.issues(["extra": number]) == [])
        }
        #expect(throws: RequestIssue.self) { try EntryFixture.issues(["extra": "01"]) }
    }

    @Test("A body of 2 MB is cut to 256 KiB between characters, and its size is kept")
    func largeBody() throws {
        let text = "a" + String(repeating: "€", count: 700_000)
        let entry = EntryFixture.entry(["request": "{\"body\":\"\(text)\"}"])
        let body = try #require(try EntryFixture.taken(entry)?.exchange.request.body)
        #expect(body.truncated && !body.sanitized)
        #expect(body.originalSize == 2_100_001)
        #expect(body.bytes.count == 1 + 3 * ((256 * 1024 - 1) / 3))
        #expect(String(validating: body.bytes, as: UTF8.self) != nil)
    }

    @Test("A secret across the cut does not get through")
    func secretAcrossTheCut() throws {
        let start = String(repeating: "x", count: 256 * 1024 - 30)
        let entry = EntryFixture.entry(["request": #"{"body":"\#(start){\"password\":\"correct horse battery\"}"}"#])
        let body = try #require(try EntryFixture.taken(entry)?.exchange.request.body)
        #expect(body.truncated && body.bytes.count == 256 * 1024)
        #expect(EntryFixture.text(body)?.contains("correct") == false)
    }

    @Test("A header's value: text, several texts, a number; a huge one is cut")
    func headerValues() throws {
        let headers = #"{"A":"x","B":["y","z"],"C":12,"X-Token":12,"D":true,"E":null}"#
        let exchange = try #require(
            try EntryFixture.taken(EntryFixture.entry(["response": "{\"headers\":\(headers)}"]))
        ).exchange
        let pairs = exchange.response.headers.map { "\($0.name)=\($0.value)" }.sorted()
        #expect(pairs == ["A=x", "B=y", "B=z", "C=12", "D=true", "X-Token=[redacted len=2 fp=7bbcb6]"])
        let huge = EntryFixture.entry(["response": "{\"headers\":{\"H\":\"\(String(repeating: "h", count: 20_000))\"}}"]
        )
        let value = try EntryFixture.taken(huge)?.exchange.response.headers.first?.value
        #expect(value?.hasSuffix("h [cut from 20000 bytes]") == true)
    }
}
