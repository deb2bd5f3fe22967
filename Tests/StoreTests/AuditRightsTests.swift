import AuditChain
import Domain
import Foundation
import Postgres
import TestSupport
import Testing

@testable import Store

@Suite struct AuditRightsTests {
    /// Entries are written by one function; nobody changes or deletes one, and nobody but the owner could.
    @Test(arguments: ["calltrail_app", "calltrail_operator", "calltrail_writer"])
    func nobodyAltersTheLog(role: String) async throws {
        let scene = try await AuditScene.make("rights_" + role)
        try await scene.days(2, entriesADay: 3)
        let leaf = "audit_log_" + "\(scene.now.day)".replacing("-", with: "")
        let attempts = [
            "update audit_log set status = 1", "delete from audit_log", "truncate audit_log",
            "insert into audit_log select * from audit_log limit 1", "update \(leaf) set status = 1",
            "delete from \(leaf)", "select * from \(leaf)", "update audit_chain set seq = 1", "delete from audit_chain",
            "update audit_checkpoint set last_hash = last_hash", "delete from audit_checkpoint",
            "update audit_restored set status = 1",
        ]
        let tenant = scene.tenant
        try await scene.store.administer { connection in
            for attempt in attempts {
                let error = #expect(throws: DatabaseError.self, "\(attempt)") {
                    try connection.transaction(
                        TransactionSettings(role: role, local: [("app.tenant_id", "\(tenant)")])
                    ) { transaction in try transaction.script(attempt) }
                }
                #expect(error?.sqlState == "42501", "\(attempt): \(error.map { "\($0)" } ?? "")")
            }
        }
        #expect(try await scene.verify().isIntact)
    }

    @Test func aTenantReadsAndWritesItsOwnLogAlone() async throws {
        let scene = try await AuditScene.make("tenants")
        let other = try await AuditScene.newTenant(in: scene.store, "Other")
        try await scene.append([scene.call("/mine")])
        try await scene.append([scene.call("/theirs")], tenant: other)
        let mine = scene.tenant
        let entry = scene.call()
        await #expect(throws: DatabaseError.self) {
            try await scene.store.database.transaction(in: .tenant(mine)) { transaction in
                try AuditLog.append([entry], tenant: other, transaction)
            }
        }
        for table in ["audit_log", "audit_chain"] {
            let seen = try await scene.store.database.query(
                "select tenant_id from \(identifier: table)", in: .tenant(mine)
            ) {
                row in try row.decode(TenantID.self, at: 0)
            }
            #expect(seen == [mine], "\(table)")
        }
        let page = try await AuditStore(database: scene.store.database, retentionDays: 30).page(
            AuditQuery(), tenant: other, after: nil, limit: 10, now: scene.now)
        #expect(page.entries.map(\.content.path) == ["/theirs"])
    }

    @Test func theInvariantsHold() async throws {
        let scene = try await AuditScene.make("invariants")
        try await scene.days(2, entriesADay: 1)
        _ = try await PartitionStore(database: scene.store.database).create([scene.now.day])
        #expect(try await SchemaChecks(database: scene.store.database, directory: scene.store.sql).problems() == [])
    }

    @Test func daysAreMadeAheadAndOnDemand() async throws {
        let scene = try await AuditScene.make("days")
        let partitions = PartitionStore(database: scene.store.database, family: .audit)
        let today = scene.now.day
        // today came by itself, with the tenant
        #expect(try await partitions.create([today, today.advanced(by: 1)]) == [today.advanced(by: 1)])
        #expect(try await partitions.create([today, today.advanced(by: 1)]).isEmpty)
        #expect(try await partitions.daysAhead(today: today) == 2)
        #expect(try await PartitionStore(database: scene.store.database).leaves().isEmpty)
        try await scene.append([scene.call(daysAgo: 3)])
        #expect(try await partitions.leaves().map(\.day).contains(today.advanced(by: -3)))
    }
}
