import Domain
import Foundation
import Logging
import Postgres
import Store
import TestSupport
import Testing

/// The gate of first errors, through the writers that open it, against a real PostgreSQL.
@Suite(.serialized, .timeLimit(.minutes(10))) struct FirstErrorTests {
    private func error(
        at time: Timestamp, bot: String = "bot-1", code: Int16 = 500, id: UUID? = nil
    ) -> NewCallLog { .sample(at: time, bot: bot, code: code, id: id) }

    // MARK: - Once

    @Test func manyErrorsAtOnceOpenOneCycle() async throws {
        let store = try await TestStore.make("first_error_once")
        let tenant = try await store.tenant().id
        var processes: [ServerProcess] = []
        for _ in 0..<5 { processes.append(try await ServerProcess(store, connections: 6)) }
        // as many at once as there are connections, so that nobody waits for one for long
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<30 {
                let process = processes[task % processes.count]
                group.addTask {
                    for number in 0..<10 {
                        // some alone, some with others; some codes succeed and are errors all the same
                        let entries = (0...(number % 3)).map { index in
                            NewCallLog.sample(at: process.clock.now, code: index == 1 ? 200 : 500, isError: true)
                        }
                        try await process.store(entries, tenant: tenant)
                    }
                }
            }
            try await group.waitForAll()
        }
        let cycles = try await store.cycles()
        #expect(cycles.count == 1)
        #expect(cycles.first?.previousOpenedAt == nil && cycles.first?.previousUntil == nil)
        #expect(try await store.jobs() == ["\(tenant) bot-1"])
        let cycle = try #require(cycles.first)
        #expect(cycle.until == cycle.openedAt.advanced(bySeconds: ErrorCycle.seconds))
        #expect(
            try await store.quietLines()
                == ["\(tenant) bot-1 suppressed none cycle of \(cycle.openedAt) open until \(cycle.until)"])
        #expect(try await store.count("call_log") == 30 * (0..<10).reduce(0) { $0 + Int64($1 % 3) + 1 })
        let job = try await store.administer { connection in
            try connection.first(
                "select priority, (payload ->> 'openedAt')::bigint, run_at <= app_now() from job"
            ) { row in try row.decode(Int16.self, Int64.self, Bool.self) }
        }
        #expect(try #require(job) == (JobPriority.high.rawValue, cycle.openedAt.microseconds, true))
        for process in processes { await process.database.close() }
    }

    @Test func successesOpenNothing() async throws {
        let store = try await TestStore.make("first_error_success")
        let tenant = try await store.tenant().id
        let process = try await ServerProcess(store)
        let entries = (0..<20).map { _ in NewCallLog.sample(at: process.clock.now, code: 399) }
        try await process.store(entries, tenant: tenant)
        #expect(try await store.knowsOfNoError())
        await process.database.close()
    }

    @Test func theFurtherErrorsAreNotedOnce() async throws {
        let store = try await TestStore.make("first_error_noted")
        let tenant = try await store.tenant().id
        let (one, two) = (try await ServerProcess(store), try await ServerProcess(store))
        try await one.store([error(at: one.clock.now)], tenant: tenant)
        // the first error alone is not kept quiet
        #expect(try await store.quietLines().isEmpty)
        for _ in 0..<5 {
            try await one.store([error(at: one.clock.now), error(at: one.clock.now)], tenant: tenant)
            try await two.store([error(at: two.clock.now)], tenant: tenant)
            #expect(try await store.quietLines().count == 1)
        }
        // errors that come with a first one are further ones
        try await one.store((0..<3).map { _ in error(at: one.clock.now, bot: "bot-2") }, tenant: tenant)
        #expect(try await store.quietLines().count == 2)
        #expect(try await store.cycles().count == 2)
        #expect(try await store.jobs() == ["\(tenant) bot-1", "\(tenant) bot-2"])
        for process in [one, two] { await process.database.close() }
    }

    @Test func botsOfTheSameNameAreApart() async throws {
        let store = try await TestStore.make("first_error_tenants")
        let (mine, theirs) = (try await store.tenant("Mine").id, try await store.tenant("Theirs").id)
        let process = try await ServerProcess(store)
        let now = process.clock.now
        try await process.store([error(at: now)], tenant: mine)
        #expect(try await store.cycles().map(\.tenant) == [mine])
        // in one transaction with further errors of the other tenant's
        _ = try await process.writer.store([
            EntryBatch(tenant: mine, entries: [error(at: now)]), EntryBatch(tenant: theirs, entries: [error(at: now)]),
        ])
        #expect(try await store.cycles().map(\.tenant) == [mine, theirs])
        #expect(try await store.jobs() == ["\(mine) bot-1", "\(theirs) bot-1"])
        let lines = try await store.quietLines()
        #expect(lines.count == 1 && lines.first?.hasPrefix("\(mine) bot-1 ") == true)
        await process.database.close()
    }

    // MARK: - What is no news

    @Test func anOldErrorOpensNoneAndTheFreshOneBesideItDoes() async throws {
        let store = try await TestStore.make("first_error_old")
        let tenant = try await store.tenant().id
        let process = try await ServerProcess(store)
        let now = process.clock.now
        func old() -> [NewCallLog] {
            (0..<5).map { error(at: now.advanced(bySeconds: -ErrorCycle.seconds - $0 * 3600 - 1)) }
        }
        try await process.store(old(), tenant: tenant)
        #expect(try await store.knowsOfNoError())
        let younger = error(at: now.advanced(bySeconds: -3600))
        let youngest = error(at: now)
        try await process.store(old() + [youngest, younger], tenant: tenant)
        let cycle = try #require(try await store.cycles().first)
        #expect(cycle.entry == younger.log.id)
        #expect(cycle.openedAt >= now)
        #expect(try await store.jobs() == ["\(tenant) bot-1"])
        #expect(try await store.quietLines().count == 1)
        await process.database.close()
    }

    /// An error that a client's clock dated a little ahead is still younger than a day when its cycle is over.
    @Test func anErrorThatIsSentAgainOpensNone() async throws {
        let store = try await TestStore.make("first_error_again")
        let tenant = try await store.tenant().id
        let process = try await ServerProcess(store)
        let time = process.clock.now.advanced(bySeconds: 300).wholeMilliseconds
        let first = error(at: time, id: .version7(at: time))
        try await process.store([first], tenant: tenant)
        let opened = try await store.cycles()
        try await process.store([first], tenant: tenant)
        #expect(try await store.quietLines().isEmpty)
        try await store.moveClock("24 hours 1 second")
        try await process.clock.synchronize()
        let outcomes = try await process.writer.store([EntryBatch(tenant: tenant, entries: [first, first])])
        guard case .stored(let duplicates) = outcomes.first else {
            Issue.record("nothing was stored")
            return
        }
        #expect(duplicates == 2)
        let fresh = try await ServerProcess(store)
        try await fresh.store([first], tenant: tenant)
        #expect(try await store.cycles() == opened)
        #expect(try await store.jobs().count == 1)
        #expect(try await store.quietLines().isEmpty)
        #expect(try await store.count("call_log") == 1)
        for process in [process, fresh] { await process.database.close() }
    }

    @Test func whenACycleIsOverTheNextErrorOpensAnother() async throws {
        let store = try await TestStore.make("first_error_next")
        let tenant = try await store.tenant().id
        let (one, two) = (try await ServerProcess(store), try await ServerProcess(store))
        for process in [one, two] {
            try await process.store([error(at: process.clock.now), error(at: process.clock.now)], tenant: tenant)
        }
        let first = try #require(try await store.cycles().first)
        try await store.moveClock("23 hours 59 minutes")
        for process in [one, two] {
            try await process.clock.synchronize()
            try await process.store([error(at: process.clock.now)], tenant: tenant)
        }
        #expect(try await store.cycles() == [first])
        try await store.moveClock("24 hours 1 second")
        for process in [one, two] { try await process.clock.synchronize() }
        let next = error(at: one.clock.now)
        try await one.store([next], tenant: tenant)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for process in [one, two] {
                for _ in 0..<20 {
                    group.addTask { try await process.store([error(at: process.clock.now)], tenant: tenant) }
                }
            }
            try await group.waitForAll()
        }
        let cycles = try await store.cycles()
        let second = try #require(cycles.first)
        #expect(cycles.count == 1 && second.entry == next.log.id)
        #expect(second.openedAt >= first.until)
        #expect(second.previousOpenedAt == first.openedAt && second.previousUntil == first.until)
        #expect(try await store.jobs() == ["\(tenant) bot-1", "\(tenant) bot-1"])
        #expect(try await store.quietLines().count == 2)
        for process in [one, two] { await process.database.close() }
    }

    // MARK: - All or nothing

    /// An entry without a client's id whose id is taken can't be a repeat: the group is refused.
    @Test func anEntryThatIsRefusedOpensNone() async throws {
        let store = try await TestStore.make("first_error_conflict")
        let tenant = try await store.tenant().id
        let process = try await ServerProcess(store)
        let time = process.clock.now.wholeMilliseconds
        let taken = NewCallLog.sample(at: time, bot: "other")
        try await process.store([taken], tenant: tenant)
        await #expect(throws: DatabaseError.self) {
            try await process.store([taken, error(at: time)], tenant: tenant)
        }
        #expect(try await store.knowsOfNoError())
        try await process.store([error(at: time)], tenant: tenant)
        #expect(try await store.cycles().count == 1)
        await process.database.close()
    }

    /// The answer to a key is kept last: when there is one, everything before it in the transaction is taken back.
    @Test func aRequestThatWasAnsweredBeforeOpensNone() async throws {
        let store = try await TestStore.make("first_error_key")
        let tenant = try await store.tenant().id
        let process = try await ServerProcess(store)
        let key = [UInt8](repeating: 7, count: 32)
        let idempotency = EntryBatch.Idempotency(keyHash: key, requestHash: key) { _ in
            StoredAnswer(status: 200, body: "{}")
        }
        let success = [NewCallLog.sample(at: process.clock.now)]
        _ = try await process.writer.store([EntryBatch(tenant: tenant, entries: success, idempotency: idempotency)])
        let errors = (0..<2).map { _ in error(at: process.clock.now) }
        let outcomes = try await process.writer.store([
            EntryBatch(tenant: tenant, entries: errors, idempotency: idempotency)
        ])
        guard case .answeredBefore = outcomes.first else {
            Issue.record("it was stored")
            return
        }
        #expect(try await store.knowsOfNoError())
        // the process does not believe that a cycle is open
        try await process.store([error(at: process.clock.now)], tenant: tenant)
        #expect(try await store.cycles().count == 1)
        #expect(try await store.jobs().count == 1)
        await process.database.close()
    }

    @Test func aCommitThatFailsLeavesNothingBehind() async throws {
        let store = try await TestStore.make("first_error_commit")
        let tenant = try await store.tenant().id
        let process = try await ServerProcess(store)
        try await store.administer { connection in
            try connection.script(
                """
                create function refuse() returns trigger language plpgsql as $$
                begin raise exception 'refused at commit'; end $$;
                create constraint trigger refuse after insert or update on error_cycle
                    deferrable initially deferred for each row execute function refuse();
                """)
        }
        await #expect(throws: DatabaseError.self) {
            try await process.store([error(at: process.clock.now), error(at: process.clock.now)], tenant: tenant)
        }
        #expect(try await store.knowsOfNoError())
        #expect(try await store.count("call_log") == 0)
        try await store.administer { connection in try connection.script("drop trigger refuse on error_cycle") }
        let next = error(at: process.clock.now)
        try await process.store([next], tenant: tenant)
        #expect(try await store.cycles().map(\.entry) == [next.log.id])
        #expect(try await store.jobs().count == 1)
        await process.database.close()
    }

    // MARK: - Many bots

    /// A deadlock would be tried again, so it is not what callers see that counts, but what the server says.
    @Test func writersDoNotWaitForEachOtherInACircle() async throws {
        let store = try await TestStore.make("first_error_circle")
        let tenants = [try await store.tenant("One").id, try await store.tenant("Two").id]
        let bots = (0..<40).map { "bot-\($0)" }
        var processes: [ServerProcess] = []
        for _ in 0..<6 { processes.append(try await ServerProcess(store)) }
        for round in 0..<4 {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (number, process) in processes.enumerated() {
                    for turn in 0..<4 {
                        let isForward = (number + turn).isMultiple(of: 2)
                        let order = isForward ? bots : bots.reversed()
                        // of its own, so that no two meet at the counts before they meet at the cycles
                        let code = Int16(500 + number * 4 + turn)
                        group.addTask {
                            // one that knows of no cycle, as after a restart
                            let writer = CallLogWriter(
                                database: process.database, clock: process.clock, logger: Logger(label: "test"))
                            let batches = (isForward ? tenants : tenants.reversed()).map { tenant in
                                EntryBatch(
                                    tenant: tenant,
                                    entries: order.map {
                                        error(at: process.clock.now, bot: "\($0)-\(round % 2)", code: code)
                                    })
                            }
                            _ = try await writer.store(batches)
                        }
                    }
                }
                try await group.waitForAll()
            }
            // so that cycles are followed by others too
            if round == 1 {
                try await store.moveClock("24 hours 1 minute")
                for process in processes { try await process.clock.synchronize() }
            }
        }
        for process in processes { await process.database.close() }
        await store.database.close()
        #expect(try await store.cycles().count == 160)
        #expect(try await store.jobs().count == 320)
        #expect(try await store.quietLines().count == 320)
        #expect(try await store.count("call_log") == 4 * 24 * 80)
        #expect(try await deadlocks(store) == 0)
    }

    /// Counted when the sessions that met them have ended.
    private func deadlocks(_ store: TestStore) async throws -> Int64? {
        try await store.administer { connection in
            let others: SQL = """
                select count(*) from pg_stat_activity
                where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
                """
            while try connection.first(others, { try $0.decode(Int64.self, at: 0) }) ?? 0 > 0 {}
            return try connection.first("select deadlocks from pg_stat_database where datname = current_database()") {
                row in
                try row.decode(Int64.self, at: 0)
            }
        }
    }
}
