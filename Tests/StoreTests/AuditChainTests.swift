import AuditChain
import Domain
import Foundation
import Postgres
import TestSupport
import Testing

@testable import Store

@Suite struct AuditChainTests {
    @Test func aChainIsIntactAsItWasWritten() async throws {
        let scene = try await AuditScene.make("intact")
        #expect(try await scene.verify().isIntact)
        try await scene.days(4, entriesADay: 20)
        let verdict = try await scene.verify()
        #expect(verdict.firstBreak == nil)
        #expect(verdict.entries == 80)
        #expect(verdict.checkpoints == 3)
        #expect(verdict.uncoveredEntries == 20)
        #expect(verdict.coveredThrough == scene.now.day.advanced(by: -1))
    }

    /// What the database hashes is what the program hashes, whatever stands in an entry.
    @Test func bothHalvesOfTheCanonicalFormAgree() async throws {
        let scene = try await AuditScene.make("canonical")
        var generator = SystemRandomNumberGenerator()
        var entries = (0..<400).map { NewAuditEntry.random(at: scene.now.advanced(bySeconds: $0), using: &generator) }
        entries[17].data = String(repeating: "1 MB 日本 ", count: 80_000)
        entries[18].data = String(repeating: "y", count: 1 << 20)
        try await scene.append(entries)
        // one way by the server's own bytes, the other by values that were read, written as JSON, and read again
        let verdict = try await scene.verify()
        #expect(verdict.firstBreak == nil)
        #expect(verdict.entries == 400)
        let offline = try await AuditVerifier.verify(
            scene.chains.export(tenant: scene.tenant).throughJSON(), keys: scene.signer.publicKeys)
        #expect(offline.firstBreak == nil)
        #expect(offline.entries == 400)
    }

    @Test func entriesComeBackAsTheyWereGiven() async throws {
        let scene = try await AuditScene.make("round")
        var generator = SystemRandomNumberGenerator()
        let entries = (0..<60).map { NewAuditEntry.random(at: scene.now.advanced(bySeconds: $0), using: &generator) }
        try await scene.append(entries)
        let page = try await AuditStore(database: scene.store.database, retentionDays: 30).page(
            AuditQuery(), tenant: scene.tenant, after: nil, limit: 100, now: scene.now)
        #expect(page.entries.map(\.content) == entries.reversed())
        #expect(page.entries.map(\.seq) == (1...60).reversed())
    }

    @Test func textsAreKeptAsFarAsTheyCanBe() async throws {
        let scene = try await AuditScene.make("limits")
        var entry = scene.call("/a\0b")
        entry.value = String(repeating: "é", count: 1000)
        entry.data = String(repeating: "z", count: 3 << 20)
        try await scene.append([entry])
        let page = try await AuditStore(database: scene.store.database, retentionDays: 30).page(
            AuditQuery(), tenant: scene.tenant, after: nil, limit: 1, now: scene.now)
        let kept = try #require(page.entries.first).content
        #expect(kept.path == "/a\u{FFFD}b")
        #expect(kept.value == String(repeating: "é", count: 512))
        #expect(kept.data?.utf8.count == 1 << 20)
    }

    /// Many writers of the same chains at once: no number twice, none left out, no fork.
    @Test func writersTakeTurns() async throws {
        let scene = try await AuditScene.make("writers")
        let other = try await AuditScene.newTenant(in: scene.store, "Other")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<6 {
                group.addTask {
                    for batch in 0..<10 {
                        let entries = (0..<7).map { number in
                            AuditLog.TenantEntry(
                                tenant: (writer + number).isMultiple(of: 2) ? scene.tenant : other,
                                entry: scene.call("/w\(writer)/\(batch)/\(number)"))
                        }
                        try await scene.log.append(entries)
                    }
                }
                group.addTask {
                    for number in 0..<10 {
                        let entry = scene.call("/tx\(writer)/\(number)")
                        try await scene.store.database.transaction(in: .tenant(scene.tenant)) { transaction in
                            try AuditLog.append([entry], tenant: scene.tenant, transaction)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await scene.count("select count(*) from audit_log") == 480)
        for tenant in [scene.tenant, other] {
            let verdict = try await scene.chains.verify(tenant: tenant, keys: [])
            #expect(verdict.firstBreak == nil)
            #expect(verdict.entries == verdict.lastSeq)
        }
    }

    @Test func whatIsRolledBackLeavesNoGap() async throws {
        let scene = try await AuditScene.make("rollback")
        struct Undone: Error {}
        try await scene.append([scene.call()])
        let entry = scene.call("/undone")
        await #expect(throws: Undone.self) {
            try await scene.store.database.transaction(in: .tenant(scene.tenant)) { transaction in
                try AuditLog.append([entry], tenant: scene.tenant, transaction)
                throw Undone()
            }
        }
        try await scene.append([scene.call()])
        #expect(try await scene.verify().lastSeq == 2)
        #expect(try await scene.verify().isIntact)
    }

    /// Batches of two processes, and calls of the last second before midnight, mix days: each stretch has its checkpoint.
    @Test func daysMayComeInTurns() async throws {
        let scene = try await AuditScene.make("turns")
        for daysAgo: Int32 in [2, 1, 2, 1, 0, 1, 0] {
            try await scene.append([scene.call(daysAgo: daysAgo), scene.call(daysAgo: daysAgo)])
        }
        let (made, verdict) = try await scene.chains.checkpoint(
            daysBefore: scene.now.day, tenant: scene.tenant, signer: scene.signer)
        #expect(verdict.isIntact)
        #expect(made.map(\.entries) == [2, 2, 2, 2, 2, 2])
        #expect(try await scene.verify().firstBreak == nil)
        #expect(try await scene.verify().uncoveredEntries == 2)
        // a straggler of a day that has its checkpoints gets one of its own
        try await scene.append([scene.call(daysAgo: 1)])
        let again = try await scene.chains.checkpoint(
            daysBefore: scene.now.day, tenant: scene.tenant, signer: scene.signer)
        #expect(again.made.map(\.day) == [scene.now.day, scene.now.day.advanced(by: -1)])
        #expect(try await scene.verify().uncoveredEntries == 0)
    }

    @Test func anOlderKeysCheckpointsAreSignedAnew() async throws {
        let scene = try await AuditScene.make("anew")
        try await scene.days(3, entriesADay: 2)
        let newer = AuditSigner(seeds: [Array(repeating: 8, count: 32), Array(repeating: 7, count: 32)])
        #expect(try await scene.chains.signAnew(tenant: scene.tenant, signer: newer) == 2)
        #expect(try await scene.chains.signAnew(tenant: scene.tenant, signer: newer) == 0)
        let key = try #require(newer.publicKeys.first)
        #expect(try await scene.chains.verify(tenant: scene.tenant, keys: [key]).isIntact)
        #expect(try await scene.verify().firstBreak?.kind == .checkpointForged)
    }
}

extension AuditLine {
    /// Written and read again.
    func throughJSON() throws -> AuditLine {
        var bytes: [UInt8] = []
        try write(to: &bytes)
        return try AuditLine(json: bytes)
    }
}

extension AsyncSequence where Element == AuditLine {
    /// Each line written and read again.
    func throughJSON() -> AsyncThrowingMapSequence<Self, AuditLine> { map { try $0.throughJSON() } }
}
