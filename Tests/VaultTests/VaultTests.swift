import Domain
import Foundation
import Testing
import Vault

@Suite struct VaultTests {
    private static let place = SecretPlace(
        tenant: TenantID(rawValue: 7), table: "notification_channel", row: "a", column: "sealed_url")

    private func key(_ id: String, _ byte: UInt8) throws -> EncryptionKey {
        try EncryptionKey(id: id, bytes: [UInt8](repeating: byte, count: 32))
    }

    @Test(arguments: ["", "a", "https://hooks.example.com/T0/B0/secret?x=ü", String(repeating: "s", count: 10_000)])
    func opensWhatItSealed(_ text: String) throws {
        let vault = Vault(keys: [try key("k1", 1)])
        let blob = try vault.seal(text, Self.place)
        #expect(try vault.open(blob, Self.place) == text)
        #expect(blob.starts(with: [1, 2] + Array("k1".utf8)))
        // a nonce of its own each time
        #expect(try vault.seal(text, Self.place) != blob)
    }

    @Test func nothingOfTheTextShows() throws {
        let blob = try Vault(keys: [try key("k1", 1)]).seal("whsec_secret", Self.place)
        #expect(!String(decoding: blob, as: UTF8.self).contains("secret"))
        #expect("\(try key("k1", 1))" == "key k1")
    }

    @Test func everyByteCounts() throws {
        let vault = Vault(keys: [try key("k1", 1), try key("k2", 2)])
        let blob = try vault.seal("whsec_secret", Self.place)
        for index in blob.indices {
            for bit in 0..<8 {
                var changed = blob
                changed[index] ^= 1 << bit
                #expect(throws: VaultError.self, "byte \(index), bit \(bit)") { try vault.open(changed, Self.place) }
            }
        }
        for length in 0..<blob.count {
            #expect(throws: VaultError.self) { try vault.open(Array(blob[..<length]), Self.place) }
        }
        #expect(throws: VaultError.self) { try vault.open(blob + [0], Self.place) }
    }

    @Test func opensAtItsPlaceOnly() throws {
        let vault = Vault(keys: [try key("k1", 1)])
        let blob = try vault.seal("secret", Self.place)
        var others = [SecretPlace](repeating: Self.place, count: 5)
        others[0].tenant = TenantID(rawValue: 8)
        others[1].table = "connection"
        others[2].row = "b"
        others[3].column = "sealed_secret"
        // the same characters, divided otherwise
        others[4].table = "notification_channela"
        others[4].row = ""
        for other in others {
            #expect(throws: VaultError.doesNotOpen(keyID: "k1")) { try vault.open(blob, other) }
        }
    }

    @Test func anOldKeyOpensAndTheNewestSeals() throws {
        let old = Vault(keys: [try key("k1", 1)])
        let both = Vault(keys: [try key("k2", 2), try key("k1", 1)])
        let new = Vault(keys: [try key("k2", 2)])
        let blob = try old.seal("secret", Self.place)
        #expect(try both.open(blob, Self.place) == "secret")
        #expect(old.isNewest(blob) && !both.isNewest(blob))
        let again = try both.seal("secret", Self.place)
        #expect(both.isNewest(again))
        #expect(try new.open(again, Self.place) == "secret")
        #expect(throws: VaultError.unknownKey("k1")) { try new.open(blob, Self.place) }
        #expect("\(VaultError.unknownKey("k1"))".contains("k1"))
        let checked = try both.seal("check", Self.place, under: "k1")
        #expect(try old.open(checked, Self.place) == "check")
    }

    @Test func aKeyOfTheSameNameDoesNotOpen() throws {
        let blob = try Vault(keys: [try key("k1", 1)]).seal("secret", Self.place)
        #expect(throws: VaultError.doesNotOpen(keyID: "k1")) {
            try Vault(keys: [try key("k1", 2)]).open(blob, Self.place)
        }
    }

    @Test func withoutKeysNothingIsSealed() throws {
        let vault = Vault(keys: [])
        #expect(throws: VaultError.noKey) { try vault.seal("secret", Self.place) }
        #expect(vault.signingKeys("links").isEmpty)
        #expect(!vault.isNewest([1, 0]))
    }

    @Test func signingKeysAreOfTheirPurpose() throws {
        let vault = Vault(keys: [try key("k2", 2), try key("k1", 1)])
        let links = vault.signingKeys("links")
        #expect(links.map(\.count) == [32, 32])
        #expect(links[0] != links[1])
        #expect(links[1] == Vault(keys: [try key("k1", 1)]).signingKeys("links")[0])
        #expect(Set(links).isDisjoint(with: vault.signingKeys("unsubscribe")))
    }
}

@Suite struct EncryptionKeyTests {
    private let one = "k1:" + Data(repeating: 1, count: 32).base64EncodedString()
    private let two = "k2:" + Data(repeating: 2, count: 32).base64EncodedString()

    @Test func listsAreRead() throws {
        #expect(try EncryptionKey.list(one).map(\.id) == ["k1"])
        #expect(try EncryptionKey.list("\(two), \(one)\n").map(\.id) == ["k2", "k1"])
    }

    @Test func otherTextsAreRefused() {
        let short = "k1:" + Data(repeating: 1, count: 31).base64EncodedString()
        for text in ["", ",", "k1", ":", "k1:", "k1:%%%", short, ":" + one, "kä:" + one.dropFirst(3), one + ","] {
            #expect(throws: EncryptionKey.Invalid.self, "\(text)") { try EncryptionKey.list(text) }
        }
        let twice = EncryptionKey.Invalid.self
        #expect(throws: twice) { try EncryptionKey.list("\(one),\(one)") }
    }
}
