import Domain
import Foundation
import Postgres
import TestSupport
import Testing
import Vault

@testable import Store

/// Which checks are due, who does them, and what it costs to find them.
@Suite(.serialized, .timeLimit(.minutes(3))) struct ConnectionCheckTests {
    /// Rows that are due, as many as are wanted.
    private func fill(_ scene: ConnectionScene, _ count: Int32, dueIn seconds: Double = -1) async throws {
        let made = try await scene.make("Model", auth: .apiKey)
        let id = made.id
        try await scene.store.administer { connection in
            try connection.execute(
                """
                insert into connection (tenant_id, connection_id, name, application, auth, state, state_since, last_ok_at,
                                        sealed_secrets, authorised_at, next_check_at)
                select tenant_id, gen_random_uuid(), 'copy ' || n, (array['zendesk', 'freshdesk', 'salesforce'])[1 + n % 3],
                       auth, 'healthy', state_since, now(), sealed_secrets, authorised_at,
                       \(scene.now)::timestamptz + make_interval(secs => \(seconds)) - n * interval '1 ms'
                from connection, generate_series(1, \(count)) n where connection_id = \(id)
                """)
            try connection.execute("delete from connection where connection_id = \(id)")
            try connection.script("analyze connection")
        }
    }

    private func count(_ due: [(Application, [ConnectionChecksJob.Item])]) -> Int { due.reduce(0) { $0 + $1.1.count } }

    @Test func dueChecksAreClaimedOnce() async throws {
        let scene = try await ConnectionScene("due")
        let key = try await scene.make("Key", auth: .apiKey)
        let fresh = try await scene.make("Fresh", auth: .apiKey, application: .freshdesk)
        _ = try await scene.make("OAuth")
        let off = try await scene.make("Off", auth: .apiKey)
        _ = try await scene.change(off) { $0.isEnabled = false }
        #expect(count(try await scene.connections.claimDue(limit: 10, now: scene.after(-1))) == 0)
        let due = try await scene.connections.claimDue(limit: 10, now: scene.now)
        #expect(due.map(\.0) == [.freshdesk, .zendesk])
        #expect(
            due.map(\.1) == [
                [.init(tenant: scene.tenant, connection: fresh.id)], [.init(tenant: scene.tenant, connection: key.id)],
            ])
        #expect(count(try await scene.connections.claimDue(limit: 10, now: scene.after(599))) == 0)
        // what a check finds frees it for the next one
        try await scene.note(.ok, key, after: 5)
        #expect(count(try await scene.connections.claimDue(limit: 10, now: scene.after(599))) == 0)
        // a batch that was interrupted is claimed again when the claim has run out
        let again = try await scene.connections.claimDue(limit: 10, now: scene.after(600))
        #expect(again.flatMap(\.1).map(\.connection) == [fresh.id])
        // or when it is given back
        try await scene.connections.releaseClaims(again.flatMap(\.1))
        #expect(count(try await scene.connections.claimDue(limit: 10, now: scene.after(600))) == 1)
        #expect(count(try await scene.connections.claimDue(limit: 10, now: scene.after(3_605))) == 2)
    }

    @Test func twoAtOnceShareThem() async throws {
        let scene = try await ConnectionScene("share", connections: 8)
        try await fill(scene, 2_000)
        let claimed = await withTaskGroup(of: [UUID].self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var mine: [UUID] = []
                    while let due = try? await scene.connections.claimDue(limit: 100, now: scene.now), !due.isEmpty {
                        mine += due.flatMap(\.1).map(\.connection)
                    }
                    return mine
                }
            }
            return await group.reduce(into: [UUID]()) { $0 += $1 }
        }
        #expect(claimed.count == 2_000 && Set(claimed).count == 2_000)
    }

    @Test func aClaimPassesOverWhatAnotherHolds() async throws {
        let scene = try await ConnectionScene("skip")
        try await fill(scene, 20)
        let holder = try await PostgresConnection.connect(scene.store.administrator)
        let held = try await holder.hold(5)
        let rest = try await scene.connections.claimDue(limit: 20, now: scene.now).flatMap(\.1).map(\.connection)
        #expect(held.count == 5 && rest.count == 15 && Set(rest).isDisjoint(with: held))
        await holder.close()
    }

    @Test func dueChecksBecomeJobs() async throws {
        let scene = try await ConnectionScene("jobs")
        try await fill(scene, 310)
        #expect(try await scene.connections.enqueueDueChecks(limit: 1_000, batch: 50, now: scene.now) == 310)
        #expect(try await scene.connections.enqueueDueChecks(limit: 1_000, batch: 50, now: scene.now) == 0)
        let payloads = try await scene.store.administer { connection in
            try connection.query("select payload::text from job where kind = 'connection_checks' and tenant_id is null")
            {
                row in try row.decode(String.self, at: 0)
            }
        }
        let jobs = try payloads.map { try JSONDecoder().decode(ConnectionChecksJob.self, from: Data($0.utf8)) }
        // 103, 104 and 103 of three applications
        #expect(jobs.count == 9 && jobs.allSatisfy { $0.items.count <= 50 })
        #expect(Set(jobs.flatMap(\.items)).count == 310)
        #expect(jobs.allSatisfy { $0.items.allSatisfy { $0.tenant == scene.tenant.rawValue } })
    }

    @Test func aClaimWalksTheIndexOfTheDue() async throws {
        let scene = try await ConnectionScene("plan")
        try await fill(scene, 20_000)
        func explain() async throws -> (text: String, pages: Int) {
            let claim = ConnectionStore.claim(limit: 500, now: scene.now)
            let lines = try await scene.store.administer { connection in
                try connection.explain(claim, ConnectionStore.claimSettings)
            }
            let total = lines.first { $0.contains("Buffers:") } ?? ""
            let pages = total.matches(of: /(hit|read)=(\d+)/).reduce(0) { $0 + (Int($1.output.2) ?? 0) }
            return (lines.joined(separator: "\n"), pages)
        }
        let first = try await explain()
        #expect(first.text.contains("Index Scan using connection_due on connection"), "\(first.text)")
        #expect(!first.text.contains("Seq Scan") && !first.text.contains("Sort"), "\(first.text)")
        // some pages for each of the 500, which are written too
        #expect(first.pages < 500 * 25, "\(first.text)")
        // what others have claimed is not walked over
        for _ in 0..<10 { _ = try await scene.connections.claimDue(limit: 1_500, now: scene.now) }
        try await scene.store.administer { connection in try connection.script("vacuum connection") }
        let later = try await explain()
        #expect(later.pages < 500 * 25, "\(later.text)")
    }

    /// While an application hangs its checks wait; more of them would only outlive their claims.
    @Test func whatWaitsIsNotAddedTo() async throws {
        let scene = try await ConnectionScene("backlog")
        try await fill(scene, 310)
        #expect(try await scene.connections.enqueueDueChecks(limit: 100, batch: 50, now: scene.now) == 100)
        #expect(try await scene.connections.enqueueDueChecks(limit: 100, batch: 50, now: scene.now) == 0)
        try await scene.store.administer { connection in
            try connection.script("delete from job where job_id <> (select min(job_id) from job)")
        }
        #expect(try await scene.connections.enqueueDueChecks(limit: 100, batch: 50, now: scene.now) == 50)
    }

    @Test func aHundredThousandAreClaimedOnceEach() async throws {
        let scene = try await ConnectionScene("hundred_thousand")
        try await fill(scene, 100_000)
        var claimed = 0
        while true {
            let due = try await scene.connections.claimDue(limit: 2_000, now: scene.now)
            claimed += due.reduce(0) { $0 + $1.1.count }
            guard !due.isEmpty else { break }
        }
        #expect(claimed == 100_000)
        #expect(try await scene.connections.numbers()[.healthy] == 100_000)
    }
}

private struct TakenBack: Error {
    var lines: [String]
}

extension PostgresConnection {
    /// What the server does for a statement, which is taken back.
    fileprivate func explain(_ sql: SQL, _ settings: TransactionSettings) throws -> [String] {
        do {
            return try transaction(settings) { transaction in
                let lines = try transaction.query("explain (analyze, buffers, costs off) \(fragment: sql)") { row in
                    try row.decode(String.self, at: 0)
                }
                throw TakenBack(lines: lines)
            }
        } catch let result as TakenBack {
            return result.lines
        }
    }

    /// Holds the first that are due until the connection is closed.
    fileprivate func hold(_ count: Int64) throws -> [UUID] {
        try script("begin")
        return try query("select connection_id from connection order by next_check_at limit \(count) for update") {
            row in
            try row.decode(UUID.self, at: 0)
        }
    }
}
