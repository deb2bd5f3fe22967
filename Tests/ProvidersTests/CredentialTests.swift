import Domain
import Testing

@testable import Providers

@Suite struct CredentialTests {
    private func issues(
        _ credentials: [String: String], _ application: Application, _ auth: ConnectionAuth
    ) -> [String] {
        switch ProviderCatalogue().read(credentials: credentials, for: application, auth: auth) {
        case .success: []
        case .failure(let error): error.issues.map { "\($0.member) \($0.code.rawValue)" }
        }
    }

    @Test func aliasesAreUnderstood() throws {
        let read = try ProviderCatalogue().read(
            credentials: ["username": "AC123", "password": "token-1"], for: .twilio, auth: .basic
        ).get()
        #expect(read.settings == ["account_sid": "AC123"])
        #expect(read.secrets == ["auth_token": "token-1"])
        #expect(
            issues(["username": "AC1", "account_sid": "AC2", "password": "x"], .twilio, .basic)
                == ["username duplicate_member"])
    }

    @Test func whatIsMissingOrUnknownIsTold() {
        #expect(issues([:], .twilio, .basic) == ["account_sid required", "auth_token required"])
        #expect(issues([:], .zendesk, .oauth2) == ["subdomain required", "client_id required"])
        #expect(issues(["subdomain": "acme", "client_secret": "x"], .zendesk, .oauth2).contains("client_id required"))
        #expect(issues(["x": "y"], .googleCalendar, .oauth2) == ["x unknown_member"])
        #expect(issues([:], .googleCalendar, .oauth2).isEmpty)
        #expect(issues(["api_key": "k"], .googleCalendar, .apiKey) == [" invalid_format"])
        #expect(issues(["api_key": ""], .clickatell, .apiKey) == ["api_key invalid_format"])
        #expect(
            issues(["api_key": String(repeating: "k", count: 8_193)], .clickatell, .apiKey)
                == ["api_key too_long"])
        #expect(issues(["username": "u", "password": "p"], .c2e, .basic).isEmpty)
        #expect(
            issues([:], .jsonAPI, .oauth2)
                == ["authorize_url required", "token_url required", "client_id required"])
    }

    @Test(arguments: [
        "", "Acme", "acme.zendesk.com", "acme.evil", "acme/x", "acme@evil", "-acme", "acme-", "ac me", "ac\nme", "äcme",
        "127.0.0.1", "a#", "a?", "a:1", "{x}", "%41", String(repeating: "a", count: 64),
    ]) func subdomainsStayLabels(_ subdomain: String) {
        let found = issues(["subdomain": subdomain, "client_id": "i"], .zendesk, .oauth2)
        #expect(found == ["subdomain invalid_format"])
    }

    @Test(arguments: [
        "evil.com", "login.salesforce.com.evil.com", "my.salesforce.com", ".my.salesforce.com", "x.salesforce.com",
        "evil.com/.my.salesforce.com", "evil.com#.my.salesforce.com", "a@b.my.salesforce.com",
        "login.salesforce.com:8080",
    ]) func salesforceStaysSalesforce(_ host: String) {
        #expect(issues(["login_host": host, "client_id": "i"], .salesforce, .oauth2) == ["login_host invalid_format"])
    }

    @Test func hostsOfSalesforceAreTaken() {
        for host in [
            "login.salesforce.com", "test.salesforce.com", "acme.my.salesforce.com",
            "acme--dev.sandbox.my.salesforce.com",
        ] {
            #expect(issues(["login_host": host, "client_id": "i"], .salesforce, .oauth2).isEmpty, "\(host)")
        }
    }

    @Test(arguments: [
        "example.com", "ftp://example.com", "https://u:p@example.com", "https://exa mple.com",
        "https://example.com\r\n",
        "https://", "https://example.com/?x=1", "https://example.com/#x", "https://example.com/../x", "https://[::1",
        "https://example.com/%2e%2e/x", "//example.com", "file:///etc/passwd", "https://example.com:99999",
    ]) func basesAreURLs(_ url: String) {
        #expect(issues(["api_key": "k", "api_url": url], .jsonAPI, .apiKey) == ["api_url invalid_format"])
    }

    @Test(arguments: [
        "Host", "content-length", "Transfer-Encoding", "proxy-authorization", "X Key", "X:Key", "X\nKey", "Ä",
    ])
    func headersOfTheConnectionAreNotTaken(_ name: String) {
        #expect(issues(["api_key": "k", "header": name], .jsonAPI, .apiKey) == ["header invalid_format"])
    }

    @Test(arguments: ["a\nb", "a\rb", "a b", "ä", "a\u{0}", "a\u{7F}"]) func keysCanBeSent(_ key: String) {
        #expect(issues(["api_key": key], .clickatell, .apiKey) == ["api_key invalid_format"])
    }

    @Test func issuesRepeatNoValue() {
        guard
            case .failure(let error) = ProviderCatalogue().read(
                credentials: ["api_key": "hidden value", "header": "hidden value", "api_url": "hidden value"],
                for: .jsonAPI,
                auth: .apiKey)
        else {
            Issue.record("taken")
            return
        }
        #expect(error.issues.count == 3)
        #expect(error.issues.allSatisfy { !$0.detail.contains("hidden") })
    }
}
