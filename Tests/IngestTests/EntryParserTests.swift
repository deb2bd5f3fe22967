import Domain
import Foundation
import Ingest
import Testing

@Suite("A request's layout")
struct EntryParserTests {
    @Test("A full entry is taken with all of its members")
    func fullEntry() throws {
        let request = try EntryFixture.parse(EntryFixture.entry(["id": #""e-1""#]))
        let entry = try #require(request.entries.first)
        #expect(request.isSingleObject)
        #expect(request.total == 1)
        #expect(request.entryIndexes == [0])
        #expect(request.issues.isEmpty)
        #expect(entry.isRepeatable)
        #expect(entry.log.occurredAt.description == "2026-11-20T06:58:16.698Z")
        #expect(entry.log.application == .zendesk)
        #expect(entry.log.bot == BotReference(id: "support-bot", name: "Support bot"))
        #expect(entry.log.source == .flow(path: "Main flow / Create ticket", nodeID: "n-42"))
        #expect(entry.log.user == EndUser(id: "u-7", name: "end user 7"))
        #expect(entry.log.method == .post)
        #expect(entry.log.url == "https://acme.zendesk.com/api/v2/tickets.json")
        #expect(entry.log.statusCode == 503)
        #expect(entry.log.status == .error)
        #expect(entry.log.durationMilliseconds == 812)
        #expect(entry.log.error == CallError(type: "provider_down", message: "It is down."))
        #expect(entry.log.connectionID == "c-1")
        #expect(entry.log.attempt == 1)
        #expect(entry.exchange.clientID == "e-1")
        #expect(entry.exchange.request.headers == [HeaderField(name: "Content-Type", value: "application/json")])
        #expect(entry.exchange.request.body == CapturedBody(bytes: Array(#"{"a":1}"#.utf8)))
        #expect(EntryFixture.text(entry.exchange.response.body) == "down")
    }

    @Test("Only the five required members are needed; null is as good as absent")
    func requiredMembersOnly() throws {
        let least =
            #"{"application":"c2e","bot":{"id":"b"},"method":"C2E","url":"mailto:a@b.example","status_code":200}"#
        let log = try #require(try EntryFixture.taken(least)).log
        #expect(log.occurredAt == EntryFixture.now)
        #expect(log.status == .success)
        #expect(log.source == nil && log.user == nil && log.error == nil)
        let optional = [
            "id", "occurred_at", "source", "user", "duration_ms", "request", "response", "outcome", "error",
            "connection_id", "attempt",
        ]
        let nulls = EntryFixture.entry(Dictionary(uniqueKeysWithValues: optional.map { ($0, "null") }))
        #expect(try EntryFixture.parse(nulls).entries.count == 1)
    }

    @Test("NDJSON: blank lines, CRLF and a missing last line break do not matter; a bad line spares the others")
    func lines() throws {
        let good = EntryFixture.entry()
        let text = "\u{FEFF}\(good)\r\n\r\n  \n\(good)\n{\"application\": \n[\(good)]\n\(good)"
        let request = try EntryFixture.parse(text, .ndjson)
        #expect(request.total == 5)
        #expect(request.entryIndexes == [0, 1, 4])
        #expect(request.issues.map(\.index) == [2, 3])
        #expect(request.issues.map(\.code) == [.malformedJSON, .wrongType])
        #expect(request.issues.first?.detail.contains("line 5") == true)
        #expect(!request.isSingleObject)
    }

    @Test("Entry 500 of 1,000 malformed: an array is refused with the place, NDJSON loses one entry")
    func malformedInTheMiddle() throws {
        let good = EntryFixture.entry()
        for bad in [#"{"application": }"#, #"{"application":"zendesk"#, "nope", #"{"a":1]}"#, ""] {
            var entries = Array(repeating: good, count: 1000)
            entries[500] = bad
            let array = "[\(entries.joined(separator: ",\n"))]"
            let issue = #expect(throws: RequestIssue.self) { try EntryFixture.parse(array) }
            #expect(issue?.kind == .malformedJSON)
            #expect(issue?.entryIndex == 500, "\(bad): \(issue?.detail ?? "")")
            let start = 1 + 500 * (good.utf8.count + 2)
            #expect((start...(start + 60)).contains(issue?.offset ?? 0), "\(bad): \(issue?.detail ?? "")")
            guard !bad.isEmpty else { continue }
            let request = try EntryFixture.parse(entries.joined(separator: "\n"), .ndjson)
            #expect(request.entries.count == 999)
            #expect(request.issues.map(\.index) == [500])
            #expect(request.issues.map(\.code) == [.malformedJSON])
        }
    }

    @Test(
        "A body that is no list of entries is refused",
        arguments: [
            ("", RequestIssue.Kind.emptyBody), (" \n", .emptyBody), ("42", .notEntries), ("\"text\"", .notEntries),
            ("nope", .malformedJSON), ("{\"a\":1", .malformedJSON), ("[1,]", .malformedJSON), ("[,1]", .malformedJSON),
            ("[{}] x", .malformedJSON), ("[{}", .malformedJSON), ("]", .malformedJSON),
            ("{\"a\":\"\n\"}", .malformedJSON),
            ("{\"a\":01}", .malformedJSON), ("{\"a\":\"\\x\"}", .malformedJSON), ("{'a':1}", .malformedJSON),
        ]
    )
    func refused(text: String, kind: RequestIssue.Kind) {
        let issue = #expect(throws: RequestIssue.self) { try EntryFixture.parse(text) }
        #expect(issue?.kind == kind, "\(issue?.detail ?? "")")
    }

    @Test("Objects one after the other are no JSON, and the answer says what to send")
    func concatenated() {
        let text = EntryFixture.entry() + "\n" + EntryFixture.entry()
        let issue = #expect(throws: RequestIssue.self) { try EntryFixture.parse(text) }
        #expect(issue?.kind == .malformedJSON)
        #expect(issue?.detail.contains("application/x-ndjson") == true)
    }

    @Test("10,000 entries are taken, 11,000 are refused, in either format")
    func tooMany() throws {
        let entry = EntryFixture.entry(["request": nil, "response": nil])
        for (separator, format) in [(",", EntryFormat.json), ("\n", .ndjson)] {
            func body(_ count: Int) -> String {
                let entries = Array(repeating: entry, count: count).joined(separator: separator)
                return format == .json ? "[\(entries)]" : entries
            }
            #expect(try EntryFixture.parse(body(10_000), format).entries.count == 10_000)
            let issue = #expect(throws: RequestIssue.self) { try EntryFixture.parse(body(11_000), format) }
            #expect(issue?.kind == .tooManyEntries)
        }
        #expect(try EntryFixture.parse("[ ]").total == 0)
    }

    @Test("100,000 levels of nesting cost one entry, not the process", arguments: ["[", "{\"a\":"])
    func deepNesting(opening: String) throws {
        let deep = String(repeating: opening, count: 100_000)
        let closed = deep + "1" + String(repeating: opening == "[" ? "]" : "}", count: 100_000)
        let entry = EntryFixture.entry(["extra": closed])
        let good = EntryFixture.entry()
        let lines = try EntryFixture.parse("\(good)\n\(entry)\n\(good)", .ndjson)
        #expect(lines.entries.count == 2)
        #expect(lines.issues.map(\.code) == [.tooDeep])
        let array = try EntryFixture.parse("[\(good),\(entry),\(good)]")
        #expect(array.entryIndexes == [0, 2])
        #expect(array.issues.map(\.code) == [.tooDeep])
        #expect(throws: RequestIssue.self) { try EntryFixture.parse(deep) }
    }

    @Test("Elements of any spacing are found; strings may hold brackets, quotes and backslashes")
    func splitting() throws {
        let tricky = EntryFixture.entry(["request": #"{"body":"]},{[\\\"\\\\"}"#])
        let request = try EntryFixture.parse(" \n[ \(tricky)\t,\r\n\(tricky) ] \n")
        #expect(request.entries.count == 2)
        #expect(EntryFixture.text(request.entries.last?.exchange.request.body) == #"]},{[\"\\"#)
    }

    @Test("Whatever is cut off or flipped, the parser answers")
    func damagedBodies() throws {
        let bytes = Array("[\(EntryFixture.entry()),\(EntryFixture.entry(["id": "\"x\""]))]".utf8)
        var generator = SystemRandomNumberGenerator()
        for round in 0..<3000 {
            var damaged = bytes
            if round.isMultiple(of: 3) {
                damaged.removeLast(Int.random(in: 1..<bytes.count, using: &generator))
            } else {
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    damaged[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
                        in: 0...255,
                        using: &generator
                    )
                }
            }
            for format in [EntryFormat.json, .ndjson] {
                do {
                    let request = try EntryFixture.parser.parse(damaged, format: format)
                    #expect(request.entries.count + request.unreachable + request.rejected == request.total)
                } catch {
                    #expect(error.kind != .outOfMemory)
                }
            }
        }
    }

    @Test("10,000 malformed lines are told apart in time", .timeLimit(.minutes(10)))
    func manyMalformedLines() throws {
        let lines = Array(repeating: String(repeating: "x", count: 500), count: 10_000).joined(separator: "\n")
        let request = try EntryFixture.parse(lines, .ndjson)
        #expect(request.rejected == 10_000)
        #expect(request.issues.last?.detail.contains("line 10000") == true)
    }
}
