import AuditChain
import Domain
import Foundation
import Postgres
import TestSupport
import Testing

@testable import Store

@Suite struct AuditRetentionTests {
    private func directory() -> URL {
        FileManager.default.temporaryDirectory.appending(path: "calltrail-audit-" + UUID().uuidString)
    }

    private func retention(_ scene: AuditScene, days: Int, archive: AuditArchive? = nil) -> AuditRetention {
        AuditRetention(database: scene.store.database, signer: scene.signer, archive: archive, retentionDays: days)
    }

    @Test func droppedDaysAreCoveredByTheirCheckpoints() async throws {
        let scene = try await AuditScene.make("drop")
        try await scene.days(6, entriesADay: 10)
        let outcome = try await retention(scene, days: 3).run(now: scene.now)
        #expect(outcome.kept.isEmpty)
        let firstKept = scene.now.day.advanced(by: -3)
        let days = try await PartitionStore(database: scene.store.database, family: .audit).leaves().map(\.day)
        #expect(days.sorted().first == firstKept)
        let verdict = try await scene.verify(keptFrom: firstKept)
        #expect(verdict.firstBreak == nil)
        #expect(verdict.droppedEntries == 20)
        #expect(verdict.entries == 40)
        // without being told that they may be gone, they are missed
        #expect(try await scene.verify().firstBreak?.kind == .missing)
        // more than what was dropped is missed as well
        try await scene.alter("delete from audit_log where seq = 21")
        let found = try await scene.verify(keptFrom: firstKept).firstBreak
        #expect(found?.kind == .missing)
        #expect(found?.seq == 21)
    }

    /// Verifying asks for ranges of numbers ahead: those of a dropped day, of several ranges' length, hold nothing.
    @Test func aDroppedDayIsPassedOverHoweverLongItWas() async throws {
        let scene = try await AuditScene.make("drop_long")
        let dropped = 3 * Int(AuditChainStore.pageSize)
        try await scene.append((0..<dropped).map { _ in scene.call(daysAgo: 5) })
        try await scene.append((0..<10).map { _ in scene.call(daysAgo: 0) })
        _ = try await retention(scene, days: 3).run(now: scene.now)
        let verdict = try await scene.verify(keptFrom: scene.now.day.advanced(by: -3))
        #expect(verdict.firstBreak == nil)
        #expect(verdict.droppedEntries == Int64(dropped))
        #expect(verdict.entries == 10)
        // an end that nobody would reach by counting
        try await scene.alter("update audit_log set seq = 9223372036854775807 where seq = \(dropped + 10)")
        let found = try await scene.verify(keptFrom: scene.now.day.advanced(by: -3)).firstBreak
        #expect(found?.seq == Int64(dropped) + 10)
    }

    /// Checkpoints are made before a day goes, even if the duty that makes them did not run.
    @Test func noDayGoesWithoutItsCheckpoint() async throws {
        let scene = try await AuditScene.make("drop_unsigned")
        try await scene.append((0..<10).map { _ in scene.call(daysAgo: 5) })
        try await scene.append((0..<10).map { _ in scene.call(daysAgo: 0) })
        _ = try await retention(scene, days: 3).run(now: scene.now)
        #expect(try await scene.count("select count(*) from audit_log") == 10)
        #expect(try await scene.count("select count(*) from audit_checkpoint") == 1)
        #expect(try await scene.verify(keptFrom: scene.now.day.advanced(by: -3)).firstBreak == nil)
    }

    @Test func anAlteredDayStays() async throws {
        let scene = try await AuditScene.make("drop_altered")
        try await scene.append((0..<10).map { _ in scene.call(daysAgo: 5) })
        try await scene.alter("update audit_log set code = 'AAA-0002' where seq = 4")
        let outcome = try await retention(scene, days: 3).run(now: scene.now)
        #expect(outcome.kept.contains { $0.contains("seq 4") })
        #expect(try await scene.count("select count(*) from audit_log") == 10)
    }

    @Test func nothingIsAppendedToADayOnItsWayOut() async throws {
        let scene = try await AuditScene.make("drop_closed")
        try await scene.days(5, entriesADay: 5)
        // a reader keeps the day from being detached
        let reader = try await PostgresConnection.connect(scene.store.administrator)
        try await reader.script("begin; select count(*) from audit_log")
        let outcome = try await retention(scene, days: 3).run(now: scene.now)
        #expect(outcome.steps.contains { if case .postponed = $0 { true } else { false } })
        let refusal = await #expect(throws: (any Error).self) { try await scene.append([scene.call(daysAgo: 4)]) }
        #expect(refusal.map { Problem($0).code } == .unavailable)
        try await reader.script("commit")
        await reader.close()
        _ = try await retention(scene, days: 3).run(now: scene.now)
        #expect(try await scene.verify(keptFrom: scene.now.day.advanced(by: -3)).firstBreak == nil)
    }

    @Test func anArchivedDayComesBackAsItWas() async throws {
        let scene = try await AuditScene.make("archive")
        let other = try await AuditScene.newTenant(in: scene.store, "Other")
        var generator = SystemRandomNumberGenerator()
        let old = scene.now.advanced(bySeconds: -5 * 86_400)
        let entries = (0..<700).map { NewAuditEntry.random(at: old.advanced(bySeconds: $0), using: &generator) }
        try await scene.append(entries)
        try await scene.append([scene.call(daysAgo: 5), scene.call(daysAgo: 5)], tenant: other)
        try await scene.append([scene.call()])
        let archive = AuditArchive(directory: directory())
        defer { try? FileManager.default.removeItem(at: archive.directory) }

        let outcome = try await retention(scene, days: 3, archive: archive).run(now: scene.now)
        let manifest = try #require(outcome.archived.first)
        #expect(manifest.entries == 702)
        #expect(manifest.tenants == 2)
        #expect(try archive.manifest(of: old.day) == manifest)
        #expect(try await scene.count("select count(*) from audit_log") == 1)

        let restore = AuditRestore(database: scene.store.database)
        #expect(try await restore.restore(old.day, from: archive, keys: scene.signer.publicKeys) == 702)
        #expect(try await restore.restore(old.day, from: archive, keys: scene.signer.publicKeys) == 0)
        let audit = AuditStore(database: scene.store.database, retentionDays: 3)
        var query = AuditQuery()
        #expect(
            try await audit.page(query, tenant: scene.tenant, after: nil, limit: 500, now: scene.now).entries.count == 1
        )
        query.includesRestored = true
        var found: [AuditEntry] = []
        var position: AuditPosition?
        repeat {
            let page = try await audit.page(query, tenant: scene.tenant, after: position, limit: 300, now: scene.now)
            found += page.entries
            position = page.next
        } while position != nil
        #expect(found.count == 701)
        #expect(found.dropFirst().map(\.content) == entries.reversed())
        #expect(found.map(\.isRestored) == [false] + Array(repeating: true, count: 700))
        // the log itself is as it was
        #expect(try await scene.verify(keptFrom: scene.now.day.advanced(by: -3)).firstBreak == nil)
        #expect(try await restore.forget(old.day) == 702)
    }

    @Test func anAlteredArchiveIsRefused() async throws {
        let scene = try await AuditScene.make("archive_altered")
        try await scene.append((0..<50).map { _ in scene.call(daysAgo: 5) })
        let archive = AuditArchive(directory: directory())
        defer { try? FileManager.default.removeItem(at: archive.directory) }
        _ = try await retention(scene, days: 3, archive: archive).run(now: scene.now)
        let day = scene.now.day.advanced(by: -5)
        let restore = AuditRestore(database: scene.store.database)
        // signed with another key
        await #expect(throws: AuditRestore.NotIntact.self) {
            try await restore.restore(
                day, from: archive, keys: AuditSigner(seeds: [Array(repeating: 1, count: 32)]).publicKeys)
        }
        // a byte
        let whole = try Data(contentsOf: archive.file(of: day))
        var altered = whole
        altered[altered.count / 2] ^= 1
        try altered.write(to: archive.file(of: day))
        await #expect(throws: AuditArchive.Damaged.self) {
            try await restore.restore(day, from: archive, keys: scene.signer.publicKeys)
        }
        // cut
        try whole.dropLast(20).write(to: archive.file(of: day))
        await #expect(throws: AuditArchive.Damaged.self) {
            try await restore.restore(day, from: archive, keys: scene.signer.publicKeys)
        }
        #expect(try await scene.count("select count(*) from audit_restored") == 0)
        try whole.write(to: archive.file(of: day))
        #expect(try await restore.restore(day, from: archive, keys: scene.signer.publicKeys) == 50)
    }
}
