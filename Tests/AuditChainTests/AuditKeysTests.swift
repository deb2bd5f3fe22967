import AuditChain
import Domain
import Testing

@Suite struct AuditKeysTests {
    private let checkpoint = AuditCheckpoint(
        tenant: TenantID(rawValue: 7), day: Day(number: 20_000), firstSeq: 11, lastSeq: 20,
        firstPreviousHash: Array(repeating: 1, count: 32), lastHash: Array(repeating: 2, count: 32))

    @Test func theNewestKeySignsAndEveryKeyVerifiesItsOwn() throws {
        let old = AuditSigner(seeds: [Array(repeating: 9, count: 32)])
        let both = AuditSigner(seeds: [Array(repeating: 5, count: 32), Array(repeating: 9, count: 32)])
        let signed = try old.sign(checkpoint)
        #expect(both.publicKeys.map { $0.verifies(signed) } == [false, true])
        #expect(signed.keyID == both.publicKeys[1].id)
        #expect(try both.sign(checkpoint).keyID == both.publicKeys[0].id)
    }

    @Test func everyFieldIsSigned() throws {
        let signer = AuditSigner(seeds: [Array(repeating: 9, count: 32)])
        let key = try #require(signer.publicKeys.first)
        let signed = try signer.sign(checkpoint)
        #expect(key.verifies(signed))
        let changes: [(inout AuditCheckpoint) -> Void] = [
            { $0.tenant = TenantID(rawValue: 8) }, { $0.day = Day(number: 20_001) }, { $0.firstSeq += 1 },
            { $0.lastSeq += 1 }, { $0.firstPreviousHash[0] ^= 1 }, { $0.lastHash[31] ^= 1 }, { $0.signature[5] ^= 1 },
        ]
        for change in changes {
            var altered = signed
            change(&altered)
            #expect(!key.verifies(altered))
        }
    }

    @Test func aPublicKeySurvivesItsText() throws {
        let key = try #require(AuditSigner(seeds: [Array(repeating: 3, count: 32)]).publicKeys.first)
        #expect(AuditPublicKey(key.description) == key)
        #expect(AuditPublicKey("AAAA") == nil)
    }

    @Test func withoutAKeyNothingIsSigned() {
        #expect(throws: AuditSigner.NoKey.self) { try AuditSigner(seeds: []).sign(checkpoint) }
    }
}
