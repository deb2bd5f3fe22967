import Domain
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Vault

@Suite(.timeLimit(.minutes(2))) struct ConnectionStoreTests {
    @Test func startsAsItsAuthenticationAllows() async throws {
        let scene = try await ConnectionScene("starts")
        let person = UUID()
        let oauth = try await scene.connections.create(
            tenant: scene.tenant,
            NewConnection(
                name: "OAuth", application: .zendesk, auth: .oauth2, nodes: [ConnectionNode("bot", "n-1", path: "Main")]
            ),
            creator: person, now: scene.now)
        #expect(oauth.health.state == .needsReauth && oauth.health.reason == "Nobody has authorised it yet.")
        #expect(oauth.nextCheckAt == nil && oauth.authorisedAt == nil)
        #expect(oauth.nodes == [ConnectionNode("bot", "n-1", path: "Main", state: .broken)])
        let events = try await scene.connections.events(oauth.id, tenant: scene.tenant, limit: 10)
        #expect(events == [ConnectionEvent(.created, at: scene.now, userID: person)])

        let key = try await scene.make("Key", auth: .apiKey, nodes: [ConnectionNode("bot", "n-1")])
        #expect(key.health.state == .degraded && key.health.reason == "It has not been checked yet.")
        #expect(key.nextCheckAt == scene.now && key.settings == ["subdomain": "acme"])
        #expect(key.nodes.map(\.state) == [.attached])
        #expect(try await scene.connections.numbers() == [.healthy: 0, .degraded: 1, .needsReauth: 1, .disabled: 0])
    }

    @Test func secretsAreSealed() async throws {
        let scene = try await ConnectionScene("sealed")
        let made = try await scene.make("Key", auth: .apiKey)
        let other = try await scene.make("Other", auth: .apiKey)
        let secrets = try await scene.secrets(made)
        #expect(secrets.secrets == ConnectionSecrets(credentials: ["api_key": "opensesame"]))
        #expect(secrets.version == 1 && !secrets.interruptedRefresh && secrets.connection.id == made.id)
        let id = other.id
        let text = try await scene.store.administer { connection in
            try connection.first(
                "select string_agg(row_to_json(c)::text || encode(sealed_secrets, 'escape'), '') from connection c"
            ) { row in try row.decode(String.self, at: 0) }
        }
        #expect(text?.contains("opensesame") == false)
        // what was moved to another row does not open
        try await scene.store.administer { connection in
            try connection.execute(
                """
                update connection set sealed_secrets = (select sealed_secrets from connection where name = 'Key')
                where connection_id = \(id)
                """)
        }
        await #expect(throws: VaultError.doesNotOpen(keyID: "k1")) { try await scene.secrets(other) }
        // nor does that keep it from being removed
        let removed = try #require(try await scene.connections.remove(other.id, tenant: scene.tenant))
        #expect(removed.0.name == "Other" && removed.1 == ConnectionSecrets(credentials: [:]))
        let first = try #require(try await scene.connections.remove(made.id, tenant: scene.tenant))
        #expect(first.1.credentials == ["api_key": "opensesame"])
        #expect(try await scene.connections.remove(made.id, tenant: scene.tenant) == nil)
    }

    @Test func removingTakesEverythingAlong() async throws {
        let scene = try await ConnectionScene("remove")
        let made = try await scene.working(nodes: [ConnectionNode("bot", "n-1")])
        let authorizations = AuthorizationStore(database: scene.store.database, vault: try ConnectionScene.vault("k1"))
        _ = try await authorizations.begin(
            tenant: scene.tenant, connection: made.id, application: .zendesk, by: .person(UUID()), codeVerifier: "v",
            acceptsOtherAccount: false, now: scene.now)
        #expect(try await scene.connections.remove(made.id, tenant: scene.tenant)?.1.grant == ConnectionScene.grant(1))
        let left = try await scene.store.administer { connection in
            try connection.first(
                """
                select (select count(*) from connection_node) + (select count(*) from connection_event)
                     + (select count(*) from connection_authorization)
                """
            ) { row in try row.decode(Int64.self, at: 0) }
        }
        #expect(left == 0)
    }

    @Test func anotherTenantSeesNothing() async throws {
        let scene = try await ConnectionScene("tenants")
        let connections = scene.connections
        let id = try await scene.working(nodes: [ConnectionNode("bot", "n-1")]).id
        let theirs = try await scene.store.tenant("Theirs").id
        #expect(try await connections.find(id, tenant: theirs) == nil)
        #expect(
            try await connections.list(
                tenant: theirs, state: nil, application: nil, after: nil, limit: 10
            ).isEmpty)
        #expect(try await connections.secrets(id, tenant: theirs) == nil)
        var change = ConnectionChange()
        change.name = "Mine now"
        #expect(try await connections.update(id, tenant: theirs, change, by: nil, now: scene.now) == nil)
        #expect(try await connections.remove(id, tenant: theirs) == nil)
        #expect(try await connections.events(id, tenant: theirs, limit: 10).isEmpty)
        #expect(
            try await connections.note(
                .rejected("no"), id: id, tenant: theirs, version: nil, now: scene.now, canAskAgain: true) == nil)
        guard case .gone = try await connections.claimRefresh(id, tenant: theirs, version: 2, now: scene.now) else {
            Issue.record("another tenant's claim")
            return
        }
        #expect(
            try await !connections.keepAuthorization(
                ConnectionScene.grant(9), accountID: nil, accountName: nil, id: id, tenant: theirs, by: nil,
                now: scene.now))
        let node = ConnectionSignalsJob.Node(connection: id, bot: "bot", node: "n-9", path: nil)
        #expect(try await connections.learn([node], tenant: theirs, now: scene.now) == 0)
        #expect(try await connections.find(id, tenant: scene.tenant)?.nodes == [ConnectionNode("bot", "n-1")])

        // without the argument too: the second of the two locks
        try await scene.store.administer { administrator in
            for table in ["connection", "connection_node", "connection_event", "connection_authorization"] {
                let count = try administrator.transaction(
                    TransactionSettings(role: "calltrail_app", local: [("app.tenant_id", "\(theirs)")])
                ) { transaction in
                    try transaction.first("select count(*) from \(identifier: table)") { row in
                        try row.decode(Int64.self, at: 0)
                    }
                }
                #expect(count == 0, "\(table)")
                #expect(throws: DatabaseError.self, "\(table)") {
                    try administrator.transaction(TransactionSettings(role: "calltrail_writer")) { transaction in
                        try transaction.query("select 1 from \(identifier: table)") { _ in }
                    }
                }
            }
        }
    }

    @Test func listsInPages() async throws {
        let scene = try await ConnectionScene("pages")
        for number in 0..<9 {
            _ = try await scene.make(
                "Number \(number)", auth: number.isMultiple(of: 3) ? .oauth2 : .apiKey,
                application: number.isMultiple(of: 2) ? .zendesk : .freshdesk)
        }
        func pages(
            _ state: ConnectionState?, _ application: Application?
        ) async throws -> [String] {
            var seen: [Connection] = []
            while true {
                let page = try await scene.connections.list(
                    tenant: scene.tenant, state: state, application: application,
                    after: seen.last.map(ConnectionPosition.init), limit: 2)
                seen += page
                if page.count < 2 { break }
            }
            #expect(seen.allSatisfy { $0.nodes.isEmpty })
            return seen.map { String($0.name.suffix(1)) }.sorted()
        }
        #expect(try await pages(nil, nil) == (0..<9).map(String.init))
        #expect(try await pages(.needsReauth, nil) == ["0", "3", "6"])
        #expect(try await pages(.degraded, .zendesk) == ["2", "4", "8"])
        #expect(try await pages(.healthy, nil).isEmpty)
    }

    @Test func namesAreOnce() async throws {
        let scene = try await ConnectionScene("names")
        let first = try await scene.make("One")
        let second = try await scene.make("Two")
        #expect(await #expect(throws: Problem.self) { try await scene.make("One", auth: .basic) }?.code == .conflict)
        let taken = await #expect(throws: Problem.self) { try await scene.change(second) { $0.name = "One" } }
        #expect(taken?.code == .conflict)
        #expect(try await scene.change(first) { $0.name = "One" }.name == "One")
        for bad in ["", String(repeating: "x", count: 201), "N\0L"] {
            let problem = await #expect(throws: Problem.self) { try await scene.make(bad) }
            #expect(problem?.code == .invalidParameter, "\(bad)")
        }
        let nul = await #expect(throws: Problem.self) { try await scene.make("X", settings: ["a": "\0"]) }
        #expect(nul?.code == .invalidParameter)
        let long = ConnectionNode("bot", String(repeating: "n", count: 129))
        #expect(
            await #expect(throws: Problem.self) { try await scene.make("X", nodes: [long]) }?.code == .invalidParameter)
        let many = (0...Connection.mostNodes).map { ConnectionNode("bot", "\($0)") }
        #expect(
            await #expect(throws: Problem.self) { try await scene.make("X", nodes: many) }?.code == .invalidParameter)
    }

    @Test func aTenantHasOnlySoMany() async throws {
        let scene = try await ConnectionScene("most")
        let made = try await scene.make("One", auth: .apiKey)
        let (tenant, id, most) = (scene.tenant.rawValue, made.id, Int32(Connection.mostOfATenant))
        try await scene.store.administer { connection in
            try connection.execute(
                """
                insert into connection (tenant_id, connection_id, name, application, auth, state, state_reason, state_since,
                                        sealed_secrets, authorised_at)
                select tenant_id, gen_random_uuid(), 'copy ' || n, application, auth, state, state_reason, state_since,
                       sealed_secrets, authorised_at
                from connection, generate_series(3, \(most)) n where tenant_id = \(tenant) and connection_id = \(id)
                """)
        }
        _ = try await scene.make("The last")
        #expect(await #expect(throws: Problem.self) { try await scene.make("One more") }?.code == .conflict)
    }

    @Test func changesAreThoseThatWereAskedFor() async throws {
        let scene = try await ConnectionScene("changes")
        let made = try await scene.make(
            "Key", auth: .apiKey, nodes: [ConnectionNode("a", "1"), ConnectionNode("a", "2")])
        #expect(try await scene.change(made) { _ in }.name == "Key")
        #expect(try await scene.change(made) { $0.settings = ["x": "y"] }.settings == ["x": "y"])
        let nodes = [ConnectionNode("a", "2", path: "Main"), ConnectionNode("b", ""), ConnectionNode("b", "")]
        let changed = try await scene.change(made) { $0.nodes = nodes }
        #expect(changed.nodes == [ConnectionNode("a", "2", path: "Main"), ConnectionNode("b", "")])
        #expect(try await scene.change(made) { $0.nodes = [] }.nodes.isEmpty)
        #expect(try await scene.secrets(made).version == 1)
        #expect(try await scene.events(made) == [.created])
    }

    @Test func otherCredentialsAreCheckedAnew() async throws {
        let scene = try await ConnectionScene("credentials")
        let made = try await scene.make("Key", auth: .apiKey)
        try await scene.note(.ok, made)
        let replaced = try await scene.change(made, after: 60) { $0.credentials = ["api_key": "another"] }
        #expect(replaced.health.state == .degraded && replaced.health.since == scene.after(60))
        #expect(replaced.health.reason == "It has not been checked since its credentials were replaced.")
        #expect(replaced.nextCheckAt == scene.after(60) && replaced.authorisedAt == scene.after(60))
        let secrets = try await scene.secrets(made)
        #expect(secrets.version == 2 && secrets.secrets.credentials == ["api_key": "another"])
        // what the old key was answered does not count
        #expect(try await scene.note(.rejected("no"), made, after: 61, version: 1).state == .degraded)
        try await scene.note(.rejected("no"), made, after: 62, version: 2)
        // one that was refused counts as refused until a check succeeds
        let again = try await scene.change(made, after: 120) { $0.credentials = ["api_key": "third"] }
        #expect(again.health.state == .needsReauth && again.nextCheckAt == scene.after(120))
        #expect(try await scene.note(.ok, made, after: 121, version: 3).state == .healthy)
        #expect(
            try await scene.events(made) == [
                .created, .recovered, .credentialsChanged, .broken, .credentialsChanged, .recovered,
            ])
    }

    @Test func anotherClientLeavesTheGrant() async throws {
        let scene = try await ConnectionScene("client")
        let made = try await scene.make()
        // nobody has authorised it: there is nothing to check
        #expect(try await scene.change(made) { $0.credentials = ["client_id": "0"] }.nextCheckAt == nil)
        try await scene.connections.keepAuthorization(
            ConnectionScene.grant(1), accountID: nil, accountName: nil, id: made.id, tenant: scene.tenant, by: nil,
            now: scene.now)
        try await scene.note(.ok, made)
        let changed = try await scene.change(made, after: 5) { $0.credentials = ["client_id": "1"] }
        #expect(changed.health.state == .healthy && changed.nextCheckAt == scene.after(5))
        let secrets = try await scene.secrets(made)
        #expect(secrets.secrets == ConnectionSecrets(credentials: ["client_id": "1"], grant: ConnectionScene.grant(1)))
        #expect(secrets.version == 4)
    }

    @Test func switchedOffItRests() async throws {
        let scene = try await ConnectionScene("off")
        let made = try await scene.working(nodes: [ConnectionNode("bot", "1")])
        try await scene.note(.rejected("revoked"), made, after: 10)
        let off = try await scene.change(made, after: 20) { $0.isEnabled = false }
        #expect(off.health.state == .disabled && off.nextCheckAt == nil)
        #expect(try await scene.change(made, after: 21) { $0.isEnabled = false }.health.since == scene.after(20))
        #expect(try await scene.note(.ok, made, after: 30).state == .disabled)
        // neither credentials nor a grant wake it
        #expect(try await scene.change(made, after: 31) { $0.credentials = ["a": "b"] }.nextCheckAt == nil)
        try await scene.connections.keepAuthorization(
            ConnectionScene.grant(2), accountID: nil, accountName: nil, id: made.id, tenant: scene.tenant, by: nil,
            now: scene.after(32))
        #expect(try await scene.find(made).nextCheckAt == nil)
        let on = try await scene.change(made, after: 40) { $0.isEnabled = true }
        #expect(on.health.state == .degraded && on.nextCheckAt == scene.after(40))
        #expect(on.nodes.map(\.state) == [.broken])
        try await scene.note(.ok, made, after: 50)
        #expect(try await scene.find(made).nodes.map(\.state) == [.attached])
        #expect(
            try await scene.events(made) == [
                .created, .authorised, .recovered, .broken, .disabled, .credentialsChanged, .authorised, .enabled,
                .recovered,
            ])
        // one that nobody has authorised has nothing to be checked with
        let idle = try await scene.make("Idle")
        _ = try await scene.change(idle) { $0.isEnabled = false }
        let back = try await scene.change(idle) { $0.isEnabled = true }
        #expect(back.health.state == .needsReauth && back.nextCheckAt == nil)
        #expect(try await scene.note(.ok, idle).state == .needsReauth)
    }

    @Test func eventsArePruned() async throws {
        let scene = try await ConnectionScene("prune")
        let made = try await scene.make()
        #expect(try await scene.connections.prune(now: scene.after(89 * 86_400)) == 0)
        #expect(try await scene.connections.prune(now: scene.after(91 * 86_400)) == 1)
        #expect(try await scene.events(made).isEmpty)
    }
}
