import AuditChain
import Domain
import Foundation
import Postgres
import TestSupport
import Testing

@testable import Store

@Suite struct AuditEraseTests {
    @Test func aPersonIsErasedAndTheChainVerifies() async throws {
        let scene = try await AuditScene.make("erase")
        let (person, colleague) = (UUID(), UUID())
        var entries: [NewAuditEntry] = []
        for daysAgo: Int32 in [2, 1, 0] {
            entries.append(scene.call("/v1/users?email=Ann%40example.com", daysAgo: daysAgo, user: colleague))
            entries.append(scene.call("/v1/bots", daysAgo: daysAgo, user: person))
            entries.append(scene.call("/v1/users?email=joann%40example.com", daysAgo: daysAgo, user: colleague))
            var sent = NewAuditEntry(.requestSent, at: scene.now.advanced(bySeconds: -Int64(daysAgo) * 86_400))
            (sent.sender, sent.value) = ("ann@example.com", "bob@example.com")
            entries.append(sent)
            var told = scene.call(daysAgo: daysAgo, user: colleague)
            told.data = "{\"recipients\":[\"ann@example.com\"]}"
            entries.append(told)
        }
        try await scene.append(entries)
        _ = try await scene.chains.checkpoint(daysBefore: scene.now.day, tenant: scene.tenant, signer: scene.signer)
        let other = try await AuditScene.newTenant(in: scene.store, "Other")
        try await scene.append([scene.call(user: person)], tenant: other)

        let erased = try await scene.chains.erase(
            userID: person, email: "Ann@Example.com", tenant: scene.tenant, now: scene.now)
        #expect(erased.entries == 12 && erased.shares == 0)
        let page = try await AuditStore(database: scene.store.database, retentionDays: 30).page(
            AuditQuery(), tenant: scene.tenant, after: nil, limit: 100, now: scene.now)
        let text = "\(page.entries.map(\.content))".lowercased()
        #expect(!text.contains("\"ann") && !text.contains("=ann") && !text.contains(person.uuidString.lowercased()))
        // what a colleague did stays theirs; an address that only ends like it stays
        #expect(page.entries.count { $0.content.userID == colleague } == 9)
        #expect(page.entries.count { $0.content.path == "/v1/users?email=joann%40example.com" } == 3)
        #expect(page.entries.count { $0.isErased } == 12)
        let note = try #require(page.entries.first { $0.content.relatedModel == "audit_log" })
        #expect(note.content.data == #"{"erased_entries":12,"erased_shares":0}"#)
        let verdict = try await scene.verify()
        #expect(verdict.firstBreak == nil)
        #expect(verdict.erasedEntries == 12)
        let offline = try await AuditVerifier.verify(
            scene.chains.export(tenant: scene.tenant).throughJSON(), keys: scene.signer.publicKeys)
        #expect(offline.firstBreak == nil)
        // twice finds nothing more; another tenant's log is not concerned
        let again = try await scene.chains.erase(userID: person, email: nil, tenant: scene.tenant, now: scene.now)
        #expect(again.entries == 0)
        #expect(
            try await scene.count("select count(*) from audit_log where who_hash is not null and tenant_id <> 1") == 0)
        // what was erased can't be put back with other values
        try await scene.alter("update audit_log set who_salt = gen_random_uuid(), who_hash = null where seq = 2")
        #expect(try await scene.verify().firstBreak?.seq == 2)
    }

    @Test func theAddressOfAnAccountIsErasedWithIt() async throws {
        let scene = try await AuditScene.make("erase_account")
        var entry = NewAuditEntry(.loginFailed, at: scene.now)
        entry.value = "owner@example.com"
        try await scene.append([entry, scene.call()])
        let owner = try await scene.store.administer { connection in
            try connection.first("select user_id from app_user") { row in try row.decode(UUID.self, at: 0) } ?? UUID()
        }
        let erased = try await scene.chains.erase(
            userID: owner, email: nil, tenant: scene.tenant, now: scene.now)
        #expect(erased.entries == 1)
        #expect(try await scene.verify().firstBreak == nil)
    }

    @Test func nobodyIsNoPerson() async throws {
        let scene = try await AuditScene.make("erase_nobody")
        try await scene.append([scene.call()])
        for email in [nil, "", "example"] as [String?] {
            await #expect(throws: Problem.self) {
                try await scene.chains.erase(userID: nil, email: email, tenant: scene.tenant, now: scene.now)
            }
        }
        #expect(try await scene.verify().erasedEntries == 0)
    }
}
