import Domain
import Foundation
import TestServers
import Testing
import Transfer

@testable import Providers

@Suite(.timeLimit(.minutes(5))) struct TokenTests {
    private static let redirectURI = "https://calltrail.example/oauth/callback/zendesk"

    private func refreshed(
        _ stub: ProviderStub, _ target: ProviderTarget = .authorised()
    ) async throws -> Result<OAuthGrant, ProviderFailure> {
        let client = try stub.client()
        do { return .success(try await client.refresh(target, now: now)) } catch { return .failure(error) }
    }

    private func exchanged(_ stub: ProviderStub) async throws -> Result<OAuthGrant, ProviderFailure> {
        let client = try stub.client()
        do {
            return .success(
                try await client.exchange(
                    .made(.zendesk, .oauth2), code: "code-1", codeVerifier: "verifier-1",
                    redirectURI: Self.redirectURI, now: now))
        } catch { return .failure(error) }
    }

    @Test func codesAreExchanged() async throws {
        let stub = try ProviderStub(
            #"{"access_token":"a-1","token_type":"bearer","expires_in":7200,"refresh_token":"r-1","scope":"read"}"#
        )
        defer { stub.stop() }
        let grant = try await exchanged(stub).get()
        #expect(grant.accessToken == "a-1" && grant.refreshToken == "r-1" && grant.scope == "read")
        #expect(grant.expiresAt == now.advanced(bySeconds: 7_200))
        #expect(grant.renewAt == now.advanced(bySeconds: 6_900))
        #expect(grant.extras.isEmpty)
        #expect(
            stub.form == [
                "grant_type": "authorization_code", "code": "code-1", "code_verifier": "verifier-1",
                "redirect_uri": Self.redirectURI, "client_id": "calltrail", "client_secret": "client-secret-value",
            ])
        let request = try #require(stub.server.requests.first)
        #expect(request.method == "POST" && request.path == "/token")
        #expect(request.headers["content-type"] == "application/x-www-form-urlencoded")
        #expect(request.headers["accept"] == "application/json" && request.headers["authorization"] == nil)
    }

    @Test func refreshingKeepsWhatDoesNotComeBack() async throws {
        let stub = try ProviderStub(#"{"access_token":"a-2","expires_in":"100"}"#)
        defer { stub.stop() }
        let target = ProviderTarget.authorised(
            .salesforce, extras: ["instance_url": "https://na1.example.com", "id": "i"])
        let grant = try await refreshed(stub, target).get()
        #expect(grant.accessToken == "a-2" && grant.refreshToken == "refresh-1" && grant.scope == "read")
        #expect(grant.extras == ["instance_url": "https://na1.example.com", "id": "i"])
        #expect(grant.renewAt == now.advanced(bySeconds: 80))
        #expect(stub.form["grant_type"] == "refresh_token" && stub.form["refresh_token"] == "refresh-1")
    }

    @Test func refreshingTakesWhatComesBack() async throws {
        let stub = try ProviderStub(
            #"{"access_token":"a","refresh_token":"r-2","scope":"write","instance_url":"https://n2.example","id":null}"#
        )
        defer { stub.stop() }
        let target = ProviderTarget.authorised(
            .salesforce, extras: ["instance_url": "https://na1.example.com", "id": "i"])
        let grant = try await refreshed(stub, target).get()
        #expect(grant.refreshToken == "r-2" && grant.scope == "write")
        #expect(grant.extras == ["instance_url": "https://n2.example", "id": "i"])
        #expect(grant.expiresAt == nil && grant.renewAt == nil)
    }

    @Test func lifetimesAreAssumedWhereTheyAreKnown() async throws {
        let stub = try ProviderStub(#"{"access_token":"a"}"#)
        defer { stub.stop() }
        #expect(try await refreshed(stub, .authorised(.googleSheets)).get().expiresAt == now.advanced(bySeconds: 3_600))
        #expect(try await refreshed(stub, .authorised(.zendesk)).get().expiresAt == nil)
    }

    @Test(arguments: [
        #"{}"#, #"[]"#, #""a""#, #"{"access_token":7}"#, #"{"access_token":""}"#, #"{"access_token":"a b"}"#,
        #"{"access_token":"a\r\nX-Evil: 1"}"#, #"{"access_token":"ä"}"#, #"{"access_token":"a","token_type":"mac"}"#,
        #"{"access_token":"a","token_type":7}"#, #"{"access_token":"a","expires_in":0}"#,
        #"{"access_token":"a","expires_in":-5}"#, #"{"access_token":"a","expires_in":315360000}"#,
        #"{"access_token":"a","expires_in":1e300}"#, #"{"access_token":"a","expires_in":"soon"}"#,
        #"{"access_token":"a","expires_in":[]}"#, #"{"access_token":"a","refresh_token":"\n"}"#,
        #"{"access_token":"a","refresh_token":1}"#, #"{"access_token":"a","#, "<html><body>hi</body></html>", "",
        "null",
        #"{"access_token":"\#(String(repeating: "a", count: 8_193))"}"#,
    ]) func badAnswersAreNoGrant(_ body: String) async throws {
        let stub = try ProviderStub(body)
        defer { stub.stop() }
        guard case .failure(.unanswered(let reason)) = try await refreshed(stub) else {
            Issue.record("\(body)")
            return
        }
        #expect(reason.hasPrefix("Zendesk") && reason.hasSuffix(".") && reason.count < 300, "\(reason)")
    }

    @Test func anInstanceIsAURL() async throws {
        for url in ["javascript:alert(1)", "https://u:p@example.com", "https://exa mple.com", "7"] {
            let stub = try ProviderStub(#"{"access_token":"a","instance_url":"\#(url)"}"#)
            defer { stub.stop() }
            guard case .failure(.unanswered) = try await refreshed(stub, .authorised(.salesforce)) else {
                Issue.record("\(url)")
                continue
            }
        }
    }

    @Test func revokedGrantsAreRejected() async throws {
        let body = #"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#
        let stub = try ProviderStub(body, status: "400 Bad Request")
        defer { stub.stop() }
        let words = "invalid_grant: Token has been expired or revoked"
        #expect(
            try await refreshed(stub)
                == .failure(
                    .rejected("Zendesk says the authorisation was revoked or has run out (\(words)). Reauthorise it.")))
        #expect(
            try await exchanged(stub)
                == .failure(.rejected("Zendesk did not take the code (\(words)). Start the authorisation again.")))
    }

    @Test(arguments: [
        "invalid_client", "unauthorized_client", "invalid_request", "invalid_scope", "unsupported_grant_type",
        "redirect_uri_mismatch",
    ]) func aWrongClientIsTheOperatorsFault(_ code: String) async throws {
        for status in ["400 Bad Request", "401 Unauthorized"] {
            let stub = try ProviderStub(#"{"error":"\#(code)"}"#, status: status)
            defer { stub.stop() }
            guard case .failure(.misconfigured(let reason)) = try await refreshed(stub) else {
                Issue.record("\(code)")
                continue
            }
            #expect(reason.contains("(\(code))"))
            guard case .unavailable = ProviderFailure.misconfigured(reason).outcome else {
                Issue.record("it would break connections")
                continue
            }
        }
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        let answer: LocalServer.Answer
        let words: String
        var seconds: Int64?
        var testDescription: String { words }

        init(
            _ status: String, _ body: String, _ words: String, headers: [String] = ["Content-Type: application/json"],
            seconds: Int64? = nil
        ) {
            answer = LocalServer.Answer(status: status, headers: headers, body: Array(body.utf8))
            self.words = words
            self.seconds = seconds
        }
    }

    static let faults = [
        Fault("500 Internal Server Error", #"{"error":"invalid_grant"}"#, "answered 500 (invalid_grant)"),
        Fault("500 Internal Server Error", "oops", "answered 500"),
        Fault("502 Bad Gateway", "<html>bad</html>", "answered 502", headers: ["Content-Type: text/html"]),
        Fault("503 Service Unavailable", "{}", "answered 503", headers: ["Retry-After: 120"], seconds: 120),
        Fault(
            "429 Too Many Requests", #"{"error":"invalid_grant"}"#, "is asked too often",
            headers: ["retry-after: 99999"], seconds: 3_600),
        Fault("429 Too Many Requests", "", "is asked too often"),
        Fault("302 Found", "", "redirects are not followed", headers: ["Location: http://169.254.169.254/"]),
        Fault("307 Temporary Redirect", "", "redirects are not followed", headers: ["Location: /token"]),
        Fault("200 OK", "<!doctype html><title>Sign in</title>", "with a web page instead of a token"),
        Fault("200 OK", "hello", "with something that is not JSON"),
        Fault("400 Bad Request", "<html>", "answered 400 with a web page"),
        Fault("403 Forbidden", #"{"error":"blocked"}"#, "answered 403 (blocked)"),
        Fault("404 Not Found", #"{"error":"RecordNotFound"}"#, "answered 404"),
        Fault("400 Bad Request", #"{"error":"temporarily_unavailable"}"#, "answered 400"),
        Fault("200 OK", #"{"ok":false,"error":"internal"}"#, "answered 200 (internal)"),
    ]

    @Test(arguments: faults) func faultsOfTheProviderBreakNothing(_ fault: Fault) async throws {
        let stub = try ProviderStub { _ in fault.answer }
        defer { stub.stop() }
        for result in [try await refreshed(stub), try await exchanged(stub)] {
            guard case .failure(let failure) = result, case .unavailable(let reason, let seconds) = failure.outcome
            else {
                Issue.record("\(result)")
                continue
            }
            #expect(reason.contains(fault.words) && seconds == fault.seconds, "\(reason)")
        }
        #expect(stub.server.requests.count == 2, "it was asked again or elsewhere")
    }

    @Test func bigAnswersAreNotRead() async throws {
        let big = #"{"access_token":"a","pad":"\#(String(repeating: "x", count: 2 << 20))"}"#
        let stub = try ProviderStub(big)
        defer { stub.stop() }
        guard case .failure(.unanswered(let reason)) = try await refreshed(stub) else {
            Issue.record("2 MB were taken")
            return
        }
        #expect(reason.contains("longer than 262144 bytes"))
        let endless = try ProviderStub { _ in
            LocalServer.Answer(body: [UInt8](repeating: 0x20, count: 1 << 20), hasLength: false)
        }
        defer { endless.stop() }
        guard case .failure(.unanswered) = try await refreshed(endless) else {
            Issue.record("an answer without length")
            return
        }
    }

    @Test func aProviderThatHangsIsLeft() async throws {
        let stub = try ProviderStub { _ in LocalServer.Answer(isSilent: true) }
        defer { stub.stop() }
        let client = try stub.client(timeout: .milliseconds(200))
        await #expect { try await client.refresh(.authorised(), now: now) } throws: { error in
            guard case .unanswered(let reason) = error as? ProviderFailure else { return false }
            return reason.hasPrefix("Zendesk could not be asked: timed out")
        }
        #expect(ProviderClient.timeout == .seconds(10))
    }

    @Test func brokenConnectionsAreUnavailable() async throws {
        let stub = try ProviderStub { _ in LocalServer.Answer(isDropped: true) }
        defer { stub.stop() }
        guard case .failure(.unanswered) = try await refreshed(stub) else {
            Issue.record("a dropped connection")
            return
        }
    }

    @Test func withoutARefreshTokenAPersonIsNeeded() async throws {
        let stub = try ProviderStub("{}")
        defer { stub.stop() }
        guard case .failure(.rejected) = try await refreshed(stub, .authorised(refreshToken: nil)),
            case .failure(.rejected("Nobody has authorised it yet.")) = try await refreshed(
                stub, .made(.zendesk, .oauth2))
        else {
            Issue.record("something was sent")
            return
        }
        #expect(stub.server.requests.isEmpty)
    }

    @Test func reasonsTellNoSecrets() async throws {
        let body =
            #"{"error":"invalid_grant","error_description":"refresh-1 of client-secret-value\u0000\r\n access-1"}"#
        let stub = try ProviderStub(body, status: "400 Bad Request")
        defer { stub.stop() }
        guard case .failure(.rejected(let reason)) = try await refreshed(stub) else {
            Issue.record("not rejected")
            return
        }
        #expect(reason.contains("(invalid_grant: … of … …)"), "\(reason)")
    }

    @Test func clientsProveThemselvesAsTheyAreTold() async throws {
        let stub = try ProviderStub(#"{"access_token":"a"}"#)
        defer { stub.stop() }
        var target = ProviderTarget.authorised(
            .jsonAPI, settings: ["client_id": "own id", "client_authentication": "basic"],
            credentials: ["client_secret": "own/secret"])
        _ = try await refreshed(stub, target).get()
        let expected = "Basic " + Data("own%20id:own%2Fsecret".utf8).base64EncodedString()
        #expect(stub.server.requests.last?.headers["authorization"] == expected)
        #expect(stub.form["client_id"] == nil && stub.form["client_secret"] == nil)
        target.settings["client_authentication"] = nil
        target.secrets.credentials = [:]
        _ = try await refreshed(stub, target).get()
        #expect(stub.form["client_id"] == "own id" && stub.form["client_secret"] == nil)
    }

    /// Whoever makes a connection chooses its token URL: the operator's secret must not go there.
    @Test func theOperatorsSecretStaysWithTheOperatorsURLs() async throws {
        let stub = try ProviderStub(#"{"access_token":"a"}"#)
        defer { stub.stop() }
        for name in ["authorize_url", "token_url", "revoke_url"] {
            let target = ProviderTarget.authorised(.jsonAPI, settings: [name: stub.server.url + "/elsewhere"])
            guard case .failure(.misconfigured) = try await refreshed(stub, target) else {
                Issue.record("\(name)")
                continue
            }
        }
        #expect(stub.server.requests.isEmpty)
        _ = try await refreshed(stub, .authorised(.jsonAPI)).get()
        #expect(stub.form["client_secret"] == "client-secret-value")
    }
}
