import Domain
import Foundation
import Logging
import Postgres
import Store
import TestSupport
import Testing

// one at a time: roles are the cluster's, and one test breaks them on purpose
@Suite(.serialized) struct SchemaTests {
    @Test func migratesOnceAndRefusesChangedMigrations() async throws {
        let store = try await TestStore.make("store_migrator")
        #expect(try await store.migrator.pending().isEmpty)
        #expect(try await store.migrator.migrate().isEmpty)

        try await store.administer { connection in
            try connection.execute("update schema_migration set checksum = '\\x00' where name = '0001_tenants'")
        }
        await #expect(throws: Migrator.Failure.self) { try await store.migrator.migrate() }
    }

    @Test func twoMigratorsAtOnceBothSucceed() async throws {
        let store = try await TestStore.make("store_migrators", migrates: false)
        let migrator = store.migrator
        async let first = migrator.migrate()
        async let second = migrator.migrate()
        let applied = try await [first, second]
        #expect(applied.map(\.isEmpty).sorted { !$0 && $1 } == [false, true])
    }

    @Test func aSuperuserMigratesForTheOwner() async throws {
        let store = try await TestStore.make("store_superuser", migrates: false)
        let administrators = Database(configuration: store.administrator, connections: 2, logger: .init(label: "test"))
        _ = try await Migrator(database: administrators, directory: store.sql).migrate()
        #expect(try await administrators.reasonNotToServe()?.contains("superuser") == true)
        await administrators.close()
        #expect(try await store.database.reasonNotToServe() == nil)
        let tenant = try await store.tenant()
        _ = try await store.writer.store([
            EntryBatch(tenant: tenant.id, entries: [.sample(at: Timestamp(Date()))])
        ])
    }

    @Test func theInvariantsHold() async throws {
        let store = try await TestStore.make("store_invariants")
        let today = Timestamp(Date()).day
        _ = try await PartitionStore(database: store.database).create([today])
        #expect(try await SchemaChecks(database: store.database, directory: store.sql).problems() == [])
    }

    /// Each breach must be found, or the checks prove nothing.
    @Test(arguments: [
        ("alter table bot no force row level security", "table bot"),
        ("grant select on {leaf} to calltrail_app", "may select on partition {leaf}"),
        ("grant select (url) on {leaf} to calltrail_writer", "may select column url"),
        ("grant calltrail_operator to calltrail_app", "sees every tenant"),
        (
            "create function leak() returns int language sql security definer as 'select 1'",
            "without a pinned search_path"
        ),
        ("alter table call_body detach partition {body}", "not attached"),
    ])
    func breachesOfTheInvariantsAreFound(breach: String, problem: String) async throws {
        let store = try await TestStore.make("store_breach_\(UInt32(truncatingIfNeeded: breach.hashValue))")
        let today = Timestamp(Date()).day
        _ = try await PartitionStore(database: store.database).create([today])
        let suffix = "\(today)".replacing("-", with: "")
        func named(_ text: String) -> String {
            text.replacing("{leaf}", with: "call_log_\(suffix)").replacing("{body}", with: "call_body_\(suffix)")
        }
        let script = named(breach)
        try await store.administer { connection in try connection.script(script) }
        let problems = try await SchemaChecks(database: store.database, directory: store.sql).problems()
        // roles are the cluster's: other suites must not see the breach
        try await store.administer { connection in
            try connection.script("revoke calltrail_operator from calltrail_app")
        }
        #expect(problems.contains { $0.contains(named(problem)) }, "\(problems)")
    }

    @Test func theLocksHoldWithoutEachOther() async throws {
        let store = try await TestStore.make("store_locks")
        let now = Timestamp(Date())
        let (mine, theirs) = (try await store.tenant("Mine"), try await store.tenant("Theirs"))
        let writer = store.writer
        for tenant in [mine, theirs] {
            _ = try await writer.store([EntryBatch(tenant: tenant.id, entries: [.sample(at: now)])])
        }
        let leaf = "call_log_" + "\(now.day)".replacing("-", with: "")
        let number = mine.id.rawValue
        try await store.administer { connection in
            // row-level security alone: no tenant in the statement
            for table in ["call_log", "call_body", "call_count", "bot", "tenant"] {
                let seen = try connection.transaction(
                    TransactionSettings(role: "calltrail_app", local: [("app.tenant_id", "\(number)")])
                ) { transaction in
                    try transaction.query("select distinct tenant_id from \(identifier: table)") { row in
                        try row.decode(Int32.self, at: 0)
                    }
                }
                #expect(seen == [number], "\(table)")
            }
            // no tenant named: nothing is seen
            let none: [Int32] = try connection.transaction(TransactionSettings(role: "calltrail_app")) { transaction in
                try transaction.query("select 1 from call_log") { row in try row.decode(Int32.self, at: 0) }
            }
            #expect(none.isEmpty)
            // the leaf has no row-level security: it may not be read at all
            #expect(throws: DatabaseError.self) {
                try connection.transaction(TransactionSettings(role: "calltrail_app")) { transaction in
                    try transaction.query("select 1 from \(identifier: leaf)") { _ in }
                }
            }
            #expect(throws: DatabaseError.self) {
                try connection.transaction(TransactionSettings(role: "calltrail_writer")) { transaction in
                    try transaction.query("select url from \(identifier: leaf)") { _ in }
                }
            }
        }
        // the argument alone: another tenant's id finds nothing
        let calls = CallLogStore(database: store.database, retentionDays: 30)
        let page = try await calls.page(
            CallLogQuery(), tenant: theirs.id, after: nil, limit: 10, now: now.advanced(bySeconds: 1))
        let id = try #require(page.items.first?.log.id)
        #expect(try await calls.find(id, tenant: mine.id, now: now.advanced(bySeconds: 1)) == nil)
        #expect(try await calls.find(id, tenant: theirs.id, now: now.advanced(bySeconds: 1)) != nil)
    }
}
