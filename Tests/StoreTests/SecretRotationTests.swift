import Domain
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Vault

@Suite(.timeLimit(.minutes(2))) struct SecretRotationTests {
    /// A tenant with secrets of every kind, under the key k1.
    private struct Sealed {
        var scene: ConnectionScene
        var connection: Connection
        var channel: NotificationChannelStore.NewChannel
        var state: String
        let person = UUID()

        init(_ name: String) async throws {
            scene = try await ConnectionScene("rotation_" + name)
            let database = scene.store.database
            _ = try await KeyCheckStore(database: database).check(try ConnectionScene.vault("k1"))
            connection = try await scene.working()
            let vault = try ConnectionScene.vault("k1")
            channel = try await NotificationChannelStore(database: database, vault: vault).create(
                tenant: scene.tenant, kind: .webhook, name: "Hook", url: try OutgoingURL("https://hooks.example.com/x"),
                events: [.reauthorise], creator: nil)
            state = try await AuthorizationStore(database: database, vault: vault).begin(
                tenant: scene.tenant, connection: connection.id, application: .zendesk, by: .person(person),
                codeVerifier: "verifier", acceptsOtherAccount: false, now: scene.now)
        }

        func rotate(_ ids: String..., batch: Int = 200) async throws -> SecretRotation.Report {
            let vault = try ConnectionScene.vault(ids)
            return try await SecretRotation(database: scene.store.database, vault: vault).run(batch: batch)
        }

        /// Keys that the database was written with, as far as it remembers.
        func keys() async throws -> [String] {
            try await scene.store.administer { connection in
                try connection.query("select key_id from encryption_check order by 1") { row in
                    try row.decode(String.self, at: 0)
                }
            }
        }
    }

    @Test func everythingIsSealedUnderTheNewestKey() async throws {
        let sealed = try await Sealed("all")
        for number in 0..<7 { _ = try await sealed.scene.make("Key \(number)", auth: .apiKey) }
        let report = try await sealed.rotate("k2", "k1", batch: 3)
        #expect(report.counts.map(\.resealed) == [1, 1, 8, 1] && report.counts.allSatisfy { $0.unopened == 0 })
        #expect(report.failures.isEmpty && report.retiredKeys == ["k1"] && report.neededKeys.isEmpty)
        #expect(try await sealed.keys() == ["k2"])

        // the old key is not needed any more
        let (database, vault) = (sealed.scene.store.database, try ConnectionScene.vault("k2"))
        #expect(try await KeyCheckStore(database: database).check(vault).isEmpty)
        let connections = ConnectionStore(database: database, vault: vault)
        let secrets = try await connections.secrets(sealed.connection.id, tenant: sealed.scene.tenant)
        #expect(secrets?.secrets.grant == ConnectionScene.grant(1) && secrets?.version == 2)
        let channels = NotificationChannelStore(database: database, vault: vault)
        let opened = try await channels.findForDelivery(sealed.channel.channel.id, tenant: sealed.scene.tenant)
        #expect(opened?.url == "https://hooks.example.com/x" && opened?.secret == sealed.channel.secret)
        let authorizations = AuthorizationStore(database: database, vault: vault)
        let taken = try await authorizations.take(
            sealed.state, application: .zendesk, by: sealed.person, now: sealed.scene.after(1))
        guard case .pending(let pending) = taken else {
            Issue.record("the state is gone")
            return
        }
        #expect(pending.codeVerifier == "verifier")

        // another run finds nothing to do
        let again = try await sealed.rotate("k2", batch: 3)
        #expect(again.counts.map(\.resealed) == [0, 0, 0, 0] && again.counts.map(\.untouched) == [1, 1, 8, 0])
    }

    @Test func whatDoesNotOpenIsNamedAndTheRestGoesOn() async throws {
        let sealed = try await Sealed("unopened")
        _ = try await sealed.scene.make("Key", auth: .apiKey)
        let id = sealed.connection.id
        try await sealed.scene.store.administer { connection in
            try connection.execute(
                """
                update connection set sealed_secrets = (select sealed_secrets from connection where name = 'Key')
                where connection_id = \(id)
                """)
        }
        let report = try await sealed.rotate("k2", "k1")
        #expect(report.counts.map(\.resealed) == [1, 1, 1, 1] && report.counts.map(\.unopened) == [0, 0, 1, 0])
        let failure = try #require(report.failures.first)
        #expect(
            failure.description.hasPrefix(
                "tenant \(sealed.scene.tenant), connection \(id.uuidString.lowercased()), sealed_secrets: "))
        // its key stays
        #expect(report.retiredKeys.isEmpty && report.neededKeys == ["k1"])
        #expect(try await sealed.keys() == ["k1", "k2"])

        // without the older key nothing opens, and nothing is lost
        let blind = try await Sealed("blind")
        let lost = try await blind.rotate("k2")
        #expect(lost.counts.map(\.unopened) == [1, 1, 1, 1] && lost.neededKeys == ["k1"])
        #expect(try await blind.scene.secrets(blind.connection).secrets.grant == ConnectionScene.grant(1))
        await #expect(throws: VaultError.noKey) { try await blind.rotate() }
    }

    @Test func aWrongKeySealsNothing() async throws {
        let sealed = try await Sealed("wrong")
        let wrong = Vault(keys: [
            try EncryptionKey(id: "k2", bytes: [UInt8](repeating: 2, count: 32)),
            try EncryptionKey(id: "k1", bytes: [UInt8](repeating: 9, count: 32)),
        ])
        await #expect(throws: KeyCheckStore.WrongKey(keyID: "k1")) {
            try await SecretRotation(database: sealed.scene.store.database, vault: wrong).run()
        }
        #expect(try await sealed.keys() == ["k1"])
    }

    @Test func aKeyThatIsNewerStays() async throws {
        let sealed = try await Sealed("newer")
        // somebody has been given k3 already, and has sealed nothing under it yet
        _ = try await KeyCheckStore(database: sealed.scene.store.database).check(try ConnectionScene.vault("k2", "k1"))
        _ = try await KeyCheckStore(database: sealed.scene.store.database).check(try ConnectionScene.vault("k3", "k2"))
        #expect(try await sealed.rotate("k2", "k1").retiredKeys == ["k1"])
        #expect(try await sealed.keys() == ["k2", "k3"])
    }

    /// Secrets that are replaced while they are sealed anew are never put back.
    @Test func writersGoOnMeanwhile() async throws {
        let sealed = try await Sealed("writers")
        let scene = sealed.scene
        let made = try await scene.make("Key", auth: .apiKey)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for number in 0..<60 {
                    _ = try await scene.change(made) { $0.credentials = ["api_key": "number \(number)"] }
                }
            }
            for _ in 0..<2 {
                group.addTask { for _ in 0..<15 { _ = try await sealed.rotate("k2", "k1", batch: 1) } }
            }
            try await group.waitForAll()
        }
        _ = try await sealed.rotate("k2", "k1")
        let both = ConnectionStore(database: scene.store.database, vault: try ConnectionScene.vault("k2"))
        let secrets = try await both.secrets(made.id, tenant: scene.tenant)
        #expect(secrets?.secrets.credentials == ["api_key": "number 59"] && secrets?.version == 61)
    }
}
