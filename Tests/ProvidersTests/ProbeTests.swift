import Domain
import Foundation
import TestServers
import Testing
import Transfer

@testable import Providers

@Suite(.timeLimit(.minutes(5))) struct ProbeTests {
    private func probe(
        _ json: String, status: String = "200 OK", headers: [String] = ["Content-Type: application/json"],
        _ target: ProviderTarget = .authorised()
    ) async throws -> Probe {
        let stub = try ProviderStub(json, status: status, headers: headers)
        defer { stub.stop() }
        return try await stub.client().probe(target)
    }

    @Test(arguments: [
        (
            Application.zendesk, #"{"user":{"id":42,"email":"anna@example.com","name":"Anna"}}"#, "42",
            "anna@example.com"
        ),
        (.googleCalendar, #"{"sub":"1066","email":"anna@example.com"}"#, "1066", "anna@example.com"),
        (
            .salesforce, #"{"sub":"https://login.salesforce.com/id/00D1/0051","preferred_username":"anna"}"#,
            "00D1/0051", "anna"
        ),
        (.salesforce, #"{"user_id":"0051","email":"anna@example.com"}"#, "0051", "anna@example.com"),
        (.jsonAPI, #"{"data":{"id":"x-1","name":"Anna"}}"#, "x-1", "Anna"),
        (.googleSheets, #"{"email":"anna@example.com"}"#, "anna@example.com", "anna@example.com"),
    ]) func accountsAreRead(_ application: Application, _ json: String, _ id: String, _ name: String) async throws {
        let probe = try await probe(json, .authorised(application))
        #expect(probe == Probe(outcome: .ok, accountID: id, accountName: name))
    }

    @Test func accountsOfKeysAreRead() async throws {
        let twilio = ProviderTarget.made(
            .twilio, .basic, settings: ["account_sid": "AC1"], credentials: ["auth_token": "t"])
        #expect(
            try await probe(#"{"sid":"AC1","friendly_name":"Main","status":"active"}"#, twilio)
                == Probe(outcome: .ok, accountID: "AC1", accountName: "Main"))
        let freshdesk = ProviderTarget.made(.freshdesk, .apiKey, credentials: ["api_key": "k"])
        #expect(
            try await probe(#"{"id":7,"contact":{"email":"anna@example.com"}}"#, freshdesk)
                == Probe(outcome: .ok, accountID: "7", accountName: "anna@example.com"))
        let clickatell = ProviderTarget.made(.clickatell, .apiKey, credentials: ["api_key": "k"])
        #expect(try await probe(#"{"balance":1.5,"currency":"ZAR"}"#, clickatell) == Probe(outcome: .ok))
    }

    @Test func theSameUserOfSalesforceIsRecognised() async throws {
        let target = ProviderTarget.authorised(
            .salesforce, extras: ["id": "https://test.salesforce.com/id/00D1/0051"])
        #expect(try await probe(#"{"user_id":"0051"}"#, target).accountID == "00D1/0051")
    }

    @Test(arguments: ["401 Unauthorized", "403 Forbidden"]) func refusalsAreRejected(_ status: String) async throws {
        let body = #"{"error":"invalid_token","error_description":"access-1 was revoked"}"#
        let code = status.prefix(3)
        #expect(
            try await probe(body, status: status).outcome
                == .rejected(
                    "Zendesk refuses the authorisation with \(code) (invalid_token: … was revoked). Reauthorise it."
                ))
        let key = ProviderTarget.made(.clickatell, .apiKey, credentials: ["api_key": "k"])
        #expect(
            try await probe("", status: status, headers: [], key).outcome
                == .rejected("Clickatell refuses the credentials with \(code). Put in credentials that are valid."))
    }

    @Test(arguments: [
        (Application.googleSheets, #"{"error":{"code":403,"errors":[{"reason":"rateLimitExceeded"}]}}"#),
        (.googleSheets, #"{"error":{"code":403,"errors":[{"reason":"userRateLimitExceeded"}]}}"#),
        (.salesforce, #"[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]"#),
    ]) func aLimitIsNoRefusal(_ application: Application, _ body: String) async throws {
        guard
            case .unavailable(let reason, nil) = try await probe(
                body, status: "403 Forbidden", .authorised(application)
            ).outcome
        else {
            Issue.record("\(body)")
            return
        }
        #expect(reason.contains("is asked too often"))
    }

    @Test func aPauseThatIsAskedForIsNoRefusal() async throws {
        let probe = try await probe("{}", status: "403 Forbidden", headers: ["Retry-After: 30"])
        #expect(probe.outcome == .unavailable("Zendesk is asked too often.", retryAfterSeconds: 30))
    }

    private static let faults =
        TokenTests.faults.map(\.answer).filter { !$0.status.hasPrefix("403") } + [
            LocalServer.Answer(status: "404 Not Found"), LocalServer.Answer(body: Array("{".utf8)),
            LocalServer.Answer(body: Array(#"{"user":{"id":null}}"#.utf8)),
            LocalServer.Answer(body: [UInt8](repeating: 0x20, count: 2 << 20)), LocalServer.Answer(isDropped: true),
        ]

    @Test(arguments: faults) func faultsDegrade(_ answer: LocalServer.Answer) async throws {
        let stub = try ProviderStub { _ in answer }
        defer { stub.stop() }
        let probe = try await stub.client().probe(.authorised())
        guard case .unavailable(let reason, _) = probe.outcome else {
            Issue.record("\(probe)")
            return
        }
        #expect(reason.hasPrefix("Zendesk ") && reason.hasSuffix("."), "\(reason)")
        #expect(stub.server.requests.count == 1)
    }

    @Test func aProviderThatHangsIsLeft() async throws {
        let stub = try ProviderStub { _ in LocalServer.Answer(isSilent: true) }
        defer { stub.stop() }
        guard case .unavailable = try await stub.client(timeout: .milliseconds(200)).probe(.authorised()).outcome else {
            Issue.record("it was not left")
            return
        }
    }

    @Test func withoutAnythingToAskNothingIsSaid() async throws {
        let stub = try ProviderStub("{}")
        defer { stub.stop() }
        let client = ProviderClient(
            catalogue: ProviderCatalogue(), transfer: stub.transfer, addressGuard: AddressGuard())
        let target = ProviderTarget.made(.c2e, .basic, settings: ["username": "u"], credentials: ["password": "p"])
        #expect(await client.probe(target) == Probe(outcome: nil))
        #expect(await client.probe(.made(.zendesk, .oauth2)).outcome == .rejected("Nobody has authorised it yet."))
        guard case .unavailable = await client.probe(.made(.c2e, .basic)).outcome else {
            Issue.record("without a password")
            return
        }
    }

    @Test func chosenProbesNeedNotAnswerJSON() async throws {
        let stub = try ProviderStub { request in
            request.path == "/page"
                ? .init(headers: ["Content-Type: text/html"], body: Array("<html>".utf8))
                : .init(headers: ["Content-Type: text/plain"], body: Array("pong".utf8))
        }
        defer { stub.stop() }
        let client = ProviderClient(
            catalogue: ProviderCatalogue(), transfer: stub.transfer,
            addressGuard: try AddressGuard(allowing: "127.0.0.1"))
        func outcome(_ path: String) async -> CheckOutcome? {
            let settings = ["probe_url": stub.server.url + path]
            return await client.probe(.made(.jsonAPI, .apiKey, settings: settings, credentials: ["api_key": "k"]))
                .outcome
        }
        #expect(await outcome("/ping") == .ok)
        #expect(await outcome("/page") == .unavailable("JSON API node answered the check with a web page."))
    }

    @Test(arguments: [
        (ProviderTarget.authorised(), "authorization", "Bearer access-1"),
        (
            .made(.twilio, .basic, settings: ["account_sid": "AC1"], credentials: ["auth_token": "t"]), "authorization",
            "Basic QUMxOnQ="
        ),
        (
            .made(
                .twilio, .apiKey, settings: ["account_sid": "AC1", "api_key_sid": "SK1"],
                credentials: ["api_key_secret": "s"]), "authorization", "Basic U0sxOnM="
        ),
        (.made(.freshdesk, .basic, credentials: ["api_key": "k"]), "authorization", "Basic azpY"),
        (.made(.clickatell, .apiKey, credentials: ["api_key": "k=="]), "authorization", "k=="),
        (.made(.floatchat, .apiKey, credentials: ["api_key": "k"]), "authorization", "Bearer k"),
        (
            .made(.zendesk, .basic, settings: ["email": "a@b.c"], credentials: ["api_token": "t"]), "authorization",
            "Basic YUBiLmMvdG9rZW46dA=="
        ),
        (.made(.jsonAPI, .apiKey, credentials: ["api_key": "k"]), "authorization", "Bearer k"),
        (.made(.jsonAPI, .apiKey, settings: ["prefix": ""], credentials: ["api_key": "k"]), "authorization", "k"),
        (.made(.jsonAPI, .apiKey, settings: ["header": "X-API-Key"], credentials: ["api_key": "k"]), "x-api-key", "k"),
        (
            .made(.jsonAPI, .apiKey, settings: ["header": "X-Key", "prefix": "Key"], credentials: ["api_key": "{k}"]),
            "x-key",
            "Key {k}"
        ),
    ]) func credentialsTravelAsTheApplicationWants(
        _ target: ProviderTarget, _ header: String, _ value: String
    ) async throws {
        let stub = try ProviderStub(#"{"id":1}"#)
        defer { stub.stop() }
        #expect(try await stub.client().probe(target).outcome == .ok)
        #expect(stub.server.requests.first?.headers[header] == value)
    }
}
