import Domain
import Testing

@Suite("Readings of status codes")
struct StatusReadingTests {
    @Test("every code has one, short and about the application")
    func everyCode() {
        for code in 100...599 {
            let text = StatusReading.sentence(statusCode: code, application: "Zendesk")
            #expect(text.hasSuffix(".") && text.count <= 140, "\(code): \(text)")
            #expect(text.contains("Zendesk"), "\(code): \(text)")
        }
    }

    @Test("the codes that people can do something about say what")
    func advice() {
        let unauthorised = StatusReading.sentence(statusCode: 401, application: "Zendesk")
        #expect(unauthorised.hasPrefix("Zendesk refused the credentials") && unauthorised.contains("Reauthorise"))
        #expect(StatusReading.sentence(statusCode: 429, application: "Twilio").contains("too many requests"))
        #expect(StatusReading.sentence(statusCode: 200, application: "Twilio").contains("carries an error"))
        let codes = [
            400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 415, 422, 423, 429, 499, 500, 501, 502, 503, 504,
        ]
        #expect(Set(codes.map { StatusReading.sentence(statusCode: $0, application: "X") }).count == codes.count)
    }

    @Test("a known error type says more than the code")
    func errorType() {
        let text = StatusReading.sentence(statusCode: 400, application: "Salesforce", errorType: "invalid_grant")
        #expect(text.contains("Reauthorise"))
        let other = StatusReading.sentence(statusCode: 400, application: "Salesforce", errorType: "whatever")
        #expect(other == StatusReading.sentence(statusCode: 400, application: "Salesforce"))
    }
}
