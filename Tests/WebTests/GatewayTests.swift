import Testing

@testable import Web

@Suite struct GatewayTests {
    @Test func takesWellFormedRequestIDs() {
        #expect(Gateway.requestID("req_ABC-12.3") == "req_ABC-12.3")
        for bad in ["", "a b", "a\r\nSet-Cookie: x", "ä", String(repeating: "a", count: 129)] {
            #expect(Gateway.requestID(bad) == nil)
        }
    }
}
