import Domain
import Foundation
import Mail
import Testing

@Suite("Signed links")
struct LinkSignerTests {
    let tenant = TenantID(rawValue: 4711)
    let id = UUID()
    let old = [UInt8](repeating: 1, count: 32)
    let new = [UInt8](repeating: 2, count: 32)

    @Test("a token is short, fits a path, and reads back", arguments: LinkPurpose.allCases)
    func roundTrip(purpose: LinkPurpose) throws {
        let signer = LinkSigner(keys: [new])
        let token = signer.token(purpose: purpose, tenant: tenant, id: id)
        #expect(token.utf8.count == 48)
        #expect(token.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) })
        let read = try #require(signer.verify(token, purpose: purpose))
        #expect(read.tenant == tenant && read.id == id)
    }

    @Test("another purpose, another key and another token are refused")
    func refused() {
        let signer = LinkSigner(keys: [new])
        let token = signer.token(purpose: .unsubscribe, tenant: tenant, id: id)
        #expect(signer.verify(token, purpose: .opened) == nil)
        #expect(LinkSigner(keys: [old]).verify(token, purpose: .unsubscribe) == nil)
        for bad in ["", "x", token + "A", String(token.dropLast()), token + "=", " " + token, token.lowercased()] {
            #expect(signer.verify(bad, purpose: .unsubscribe) == nil, "\(bad)")
        }
    }

    @Test("every changed character is noticed")
    func tampering() {
        let signer = LinkSigner(keys: [new])
        let token = Array(signer.token(purpose: .unsubscribe, tenant: tenant, id: id))
        for index in token.indices {
            var changed = token
            changed[index] = changed[index] == "A" ? "B" : "A"
            #expect(signer.verify(String(changed), purpose: .unsubscribe) == nil)
        }
    }

    @Test("the newest key signs, older ones still verify")
    func rotation() {
        let before = LinkSigner(keys: [old])
        let after = LinkSigner(keys: [new, old])
        let token = before.token(purpose: .unsubscribe, tenant: tenant, id: id)
        #expect(after.verify(token, purpose: .unsubscribe)?.id == id)
        #expect(before.verify(after.token(purpose: .unsubscribe, tenant: tenant, id: id), purpose: .unsubscribe) == nil)
    }

    @Test("a known token, computed apart from this code: links in old mails stay good")
    func stable() throws {
        let id = try #require(UUID(uuidString: "0193E2A1-7C1A-7000-8000-000000000001"))
        let token = LinkSigner(keys: [old]).token(purpose: .unsubscribe, tenant: TenantID(rawValue: 1), id: id)
        #expect(token == "AAAAAQGT4qF8GnAAgAAAAAAAAAHSFGfQEyB4lSsdI1SZlmvQ")
    }
}
