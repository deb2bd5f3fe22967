import Domain
import Foundation
import Postgres
import Store
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct ConnectionNodeTests {
    private func node(
        _ connection: Connection, _ bot: String, _ node: String, path: String? = nil
    ) -> ConnectionSignalsJob.Node {
        ConnectionSignalsJob.Node(connection: connection.id, bot: bot, node: node, path: path)
    }

    @Test func nodesAreLearntFromCalls() async throws {
        let scene = try await ConnectionScene("learn")
        let made = try await scene.working(nodes: [ConnectionNode("bot", "told", path: "Told")])
        let unknown = ConnectionSignalsJob.Node(connection: UUID(), bot: "bot", node: "n", path: nil)
        let nodes = [
            node(made, "bot", "told", path: "Seen"), node(made, "bot", "n-1", path: "Main"), node(made, "bot", "n-1"),
            node(made, "other", ""), node(made, "", "n"), node(made, "bot", String(repeating: "n", count: 129)),
            unknown,
        ]
        #expect(try await scene.connections.learn(nodes, tenant: scene.tenant, now: scene.now) == 2)
        let known = [
            ConnectionNode("bot", "told", path: "Told"), ConnectionNode("bot", "n-1", path: "Main", isLearnt: true),
            ConnectionNode("other", "", isLearnt: true),
        ]
        #expect(try await scene.find(made).nodes == known)
        #expect(try await scene.connections.learn(nodes, tenant: scene.tenant, now: scene.after(1)) == 0)
        #expect(try await scene.connections.learn([], tenant: scene.tenant, now: scene.now) == 0)
        // a node that was moved in the bot
        let moved = [node(made, "bot", "n-1", path: "Elsewhere")]
        #expect(try await scene.connections.learn(moved, tenant: scene.tenant, now: scene.after(2)) == 0)
        #expect(try await scene.find(made).nodes.map(\.path) == ["Told", "Elsewhere", nil])
        // what people tell replaces what they told; what was learnt stays, and becomes told when they tell it
        let changed = try await scene.change(made) { $0.nodes = [ConnectionNode("other", "", path: "Here")] }
        #expect(
            changed.nodes == [
                ConnectionNode("other", "", path: "Here"),
                ConnectionNode("bot", "n-1", path: "Elsewhere", isLearnt: true),
            ])
        // of a connection that is broken, so is what is learnt
        try await scene.note(.rejected("no"), made, after: 10)
        let new = [node(made, "new", "n")]
        #expect(try await scene.connections.learn(new, tenant: scene.tenant, now: scene.after(11)) == 1)
        #expect(try await scene.find(made).nodes.allSatisfy { $0.state == .broken })
    }

    @Test func seeingANodeAgainWritesOnceAnHour() async throws {
        let scene = try await ConnectionScene("again")
        let made = try await scene.working()
        func lastSeen() async throws -> Timestamp? {
            try await scene.store.administer { connection in
                try connection.first("select last_seen_at from connection_node") { row in
                    try row.decode(Timestamp.self, at: 0)
                }
            }
        }
        for (seconds, seen) in [(0, 0), (3_599, 0), (3_601, 3_601)] as [(Int64, Int64)] {
            try await scene.connections.learn(
                [node(made, "bot", "n")], tenant: scene.tenant, now: scene.after(seconds))
            #expect(try await lastSeen() == scene.after(seen))
        }
    }

    @Test func thereAreOnlySoMany() async throws {
        let scene = try await ConnectionScene("most_nodes", connections: 8)
        let told = (0..<10).map { ConnectionNode("told", "\($0)") }
        let made = try await scene.working(nodes: told)
        // many at once, each with nodes of its own
        await withTaskGroup(of: Void.self) { group in
            for round in 0..<8 {
                group.addTask {
                    let nodes = (0..<200).map { node(made, "bot-\(round)", "\($0)") }
                    _ = try? await scene.connections.learn(nodes, tenant: scene.tenant, now: scene.now)
                }
            }
        }
        #expect(try await scene.find(made).nodes.count == Connection.mostNodes)
        #expect(try await scene.connections.learn([node(made, "late", "1")], tenant: scene.tenant, now: scene.now) == 0)
        // what people tell takes the place of what was learnt
        let more = (0..<20).map { ConnectionNode("told", "\($0)") }
        let nodes = try await scene.change(made) { $0.nodes = more }.nodes
        #expect(nodes.count == Connection.mostNodes && nodes.filter { !$0.isLearnt }.count == 20)
    }
}
