import AuditChain
import Domain
import Foundation
import Testing

/// The state machine by itself, over chains made here.
@Suite struct AuditVerifierTests {
    private let tenant = TenantID(rawValue: 3)
    private let signer = AuditSigner(seeds: [Array(repeating: 4, count: 32)])

    /// A chain of some entries, so many a day.
    private func chain(_ count: Int, aDay: Int) -> [AuditRecord] {
        var records: [AuditRecord] = []
        for number in 0..<count {
            let time = Timestamp(microseconds: Int64(20_000 + number / aDay) * Day.microseconds + Int64(number))
            var record = AuditRecord(
                tenant: tenant, seq: Int64(number + 1), occurredAt: time, id: UUID(), code: "AAA-0010",
                previousHash: records.last?.hash ?? .start, hash: .start)
            record.path = "/v1/\(number)"
            record.userID = UUID()
            record.whoSalt = UUID()
            record.hash = record.computedHash
            records.append(record)
        }
        return records
    }

    private func checkpoints(_ records: [AuditRecord]) throws -> [AuditCheckpoint] {
        try Dictionary(grouping: records, by: \.occurredAt.day).values.map { day in
            let (first, last) = (try #require(day.first), try #require(day.last))
            return try signer.sign(
                AuditCheckpoint(
                    tenant: tenant, day: first.occurredAt.day, firstSeq: first.seq, lastSeq: last.seq,
                    firstPreviousHash: first.previousHash.bytes, lastHash: last.hash.bytes))
        }
    }

    private func verdict(
        _ records: [AuditRecord], of whole: [AuditRecord], coverage: AuditVerifier.Coverage = .init()
    ) throws -> AuditVerdict {
        let last = try #require(whole.last)
        let signed = try checkpoints(whole.filter { $0.occurredAt.day < last.occurredAt.day })
        let head = AuditHead(
            seq: last.seq, hash: last.hash, checkpointSeq: signed.map(\.lastSeq).max() ?? 0)
        var verifier = AuditVerifier(
            tenant: tenant, keys: signer.publicKeys, checkpoints: signed, head: head, coverage: coverage)
        for record in records where record.seq >= verifier.firstSeq && record.seq <= verifier.lastSeq {
            guard verifier.consume(record.link) else { break }
        }
        return verifier.finish()
    }

    @Test func anIntactChainIsIntact() throws {
        let records = chain(50, aDay: 10)
        let verdict = try verdict(records, of: records)
        #expect(verdict.firstBreak == nil)
        #expect(verdict.entries == 50)
        #expect(verdict.uncoveredEntries == 10)
    }

    /// Whichever entry is taken away, it is missed by its number.
    @Test func everyMissingEntryIsNamed() throws {
        let records = chain(30, aDay: 10)
        for index in records.indices {
            var rest = records
            rest.remove(at: index)
            let found = try verdict(rest, of: records).firstBreak
            #expect(found?.seq == Int64(index + 1))
            #expect(found?.kind == (index == 29 ? .truncated : .missing))
        }
    }

    @Test func everyExchangeIsNamed() throws {
        let records = chain(12, aDay: 5)
        for first in records.indices {
            for second in records.indices where first < second {
                var exchanged = records
                exchanged.swapAt(first, second)
                (exchanged[first].seq, exchanged[second].seq) = (records[first].seq, records[second].seq)
                let found = try verdict(exchanged, of: records).firstBreak
                #expect(found?.kind == .reordered)
                #expect(found?.seq == Int64(first + 1))
            }
        }
    }

    /// Any change of any field of any entry is found there.
    @Test func everyChangeIsNamed() throws {
        let records = chain(9, aDay: 3)
        let changes: [(inout AuditRecord) -> Void] = [
            { $0.code = "AAA-0001" }, { $0.path = nil }, { $0.method = "" }, { $0.status = 0 },
            { $0.apiKeyID = UUID() },
            { $0.requestID = "x" }, { $0.userID = nil }, { $0.whoSalt = UUID() }, { $0.whoSalt = nil },
            { $0.sender = "x" }, { $0.data = "x" }, { $0.value = "" }, { $0.whatSalt = UUID() },
            { $0.whatHash = $0.hash },
            { $0.occurredAt = $0.occurredAt.advanced(bySeconds: 1) }, { $0.tenant = TenantID(rawValue: 4) },
            { $0.id = UUID() },
            {
                $0.contentType = $0.path; $0.path = nil
            }, { $0.previousHash = $0.hash },
        ]
        for index in records.indices {
            for (number, change) in changes.enumerated() {
                var altered = records
                change(&altered[index])
                let found = try verdict(altered, of: records).firstBreak
                #expect(found?.kind == .changed, "change \(number)")
                #expect(found?.seq == Int64(index + 1), "change \(number)")
            }
        }
    }

    @Test func partsOfAChainCanBeVerified() throws {
        let records = chain(50, aDay: 10)
        var coverage = AuditVerifier.Coverage()
        (coverage.from, coverage.through) = (Day(number: 20_001), Day(number: 20_002))
        #expect(try verdict(records, of: records, coverage: coverage).entries == 20)
        #expect(try verdict(records, of: records, coverage: coverage).isIntact)
        var altered = records
        altered[5].code = "AAA-0001"
        #expect(try verdict(altered, of: records, coverage: coverage).isIntact)
        altered[15].code = "AAA-0001"
        #expect(try verdict(altered, of: records, coverage: coverage).firstBreak?.seq == 16)
        #expect(try verdict(Array(records[..<25]), of: records, coverage: coverage).firstBreak?.kind == .truncated)
    }

    @Test func aTenantThatFellSilentIsIntactWhenAllItsDaysAreDropped() throws {
        let records = chain(20, aDay: 10)
        let signed = try checkpoints(records)
        var coverage = AuditVerifier.Coverage()
        coverage.keptFrom = Day(number: 20_030)
        let head = AuditHead(seq: 20, hash: records[19].hash, checkpointSeq: 20)
        var verifier = AuditVerifier(
            tenant: tenant, keys: signer.publicKeys, checkpoints: signed, head: head, coverage: coverage)
        let verdict = verifier.finish()
        #expect(verdict.firstBreak == nil)
        #expect(verdict.droppedEntries == 20)
    }

    @Test func linesSurviveTheirText() throws {
        var record = chain(1, aDay: 1)[0]
        record.data = "\u{1}\"\\\n👩‍👩‍👧/</script>"
        record.whatHash = record.hash
        let checkpoint = try checkpoints([record])[0]
        let head = AuditHead(seq: 1, hash: record.hash, checkpointSeq: 1)
        for line in [AuditLine.entry(record), .checkpoint(checkpoint), .head(tenant, head)] {
            var bytes: [UInt8] = []
            try line.write(to: &bytes)
            #expect(bytes.count { $0 == UInt8(ascii: "\n") } == 1)
            #expect(try AuditLine(json: bytes) == line)
        }
        for text in [
            "", "{}", "[]", "{\"type\":\"other\",\"tenant\":1}", "{\"type\":\"head\",\"tenant\":1,\"seq\":\"1\"}",
        ] {
            #expect(throws: AuditLine.Invalid.self) { try AuditLine(json: Array(text.utf8)) }
        }
    }
}
