import Domain
import Foundation
import Ingest
import Testing

@Suite("Ids of entries")
struct EntryIDTests {
    @Test("A client's id gives the same UUIDv7 in every run, and by tenant, time and id another")
    func deterministic() throws {
        let entry = EntryFixture.entry(["id": #""e-1""#])
        let id = try #require(try EntryFixture.taken(entry)).log.id
        // SHA-256 of "calltrail-entry", NUL, "7", NUL, "e-1", worked out by hand.
        #expect(id.uuidString.lowercased() == "01a1f7bf-adfa-77d9-abe9-405fe2220773")
        #expect(try EntryFixture.taken(entry)?.log.id == id)
        #expect(try EntryFixture.taken(EntryFixture.entry(["id": #""e-2""#]))?.log.id != id)
        let otherTenant = EntryParser(
            context: EntryContext(
                tenantID: 8,
                now: EntryFixture.now,
                retentionDays: 30,
                redactor: EntryFixture.redactor
            )
        )
        #expect(try otherTenant.parse(Array(entry.utf8), format: .json).entries.first?.log.id != id)
    }

    @Test("Without one, ids differ, are version 7, carry the time, and keep the order of the request")
    func random() throws {
        let entry = EntryFixture.entry(["request": nil, "response": nil])
        let lines = Array(repeating: entry, count: 10_000).joined(separator: "\n")
        let entries = try EntryFixture.parse(lines, .ndjson).entries
        let ids = entries.map(\.log.id.uuidString)
        #expect(Set(ids).count == 10_000)
        #expect(ids == ids.sorted())
        for entry in entries.prefix(100) {
            let bytes = entry.log.id.uuid
            #expect(!entry.isRepeatable)
            #expect(bytes.6 >> 4 == 7 && bytes.8 >> 6 == 0b10)
            let milliseconds = [bytes.0, bytes.1, bytes.2, bytes.3, bytes.4, bytes.5].reduce(Int64(0)) {
                $0 << 8 | Int64($1)
            }
            #expect(milliseconds == entry.log.occurredAt.milliseconds)
        }
    }
}
