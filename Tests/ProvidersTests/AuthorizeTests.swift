import Domain
import TestServers
import Testing
import Transfer

@testable import Providers

/// Asking people, and giving back what they granted.
@Suite(.timeLimit(.minutes(5))) struct AuthorizeTests {
    private static let redirectURI = "https://calltrail.example/oauth/callback/zendesk"

    @Test func grantsAreGivenBack() async throws {
        let stub = try ProviderStub("", status: "200 OK")
        defer { stub.stop() }
        let client = try stub.client()
        try await client.revoke(.authorised(.googleSheets))
        #expect(stub.form["token"] == "refresh-1" && stub.form["client_id"] == "calltrail")
        try await client.revoke(.authorised(.zendesk, refreshToken: nil))
        #expect(stub.form["token"] == "access-1" && stub.server.requests.last?.path == "/revoke")
        try await client.revoke(.made(.zendesk, .oauth2))
        #expect(stub.server.requests.count == 2)
    }

    @Test func aGrantThatIsGoneNeedsNoRevoking() async throws {
        let stub = try ProviderStub(#"{"error":"invalid_token"}"#, status: "400 Bad Request")
        defer { stub.stop() }
        try await stub.client().revoke(.authorised(.googleSheets))
        let broken = try ProviderStub("", status: "503 Service Unavailable")
        defer { broken.stop() }
        await #expect(throws: ProviderFailure.unavailable("Zendesk answered 503.")) {
            try await broken.client().revoke(.authorised())
        }
    }

    @Test func zendesksOwnWayOfRevoking() async throws {
        let stub = try ProviderStub("", status: "204 No Content")
        defer { stub.stop() }
        let file = try ProvidersFile(
            yaml: "zendesk: {revoke_url: '\(stub.server.url)/api/v2/oauth/tokens/current.json'}")
        let client = ProviderClient(
            catalogue: ProviderCatalogue(overrides: file), transfer: stub.transfer,
            addressGuard: try AddressGuard(allowing: "127.0.0.1"))
        try await client.revoke(.authorised())
        let request = try #require(stub.server.requests.first)
        #expect(request.method == "DELETE" && request.headers["authorization"] == "Bearer access-1")
    }

    @Test func authoriseURLsKeepTheirQuery() throws {
        let stub = try ProviderStub("{}")
        defer { stub.stop() }
        let url = try stub.client().authorizeURL(
            .made(.zendesk, .oauth2), state: "s", codeChallenge: "c", redirectURI: Self.redirectURI)
        #expect(
            url == stub.server.url + "/authorize?audience=api&response_type=code&client_id=calltrail"
                + "&redirect_uri=https%3A%2F%2Fcalltrail.example%2Foauth%2Fcallback%2Fzendesk&scope=one%20two&state=s"
                + "&code_challenge=c&code_challenge_method=S256")
        #expect(throws: ProviderFailure.self) {
            try stub.client().authorizeURL(.made(.twilio, .basic), state: "s", codeChallenge: "c", redirectURI: "r")
        }
        let bare = ProviderClient(
            catalogue: ProviderCatalogue(), transfer: stub.transfer, addressGuard: AddressGuard())
        #expect {
            try bare.authorizeURL(.made(.googleSheets, .oauth2), state: "s", codeChallenge: "c", redirectURI: "r")
        } throws: { error in
            guard case .misconfigured(let reason) = error as? ProviderFailure else { return false }
            return reason.contains("no OAuth client for Google Sheets")
        }
    }

    @Test func issuersAreTheOnesThatWereAsked() throws {
        let stub = try ProviderStub("{}")
        defer { stub.stop() }
        let target = ProviderTarget.made(.googleSheets, .oauth2)
        let google = ProviderClient(
            catalogue: ProviderCatalogue(), transfer: stub.transfer, addressGuard: AddressGuard())
        #expect(google.accepts(issuer: "https://accounts.google.com", target))
        for issuer in [
            "https://accounts.google.com/", "https://accounts.google.com.evil.com", "accounts.google.com", "",
        ] {
            #expect(!google.accepts(issuer: issuer, target), "\(issuer)")
        }
        let client = try stub.client()
        for issuer in [stub.server.url, stub.server.url + "/", stub.server.url + "/authorize"] {
            #expect(client.accepts(issuer: issuer, target), "\(issuer)")
        }
        for issuer in [
            stub.server.url + "/auth", stub.server.url + "/x", "https://accounts.google.com", "http://127.0.0.1:1",
        ] {
            #expect(!client.accepts(issuer: issuer, target), "\(issuer)")
        }
    }
}
