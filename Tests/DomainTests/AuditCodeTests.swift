import Domain
import Testing

@Suite struct AuditCodeTests {
    @Test func codesHaveTheirForm() {
        #expect(AuditCode.allCases.count == 12)
        for code in AuditCode.allCases {
            #expect(code.rawValue.wholeMatch(of: /[A-Z]{3}-[0-9]{4}/) != nil)
            #expect(code.sentence.hasSuffix("."))
            #expect(code.isAboutEntity == code.rawValue.hasPrefix("ABA"))
            #expect(code.partitionKey == (code.isAboutEntity ? "model_audit" : "api_audit"))
        }
        #expect(Set(AuditCode.allCases.map(\.sentence)).count == 12)
    }
}
