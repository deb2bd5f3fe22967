import Domain
import Foundation
import Postgres
import TestSupport
import Testing
import Vault

@testable import Store

@Suite(.timeLimit(.minutes(2))) struct AuthorizationStoreTests {
    private struct Begun {
        var scene: ConnectionScene
        var authorizations: AuthorizationStore
        var connection: Connection
        let person = UUID()

        init(_ name: String) async throws {
            scene = try await ConnectionScene("oauth_" + name)
            authorizations = AuthorizationStore(
                database: scene.store.database, vault: try ConnectionScene.vault("k1"))
            connection = try await scene.make()
        }

        func begin(by beginner: AuthorizationStore.Beginner? = nil) async throws -> String {
            try await authorizations.begin(
                tenant: scene.tenant, connection: connection.id, application: .zendesk, by: beginner ?? .person(person),
                codeVerifier: "verifier", acceptsOtherAccount: true, now: scene.now)
        }

        func take(
            _ state: String, by user: UUID?, application: Application = .zendesk, after seconds: Int64 = 1
        ) async throws -> AuthorizationStore.Taken? {
            try await authorizations.take(state, application: application, by: user, now: scene.after(seconds))
        }
    }

    @Test func aStateIsGoodOnce() async throws {
        let begun = try await Begun("once")
        let state = try await begun.begin()
        #expect(state.count == 43)
        let expected = AuthorizationStore.Pending(
            tenant: begun.scene.tenant, connection: begun.connection.id, userID: begun.person, apiKeyID: nil,
            codeVerifier: "verifier", acceptsOtherAccount: true)
        #expect(try await begun.take(state, by: begun.person) == .pending(expected))
        #expect(try await begun.take(state, by: begun.person) == nil)
        #expect(try await begun.take("unheard of", by: begun.person) == nil)
        #expect(try await begun.take("", by: begun.person) == nil)
    }

    @Test func ofManyAtOnceOneTakesIt() async throws {
        let begun = try await Begun("at_once")
        let state = try await begun.begin()
        let taken = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<20 { group.addTask { (try? await begun.take(state, by: begun.person)) != nil } }
            return await group.filter(\.self).reduce(0) { count, _ in count + 1 }
        }
        #expect(taken == 1)
    }

    @Test func aStateIsGoodForWhomAndWhatItWasMade() async throws {
        let begun = try await Begun("whom")
        let state = try await begun.begin()
        #expect(try await begun.take(state, by: UUID()) == .otherPerson)
        #expect(try await begun.take(state, by: nil) == .otherPerson)
        #expect(try await begun.take(state, by: begun.person, application: .salesforce) == nil)
        #expect(try await begun.take(state, by: begun.person, after: 600) == nil)
        // none of that used it up
        #expect(try await begun.take(state, by: begun.person, after: 599) != nil)

        let key = UUID()
        let byKey = try await begun.begin(by: .key(key))
        guard case .pending(let pending) = try await begun.take(byKey, by: UUID()) else {
            Issue.record("begun by a key, it is for whoever brings it")
            return
        }
        #expect(pending.apiKeyID == key && pending.userID == nil)
    }

    @Test func nothingIsBegunWithoutAConnection() async throws {
        let begun = try await Begun("nothing")
        let theirs = try await begun.scene.store.tenant("Theirs").id
        for (tenant, connection, application) in [
            (theirs, begun.connection.id, Application.zendesk), (begun.scene.tenant, UUID(), .zendesk),
            (begun.scene.tenant, begun.connection.id, .salesforce),
        ] {
            let problem = await #expect(throws: Problem.self) {
                try await begun.authorizations.begin(
                    tenant: tenant, connection: connection, application: application, by: .person(begun.person),
                    codeVerifier: "v", acceptsOtherAccount: false, now: begun.scene.now)
            }
            #expect(problem?.code == .notFound)
        }
    }

    @Test func neitherStateNorVerifierIsReadable() async throws {
        let begun = try await Begun("readable")
        let state = try await begun.begin()
        let text = try await begun.scene.store.administer { connection in
            try connection.first(
                """
                select row_to_json(a)::text || encode(state_hash, 'escape') || encode(sealed_verifier, 'escape')
                from connection_authorization a
                """
            ) { row in try row.decode(String.self, at: 0) }
        }
        #expect(text?.contains(state) == false && text?.contains("verifier\"") == true)
        #expect(text?.components(separatedBy: "verifier").count == 2)
    }

    @Test func whatExpiredIsSwept() async throws {
        let begun = try await Begun("swept")
        _ = try await begun.begin()
        #expect(try await begun.authorizations.sweep(now: begun.scene.after(599)) == 0)
        #expect(try await begun.authorizations.sweep(now: begun.scene.after(600)) == 1)
    }
}
