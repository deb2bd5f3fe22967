import Domain
import Foundation
import Postgres
import TestSupport
import Testing

@testable import Store

/// What a claim costs when a hundred thousand jobs wait: its plan, the pages it reads, and what it writes.
@Suite(.serialized, .timeLimit(.minutes(10))) struct JobClaimPlanTests {
    private static let waiting = 100_000

    /// What `explain (analyze, buffers)` says.
    private struct Explained: Sendable {
        var lines: [String]
        /// Pages read, from memory or disk, by the statement as a whole.
        var pages: Int

        init(_ lines: [String]) {
            self.lines = lines
            let total = lines.first { $0.contains("Buffers:") } ?? ""
            pages = total.matches(of: /(hit|read)=(\d+)/).reduce(0) { $0 + (Int($1.output.2) ?? 0) }
        }

        func holds(_ text: String) -> Bool { lines.contains { $0.contains(text) } }
    }

    private func make(_ name: String, isAnalyzed: Bool = true, _ script: String) async throws -> TestStore {
        let store = try await TestStore.make("claim_" + name, connections: 2)
        try await store.administer { connection in
            try connection.script(script)
            if isAnalyzed { try connection.script("analyze job") }
        }
        return store
    }

    /// Explains a claim, and takes it back.
    private func explain(_ store: TestStore, _ room: [JobStore.Room], most: Int) async throws -> Explained {
        let claim = JobStore.claim(room, most: most, token: 7)
        return try await store.administer { connection in
            try connection.script("begin; set local role calltrail_operator")
            let lines = try connection.query("explain (analyze, buffers, costs off) \(fragment: claim)") { row in
                try row.decode(String.self, at: 0)
            }
            try connection.script("rollback")
            return Explained(lines)
        }
    }

    private static func jobs(_ kind: String, _ count: Int = waiting, runAt: String = "app_now()") -> String {
        """
        insert into job (kind, tenant_id, priority, run_at)
        select '\(kind)', 1 + n % 50, n % 3, \(runAt) - n * interval '1 ms' from generate_series(1, \(count)) n;
        """
    }

    @Test(arguments: [true, false])
    func aClaimReadsTheIndexOfReadyJobs(isAnalyzed: Bool) async throws {
        let store = try await make("plan_\(isAnalyzed)", isAnalyzed: isAnalyzed, Self.jobs("busy"))
        let explained = try await explain(store, [.init(kind: "busy", places: 500)], most: 500)
        #expect(explained.holds("Index Scan using job_ready on job"), "\(explained.lines.joined(separator: "\n"))")
        #expect(explained.holds("Tid Scan on job"))
        #expect(!explained.holds("Seq Scan on job") && !explained.holds("Sort"))
        // a few pages for each of the 500 jobs, that are written too
        #expect(explained.pages < 500 * 10, "\(explained.pages) pages")
    }

    @Test func aKindWithoutRoomIsNotWalkedOver() async throws {
        let store = try await make("no_room", Self.jobs("busy") + Self.jobs("rare", 3))
        let explained = try await explain(store, [.init(kind: "rare", places: 8)], most: 8)
        #expect(explained.pages < 200, "\(explained.lines.joined(separator: "\n"))")
        let none = try await explain(store, [.init(kind: "unheard_of", places: 8)], most: 8)
        #expect(none.pages < 200, "\(none.lines.joined(separator: "\n"))")
    }

    @Test func jobsOfTheFutureAreNotWalkedOver() async throws {
        let store = try await make(
            "future", Self.jobs("busy", runAt: "app_now() + interval '1 day'") + Self.jobs("busy", 3))
        let explained = try await explain(store, [.init(kind: "busy", places: 100)], most: 100)
        #expect(explained.pages < 200, "\(explained.lines.joined(separator: "\n"))")
    }

    @Test func deadJobsAndSuspectsAreNotWalkedOver() async throws {
        let store = try await make(
            "dead",
            """
            insert into job (kind, state, died_at) select 'busy', 'dead', now() from generate_series(1, 50000);
            insert into job (kind, crashes) select 'busy', 1 from generate_series(1, 50000);
            """)
        let explained = try await explain(store, [.init(kind: "busy", places: 100)], most: 100)
        #expect(explained.pages < 200, "\(explained.lines.joined(separator: "\n"))")
    }

    /// Rows that move to another page, or change what an index holds, would be written into every index.
    @Test func claimingWritesNoIndex() async throws {
        let store = try await make("hot", Self.jobs("busy"))
        let jobs = JobStore(database: store.database)
        var claimed = 0
        for token in 1...20 {
            let room = [JobStore.Room(kind: "busy", places: 500)]
            claimed += try await jobs.exchange(ended: [], room: room, most: 500, token: Int64(token)).claimed.count
        }
        #expect(claimed == 10_000)
        // a session's counts are in when it is over
        await store.database.close()
        let counts = try await store.administer { connection in
            let others: SQL = """
                select count(*) from pg_stat_activity
                where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
                """
            while try connection.first(others, { try $0.decode(Int64.self, at: 0) }) ?? 0 > 0 {}
            return try connection.first(
                "select n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where relname = 'job'"
            ) { row in try row.decode(Int64.self, Int64.self) }
        }
        #expect(try #require(counts) == (10_000, 10_000))
    }

    /// Whatever the jobs' priorities are.
    @Test func aKindGetsNoMoreJobsThanItHasRoomFor() async throws {
        let store = try await make("room", Self.jobs("busy", 3000) + Self.jobs("other", 3000))
        let jobs = JobStore(database: store.database)
        let room = [JobStore.Room(kind: "busy", places: 30), JobStore.Room(kind: "other", places: 50)]
        let claimed = try await jobs.exchange(ended: [], room: room, most: 500, token: 1).claimed
        #expect(Dictionary(grouping: claimed, by: \.kind).mapValues(\.count) == ["busy": 30, "other": 50])
        try await expectPriorities([0], in: store)
    }

    @Test func aClaimTakesWhatIsWantedFirst() async throws {
        let store = try await make("order", Self.jobs("busy", 3000))
        let jobs = JobStore(database: store.database)
        let room = [JobStore.Room(kind: "busy", places: 1000)]
        let running: [[Int16]] = [[0], [0, 1], [0, 1, 2]]
        for (token, priorities) in running.enumerated() {
            let claimed = try await jobs.exchange(ended: [], room: room, most: 700, token: Int64(token + 1)).claimed
            #expect(claimed.count == 700)
            try await expectPriorities(priorities, in: store)
        }
    }

    /// - Parameter priorities: of all jobs that run.
    private func expectPriorities(_ priorities: [Int16], in store: TestStore) async throws {
        let found = try await store.administer { connection in
            try connection.query("select distinct priority from job where state = 'running' order by 1") { row in
                try row.decode(Int16.self, at: 0)
            }
        }
        #expect(found == priorities)
    }
}
