import Domain
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Vault

/// What checks and calls find out: states, nodes, history, and who is told.
@Suite(.timeLimit(.minutes(2))) struct ConnectionHealthTests {
    @Test func breaksAndMends() async throws {
        let scene = try await ConnectionScene("breaks")
        let made = try await scene.working(nodes: [ConnectionNode("bot", "1"), ConnectionNode("bot", "2")])
        #expect(try await scene.events(made) == [.created, .authorised, .recovered])
        #expect(try await scene.notices().isEmpty)

        let broken = try await scene.note(.rejected("Zendesk says:\nthe token was revoked.\0"), made, after: 60)
        #expect(broken.state == .needsReauth && broken.since == scene.after(60))
        #expect(broken.reason == "Zendesk says: the token was revoked. ")
        #expect(try await scene.find(made).nodes.map(\.state) == [.broken, .broken])
        #expect(try await scene.notices() == [.broken])
        // being refused again is no news
        try await scene.note(.rejected("still revoked"), made, after: 120)
        let still = try await scene.find(made)
        #expect(still.health.reason == "still revoked" && still.health.since == scene.after(60))
        #expect(try await scene.notices() == [.broken])
        // nor does what is unavailable mend it
        #expect(try await scene.note(.unavailable("503"), made, after: 180).state == .needsReauth)

        let mended = try await scene.note(.ok, made, after: 240)
        #expect(mended.state == .healthy && mended.reason == nil && mended.lastOKAt == scene.after(240))
        #expect(try await scene.find(made).nodes.map(\.state) == [.attached, .attached])
        #expect(try await scene.notices() == [.broken, .recovered])
        let payload = try await scene.store.administer { connection in
            try connection.first(
                """
                select (payload ->> 'brokenSince')::bigint, tenant_id, unique_key, priority from job
                where kind = 'connection_notice' order by job_id desc
                """
            ) { row in try row.decode(Int64.self, Int32.self, String.self, Int16.self) }
        }
        let (brokenSince, tenant, key, priority) = try #require(payload)
        #expect(brokenSince == scene.after(60).microseconds && tenant == scene.tenant.rawValue && priority == 0)
        #expect(key == "\(made.id.uuidString.lowercased()):\(scene.after(240).microseconds)")
    }

    @Test func whatIsUnavailableDegrades() async throws {
        let scene = try await ConnectionScene("degrades")
        let made = try await scene.working()
        for number in 1...3 { try await scene.note(.unavailable("answered 503"), made, after: Int64(number) * 60) }
        let degraded = try await scene.find(made)
        #expect(degraded.health.state == .degraded && degraded.health.failures == 3)
        #expect(degraded.nextCheckAt == scene.after(180 + 240))
        try await scene.note(.unavailable("asked to wait", retryAfterSeconds: 900), made, after: 240)
        #expect(try await scene.find(made).nextCheckAt == scene.after(240 + 900))
        try await scene.note(.ok, made, after: 300)
        #expect(try await scene.events(made).dropFirst(3) == [.degraded, .recovered])
        #expect(try await scene.notices().isEmpty)
    }

    @Test func theNextCheckIsWhenItTellsSomething() async throws {
        let scene = try await ConnectionScene("next")
        let made = try await scene.working()
        let hour = try #require(try await scene.find(made).nextCheckAt)
        #expect((scene.after(3_240)...scene.after(3_600)).contains(hour))
        try await scene.note(.rejected("no"), made, canAskAgain: false)
        #expect(try await scene.find(made).nextCheckAt == nil)
        try await scene.note(.rejected("no"), made, canAskAgain: true)
        #expect(try await scene.find(made).nextCheckAt != nil)
        // a token that is to be renewed sooner
        try await scene.connections.keepAuthorization(
            ConnectionScene.grant(2, expiresAt: scene.after(1_200), renewAt: scene.after(900)), accountID: nil,
            accountName: nil, id: made.id, tenant: scene.tenant, by: nil, now: scene.now)
        #expect(try await scene.find(made).nextCheckAt == scene.now)
        try await scene.note(.ok, made)
        let next = try await scene.find(made)
        #expect(next.nextCheckAt == scene.after(900) && next.expiresAt == scene.after(1_200))
    }

    @Test func whatWasFoundWithOlderSecretsDoesNotCount() async throws {
        let scene = try await ConnectionScene("stale")
        let made = try await scene.working()
        let old = try await scene.secrets(made).version
        try await scene.connections.keepAuthorization(
            ConnectionScene.grant(2), accountID: "acme-1", accountName: nil, id: made.id, tenant: scene.tenant, by: nil,
            now: scene.after(10))
        let before = try await scene.find(made).health
        #expect(try await scene.note(.rejected("401"), made, after: 11, version: old) == before)
        #expect(try await scene.note(.rejected("401"), made, after: 12, version: old + 1).state == .needsReauth)
        #expect(
            try await scene.connections.note(
                .ok, id: UUID(), tenant: scene.tenant, version: nil, now: scene.now, canAskAgain: true) == nil)
    }

    @Test func flappingIsToldOnce() async throws {
        let scene = try await ConnectionScene("flapping")
        let made = try await scene.working()
        let hour: Int64 = 3_600
        try await scene.note(.rejected("first"), made, after: 10)
        try await scene.note(.ok, made, after: 20)
        #expect(try await scene.notices() == [.broken, .recovered])
        // within six hours it goes on without a word
        for round in 1...4 {
            try await scene.note(.rejected("again"), made, after: Int64(round) * hour)
            try await scene.note(.ok, made, after: Int64(round) * hour + 60)
        }
        #expect(try await scene.notices() == [.broken, .recovered])
        let silent = try await scene.connections.events(made.id, tenant: scene.tenant, limit: 2)
        #expect(silent.map(\.kind) == [.recovered, .broken])
        #expect(silent.last?.detail == "again (not told again: told at \(scene.after(10)))")
        #expect(try await scene.find(made).health.state == .healthy)
        // after six hours it is news again
        try await scene.note(.rejected("later"), made, after: 6 * hour + 10)
        try await scene.note(.ok, made, after: 7 * hour)
        #expect(try await scene.notices() == [.broken, .recovered, .broken, .recovered])
    }

    @Test func aSilentBreakThatLastsIsToldLater() async throws {
        let scene = try await ConnectionScene("lasts")
        let made = try await scene.working()
        let hours: Int64 = 6 * 3_600
        try await scene.note(.rejected("first"), made, after: 10)
        try await scene.note(.ok, made, after: 20)
        try await scene.note(.rejected("second"), made, after: 30, canAskAgain: false)
        // it is looked at again though that may find nothing else: somebody has to be told
        #expect(try await scene.find(made).nextCheckAt == scene.after(10 + hours))
        try await scene.note(.rejected("second"), made, after: 9 + hours, canAskAgain: false)
        #expect(try await scene.notices() == [.broken, .recovered])
        try await scene.note(.unavailable("503"), made, after: 10 + hours, canAskAgain: false)
        #expect(try await scene.notices() == [.broken, .recovered, .broken])
        #expect(try await scene.find(made).nextCheckAt == nil)
        // once
        try await scene.note(.rejected("second"), made, after: 3 * hours)
        #expect(try await scene.notices() == [.broken, .recovered, .broken])
        try await scene.note(.ok, made, after: 4 * hours)
        #expect(try await scene.notices() == [.broken, .recovered, .broken, .recovered])
        #expect(try await scene.events(made).filter { $0 == .broken }.count == 2)
    }

    @Test func afterAPersonAuthorisedItABreakIsNews() async throws {
        let scene = try await ConnectionScene("news")
        let made = try await scene.working()
        try await scene.note(.rejected("first"), made, after: 10)
        try await scene.connections.keepAuthorization(
            ConnectionScene.grant(2), accountID: nil, accountName: nil, id: made.id, tenant: scene.tenant, by: nil,
            now: scene.after(20))
        // healthy only after a call has succeeded
        let waiting = try await scene.find(made).health
        #expect(waiting.state == .needsReauth && waiting.reason?.hasPrefix("It was authorised") == true)
        try await scene.note(.ok, made, after: 21)
        try await scene.note(.rejected("second"), made, after: 30)
        #expect(try await scene.notices() == [.broken, .recovered, .broken])
    }

    @Test func ofManyAtOnceOneTells() async throws {
        let scene = try await ConnectionScene("at_once", connections: 8)
        let made = try await scene.working()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<40 {
                group.addTask { _ = try? await scene.note(.rejected("no"), made, after: Int64(number)) }
            }
        }
        #expect(try await scene.notices() == [.broken])
        #expect(try await scene.events(made).filter { $0 == .broken }.count == 1)
    }

    @Test func whoIsToldIsDecidedWithEverythingAtHand() async throws {
        let scene = try await ConnectionScene("case")
        let made = try await scene.working(nodes: [ConnectionNode("bot", "1", path: "Main / Ticket")])
        let ledger = NotificationStore(database: scene.store.database)
        let found = try #require(try await ledger.connectionCase(made.id, tenant: scene.tenant))
        #expect(found.tenantName == "Test" && found.connection.nodes.map(\.path) == ["Main / Ticket"])
        #expect(found.people.map(\.member.email) == ["owner@example.com"] && found.hooks.isEmpty)
        #expect(found.settings.reauthoriseRoles == [.owner])
        let theirs = try await scene.store.tenant("Theirs").id
        #expect(try await ledger.connectionCase(made.id, tenant: theirs) == nil)
    }

    /// What the schema refuses whoever writes.
    @Test(arguments: [
        ("connection_says_why", "state = 'healthy', state_reason = 'x'"),
        ("connection_says_why", "state = 'degraded', state_reason = null"),
        ("connection_healthy", "state = 'healthy', state_reason = null, failures = 1"),
        ("connection_disabled_rests", "state = 'disabled', state_reason = 'off', next_check_at = now()"),
        ("connection_check_claim", "next_check_at = null, check_claimed_until = now()"),
        ("connection_refresh_claim", "refresh_claim = gen_random_uuid()"),
        ("connection_never_authorised", "authorised_at = null"),
        ("connection_state_known", "state = 'odd', state_reason = 'x'"),
    ])
    func impossibleStatesAreRefused(constraint: String, change: String) async throws {
        let scene = try await ConnectionScene("refused_" + change.filter(\.isLetter).prefix(40), connections: 2)
        _ = try await scene.working()
        let error = await #expect(throws: DatabaseError.self) {
            try await scene.store.administer { connection in
                try connection.execute("update connection set \(unescaped: change)")
            }
        }
        #expect(error?.constraint == constraint)
    }
}
