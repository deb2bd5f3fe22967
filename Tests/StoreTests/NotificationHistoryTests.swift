import Domain
import Foundation
import Postgres
import Store
import TestSupport
import Testing

/// What the ledger and the calls say about what was: lists, counts of errors, recoveries, and what is forgotten.
@Suite(.serialized, .timeLimit(.minutes(10))) struct NotificationHistoryTests {
    // MARK: - Lists

    private func botKeys(_ scene: NotificationScene, _ bots: [String]) async throws -> [Int32] {
        let number = scene.tenant.rawValue
        return try await scene.store.administer { connection in
            try bots.map { bot in
                let key = try connection.first(
                    "insert into bot (tenant_id, bot_id) values (\(number), \(bot)) returning bot_key"
                ) { row in try row.decode(Int32.self, at: 0) }
                return try #require(key)
            }
        }
    }

    @Test func listsAreFilteredAndPagedNewestFirst() async throws {
        struct Line {
            var id: UUID
            var event: NotificationEvent
            var state: NotificationState
            var bot: String?
            var userID: UUID?
        }
        let scene = try await NotificationScene("list")
        let bots = ["bot-1", "caf\u{E9}"]
        let keys = try await botKeys(scene, bots)
        let people = [try await scene.person("ann"), try await scene.person("bob")]
        var lines: [Line] = []
        for number in 0..<90 {
            let (event, state) = (NotificationEvent.allCases[number % 3], NotificationState.allCases[number % 5])
            let (bot, person) = (number % 4 < 2 ? number % 4 : nil, number % 7 < 2 ? people[number % 7] : nil)
            let id = try await scene.line(
                state: state, event: event, to: person, botKey: bot.map { keys[$0] },
                // some within one millisecond
                createdAt: scene.now.advanced(bySeconds: Int64(number / 2)))
            lines.append(Line(id: id, event: event, state: state, bot: bot.map { bots[$0] }, userID: person?.userID))
        }
        lines.sort { $0.id.uuidString > $1.id.uuidString }

        func check(_ matches: (Line) -> Bool, _ change: (inout NotificationStore.Filter) -> Void) async throws {
            var filter = NotificationStore.Filter()
            change(&filter)
            let expected = lines.filter(matches)
            var found: [UUID] = []
            while true {
                let page = try await scene.ledger.list(
                    tenant: scene.tenant, filter: filter, after: found.last, limit: 7)
                found += page.map(\.id)
                #expect(page.count <= 7)
                guard page.count == 7, found.count <= lines.count else { break }
            }
            #expect(found == expected.map(\.id))
        }
        try await check({ _ in true }) { _ in }
        for event in NotificationEvent.allCases { try await check({ $0.event == event }) { $0.event = event } }
        for state in NotificationState.allCases { try await check({ $0.state == state }) { $0.states = [state] } }
        try await check({ [.sent, .dead].contains($0.state) }) { $0.states = [.sent, .dead] }
        for bot in bots + ["bot-2", "cafe\u{301}", "%"] {
            try await check({ line in line.bot.map { ExactText($0) == ExactText(bot) } ?? false }) { $0.botID = bot }
        }
        for person in people { try await check({ $0.userID == person.userID }) { $0.userID = person.userID } }
        try await check({ _ in false }) { $0.userID = UUID() }
        try await check({ $0.event == .firstError && $0.state == .queued && $0.bot == "bot-1" }) {
            $0.event = .firstError
            $0.states = [.queued]
            $0.botID = "bot-1"
        }
        let other = try await scene.store.tenant("Other").id
        #expect(try await scene.ledger.list(tenant: other, filter: .init(), after: nil, limit: 500).isEmpty)
    }

    @Test func openingIsNotedOnce() async throws {
        let scene = try await NotificationScene("opened")
        let id = try await scene.line(state: .sent, to: try await scene.person("ann"))
        let other = try await scene.store.tenant("Other").id
        try await scene.ledger.noteOpened(id, tenant: other)
        #expect(try await scene.lines().first?.openedAt == nil)
        try await scene.ledger.noteOpened(id, tenant: scene.tenant)
        let opened = try #require(try await scene.lines().first?.openedAt)
        #expect(opened >= scene.now)
        try await scene.ledger.noteOpened(id, tenant: scene.tenant)
        #expect(try await scene.lines().first?.openedAt == opened)
    }

    @Test func oldLinesAreForgotten() async throws {
        let scene = try await NotificationScene("prune")
        let (limit, number) = (scene.now.advanced(bySeconds: -30 * 86_400), scene.tenant.rawValue)
        // more than one batch
        try await scene.store.administer { connection in
            try connection.execute(
                """
                insert into notification (tenant_id, notification_id, event, subject_key, channel, state, reason, created_at)
                select \(number), gen_random_uuid(), 'first_error', 's' || n, 'none', 'suppressed', '',
                       \(limit) - n * interval '1 s'
                from generate_series(1, 12000) n
                """)
        }
        let kept = [
            try await scene.line(createdAt: limit), try await scene.line(createdAt: limit.advanced(bySeconds: 1)),
        ]
        #expect(try await scene.ledger.prune(before: limit) == 12_000)
        #expect(try await Set(scene.lines().map(\.id)) == Set(kept))
        #expect(try await scene.ledger.prune(before: limit) == 0)
    }

    // MARK: - Errors and recoveries

    private struct Call: Sendable {
        var time: Timestamp
        var bot: Int
        var isError: Bool
    }

    /// Calls of two bots over three days: many at the edges of hours, and some at the same moment.
    private func calls(until now: Timestamp) -> [Call] {
        let start = now.advanced(bySeconds: -3 * 86_400).hour
        return (0..<2500).map { _ in
            let hour = start.advanced(bySeconds: Int64.random(in: 0..<71) * 3600)
            let offset = [0, 1, -1, 3_599_999, Int64.random(in: 0..<3_600_000)].randomElement() ?? 0
            return Call(
                time: Timestamp(microseconds: hour.microseconds + offset * 1000), bot: Int.random(in: 0...1),
                isError: Int.random(in: 0..<3) == 0)
        }
    }

    /// Stores calls, and as many of another tenant's.
    private func store(_ calls: [Call], _ scene: NotificationScene) async throws -> [Int32] {
        let other = try await scene.store.tenant("Other").id
        let writer = scene.store.writer
        for tenant in [scene.tenant, other] {
            let entries = calls.map { call in
                // an error may have any code
                NewCallLog.sample(
                    at: call.time, bot: "bot-\(call.bot)", code: call.isError && call.bot == 0 ? 200 : 404,
                    isError: call.isError)
            }
            _ = try await writer.store([EntryBatch(tenant: tenant, entries: entries)])
        }
        let number = scene.tenant.rawValue
        return try await scene.store.administer { connection in
            try connection.query("select bot_key from bot where tenant_id = \(number) order by bot_id") { row in
                try row.decode(Int32.self, at: 0)
            }
        }
    }

    private func moment(_ calls: [Call], _ now: Timestamp) -> Timestamp {
        let call = (calls.randomElement()?.time ?? now)
        let near = [call, call.hour, call.hour.advanced(bySeconds: 3600)].randomElement() ?? call
        return Timestamp(microseconds: near.microseconds + Int64.random(in: -1...1))
    }

    @Test func errorsOfACycleAreCountedExactly() async throws {
        let scene = try await NotificationScene("errors")
        let calls = calls(until: scene.now)
        let keys = try await store(calls, scene)
        for number in 0..<150 {
            let (one, two) = (moment(calls, scene.now), moment(calls, scene.now))
            // every other one as long as cycles are, the rest of any length, also within an hour
            let cycle =
                number.isMultiple(of: 2)
                ? ErrorCycle(openedAt: one, until: one.advanced(bySeconds: ErrorCycle.seconds))
                : ErrorCycle(openedAt: min(one, two), until: max(one, two).advanced(bySeconds: 1))
            for bot in 0...1 {
                let expected = calls.count { call in
                    call.bot == bot && call.isError && call.time > cycle.openedAt && call.time < cycle.until
                }
                let found = try await scene.ledger.errors(in: cycle, botKey: keys[bot], tenant: scene.tenant)
                #expect(found == expected, "\(cycle.openedAt) until \(cycle.until)")
            }
        }
        let later = ErrorCycle(openedAt: scene.now, until: scene.now.advanced(bySeconds: ErrorCycle.seconds))
        #expect(try await scene.ledger.errors(in: later, botKey: keys[0], tenant: scene.tenant) == 0)
        #expect(try await scene.ledger.errors(in: later, botKey: 99_999, tenant: scene.tenant) == 0)
    }

    @Test func aRecoveryIsTheFirstSuccessAfterTheLastError() async throws {
        let scene = try await NotificationScene("recovery")
        let calls = calls(until: scene.now)
        let keys = try await store(calls, scene)
        var recoveries = 0
        for _ in 0..<150 {
            let (one, two) = (moment(calls, scene.now), moment(calls, scene.now))
            let (since, error) = (min(one, two), max(one, two))
            for bot in 0...1 {
                let own = calls.filter { $0.bot == bot && $0.time < error }
                let last = own.filter { $0.isError && $0.time >= since }.map(\.time).max()
                let expected = last.flatMap { last in
                    own.filter { !$0.isError && $0.time > last }.map(\.time).min()
                }
                let found = try await scene.ledger.recovery(
                    before: error, since: since, botKey: keys[bot], tenant: scene.tenant)
                #expect(found == expected, "\(since) until \(error)")
                recoveries += found == nil ? 0 : 1
            }
        }
        #expect(recoveries > 20)
    }

    @Test func withoutASuccessThereIsNoRecovery() async throws {
        let scene = try await NotificationScene("no_recovery")
        let start = scene.now.advanced(bySeconds: -7200)
        let calls = [
            Call(time: start, bot: 0, isError: false),
            Call(time: start.advanced(bySeconds: 60), bot: 0, isError: true),
            Call(time: start.advanced(bySeconds: 120), bot: 1, isError: false),
            Call(time: start.advanced(bySeconds: 180), bot: 0, isError: true),
        ]
        let keys = try await store(calls, scene)
        let found = try await scene.ledger.recovery(
            before: calls[3].time, since: start, botKey: keys[0], tenant: scene.tenant)
        #expect(found == nil)
    }
}
