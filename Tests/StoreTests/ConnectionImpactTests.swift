import Domain
import Foundation
import Postgres
import TestSupport
import Testing
import Vault

@testable import Store

/// What a connection that does not work hits, read from the calls.
@Suite(.timeLimit(.minutes(3))) struct ConnectionImpactTests {
    private func call(
        _ connection: String?, at time: Timestamp, bot: String = "bot-1", user: EndUser? = EndUser(id: "u-1"),
        code: Int16 = 401
    ) -> NewCallLog {
        var call = NewCallLog.sample(at: time, bot: bot, code: code)
        call.log.connectionID = connection
        call.log.user = user
        return call
    }

    @Test func tellsBotsUsersAndCalls() async throws {
        let scene = try await ConnectionScene("impact")
        let made = try await scene.working()
        #expect(try await scene.connections.impact(of: made, tenant: scene.tenant, now: scene.now) == nil)
        try await scene.note(.rejected("no"), made, after: -3_600)
        let broken = try await scene.find(made)
        let none = try await scene.connections.impact(of: broken, tenant: scene.tenant, now: scene.now)
        let nothing = ConnectionImpact(
            since: scene.after(-3_600), failedCalls: 0, bots: [], users: 0, isLowerBound: false)
        #expect(none == nothing)

        let id = made.id.uuidString
        let theirs = try await scene.store.tenant("Theirs")
        let calls = [
            call(id, at: scene.after(-60)), call(id.lowercased(), at: scene.after(-50)),
            call(id, at: scene.after(-40), bot: "bot-2", user: EndUser(name: "Somebody"), code: 403),
            call(id, at: scene.after(-30), bot: "bot-2", user: nil, code: 500),
            call(id, at: scene.after(-20), bot: "bot-2", user: EndUser(id: "u-1")),
            // none of these counts
            call(id, at: scene.after(-7_200)), call(id, at: scene.after(-10), code: 200),
            call(UUID().uuidString, at: scene.after(-10)), call(nil, at: scene.after(-10)),
        ]
        _ = try await scene.store.writer.store([EntryBatch(tenant: scene.tenant, entries: calls)])
        _ = try await scene.store.writer.store([
            EntryBatch(tenant: theirs.id, entries: [call(id, at: scene.after(-10))])
        ])

        let impact = try #require(try await scene.connections.impact(of: broken, tenant: scene.tenant, now: scene.now))
        // what it had hit is known when it works again, too
        let since = scene.after(-3_600)
        try await scene.note(.ok, made)
        #expect(
            try await scene.connections.impact(
                of: made.id, tenant: scene.tenant, since: since, lastOKAt: nil, now: scene.now)
                == impact)
        #expect(impact.failedCalls == 5 && impact.users == 2 && !impact.isLowerBound)
        #expect(
            impact.bots == [
                .init(id: "bot-2", name: "bot-2", failedCalls: 3), .init(id: "bot-1", name: "bot-1", failedCalls: 2),
            ])
        #expect(try await scene.connections.refusals(made.id, tenant: scene.tenant, since: since) == 3)
        #expect(try await scene.connections.refusals(made.id, tenant: scene.tenant, since: scene.after(-45)) == 1)
        #expect(try await scene.connections.refusals(made.id, tenant: theirs.id, since: since) == 1)
        #expect(try await scene.connections.refusals(UUID(), tenant: scene.tenant, since: since) == 0)
    }

    /// However many calls fail, few are looked at, and by the index of errors.
    @Test func readsTheIndexOfErrors() async throws {
        let scene = try await ConnectionScene("impact_plan")
        let made = try await scene.working()
        _ = try await scene.store.writer.store([
            EntryBatch(tenant: scene.tenant, entries: [call(nil, at: scene.after(-1))])
        ])
        let (id, now) = (made.id, scene.now)
        try await scene.store.administer { connection in
            try connection.execute(
                """
                insert into call_log (occurred_at, body_block, id, tenant_id, bot_key, status_code, body_position, is_error,
                                      method, application, url, connection_id, user_id)
                select c.occurred_at, 1, gen_random_uuid(), tenant_id, bot_key,
                       401, 0, n % 2 = 0, method, application, url, \(id)::text, 'u-' || n % 100
                from call_log c, generate_series(1, 60000) n
                """)
            try connection.script("analyze call_log")
        }
        let sql = ConnectionStore.impactQuery(
            of: id, tenant: scene.tenant, since: scene.after(-60), refusedSince: scene.after(-60), now: now)
        let tenant = scene.tenant
        let lines = try await scene.store.administer { connection in
            try connection.script("begin; set local role calltrail_app; set local app.tenant_id = '\(tenant)'")
            let lines = try connection.query("explain (analyze, costs off) \(fragment: sql)") { row in
                try row.decode(String.self, at: 0)
            }
            try connection.script("rollback")
            return lines
        }
        let plan = lines.joined(separator: "\n")
        #expect(plan.contains(/Index Scan.* using call_log_\d+_tenant_id_occurred_at_id_idx/), "\(plan)")
        #expect(!plan.contains("Seq Scan on call_log"), "\(plan)")
        try await scene.note(.rejected("no"), made, after: -60)
        let broken = try await scene.find(made)
        let impact = try #require(try await scene.connections.impact(of: broken, tenant: scene.tenant, now: now))
        #expect(impact.isLowerBound && impact.failedCalls == 20_000 && impact.users == 50)
    }
}
