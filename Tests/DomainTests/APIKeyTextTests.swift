import Domain
import Testing

@Suite struct APIKeyTextTests {
    @Test func aKeyHoldsItsTenant() throws {
        for tenant in [1, 77, Int32.max] {
            for tag in [UInt16.min, 300, UInt16.max] {
                let key = APIKeyText.generate(tenantID: TenantID(rawValue: tenant), tag: tag)
                #expect(key.text.wholeMatch(of: /ct_live_[0-9A-Za-z]{8}_[0-9A-Za-z]{36}/) != nil)
                let read = try #require(APIKeyText(key.text))
                #expect(read.tenantID.rawValue == tenant && read.tag == tag)
            }
        }
    }

    @Test func aKeyThatWasCutOrMistypedIsTold() {
        let key = APIKeyText.generate(tenantID: TenantID(rawValue: 5), tag: 9).text
        #expect(APIKeyText(String(key.dropLast())) == nil)
        #expect(APIKeyText(key + "x") == nil)
        #expect(APIKeyText("") == nil)
        for index in key.indices where key[index] != "_" {
            var changed = key
            changed.replaceSubrange(index...index, with: key[index] == "a" ? "b" : "a")
            #expect(APIKeyText(changed) == nil, "\(changed)")
        }
    }

    @Test func secretsDiffer() {
        let keys = (0..<100).map { _ in APIKeyText.generate(tenantID: TenantID(rawValue: 1), tag: 1).text }
        #expect(Set(keys).count == 100)
    }
}
