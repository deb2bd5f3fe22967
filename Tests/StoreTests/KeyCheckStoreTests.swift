import Domain
import Store
import TestSupport
import Testing
import Vault

@Suite struct KeyCheckStoreTests {
    private func vault(_ keys: (id: String, byte: UInt8)...) throws -> Vault {
        Vault(keys: try keys.map { try EncryptionKey(id: $0.id, bytes: [UInt8](repeating: $0.byte, count: 32)) })
    }

    @Test func theKeysAreThoseItWasWrittenWith() async throws {
        let store = try await TestStore.make("key_check")
        let checks = KeyCheckStore(database: store.database)
        let (one, two) = (("k1", UInt8(1)), ("k2", UInt8(2)))
        for _ in 0..<2 { #expect(try await checks.check(vault(one)).isEmpty) }
        #expect(try await checks.check(vault(two, one)).isEmpty)
        // a key that is missing is named, and does not keep anybody from starting
        #expect(try await checks.check(vault(two)) == ["k1"])

        let wrong = await #expect(throws: KeyCheckStore.WrongKey.self) {
            try await checks.check(vault(two, ("k1", 9)))
        }
        #expect(
            "\(wrong.map { "\($0)" } ?? "")" == "the encryption key k1 is not the one this database was written with")
        await #expect(throws: KeyCheckStore.WrongKey(keyID: "k2")) { try await checks.check(vault(("k2", 9), one)) }
        // whoever is refused leaves nothing behind
        await #expect(throws: KeyCheckStore.WrongKey(keyID: "k1")) {
            try await checks.check(vault(("k3", 3), ("k1", 9)))
        }
        #expect(try await checks.check(vault(("k3", 4), two, one)).isEmpty)
    }

    @Test func ofTwoThatComeAtOnceOneIsRefused() async throws {
        let store = try await TestStore.make("key_check_race")
        let checks = KeyCheckStore(database: store.database)
        let refused = await withTaskGroup(of: Bool.self) { group in
            for byte in 1...8 {
                group.addTask { (try? await checks.check(vault(("k1", UInt8(byte))))) == nil }
            }
            return await group.filter(\.self).reduce(0) { count, _ in count + 1 }
        }
        #expect(refused == 7)
    }
}
