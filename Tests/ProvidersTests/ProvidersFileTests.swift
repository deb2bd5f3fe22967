import Domain
import Testing

@testable import Providers

@Suite struct ProvidersFileTests {
    @Test func blocksAreLaidOver() throws {
        let file = try ProvidersFile(
            yaml: """
                # the operator's clients
                zendesk:
                  client_id: "12345"
                  client_secret: s3cret
                  scopes: [tickets:read, "users:read"]
                  token_url: https://{subdomain}.example.com/oauth/tokens
                google_sheets: {client_id: id, scopes: openid email}
                c2e: ~
                """)
        let catalogue = ProviderCatalogue(overrides: file)
        let zendesk = try #require(catalogue[.zendesk].oauth)
        #expect(zendesk.scopes == ["tickets:read", "users:read"])
        #expect(zendesk.tokenURL == "https://{subdomain}.example.com/oauth/tokens")
        #expect(zendesk.authorizeURL == "https://{subdomain}.zendesk.com/oauth/authorizations/new")
        #expect(zendesk.client == OAuthClient(id: "12345", secret: "s3cret"))
        #expect(zendesk.hasClient)
        #expect(catalogue[.googleSheets].oauth?.scopes == ["openid", "email"])
        #expect(catalogue[.googleSheets].oauth?.client == OAuthClient(id: "id", secret: nil))
        #expect(catalogue[.googleCalendar].oauth?.client == nil)
    }

    @Test(arguments: ["", "\n", "# nothing\n", "~", "--- \n"]) func emptyFilesSayNothing(_ yaml: String) throws {
        #expect(try ProvidersFile(yaml: yaml).blocks.isEmpty)
    }

    @Test(arguments: [
        ("slack: {client_id: a}", "line 1: there is no application slack; there are floatchat"),
        ("zendesk: {clientid: a}", "line 1: zendesk has no member clientid; it may have client_id"),
        ("zendesk:\n  client_id: 7", "line 2: zendesk.client_id is not text; put it into quotes"),
        ("zendesk:\n  client_id: [a]", "line 2: zendesk.client_id is not text"),
        ("zendesk:\n  client_id: ''", "zendesk.client_id is empty"),
        ("zendesk:\n  client_id: \"a\\nb\"", "zendesk.client_id is empty or holds"),
        ("zendesk:\n  client_secret: hidden", "zendesk has a client_secret and no client_id"),
        ("zendesk:\n  scopes: 7", "zendesk.scopes is neither"),
        ("zendesk:\n  scopes: {a: b}", "zendesk.scopes is neither"),
        ("zendesk:\n  scopes: [a, true]", "zendesk.scopes[1] is not text"),
        ("zendesk:\n  scopes: []", "zendesk.scopes holds no scope"),
        ("zendesk:\n  token_url: zendesk.com", "zendesk.token_url can't be used as a URL"),
        ("zendesk:\n  token_url: ftp://zendesk.com/", "zendesk.token_url can't be used as a URL"),
        ("zendesk:\n  token_url: https://me:hidden@zendesk.com/", "holds a user name or a password"),
        ("zendesk:\n  token_url: https://z.com/a b", "zendesk.token_url can't be used as a URL"),
        ("zendesk:\n  probe_url: https://z.com/#a", "has a part behind #"),
        ("zendesk:\n  probe_url: https://{}.z.com/", "holds {}; known are"),
        (
            "zendesk:\n  probe_url: https://{subdomian}.z.com/",
            "holds {subdomian}; known are client_id, email, subdomain"
        ),
        ("zendesk:\n  probe_url: https://z.com/{api_token}", "holds {api_token}"),
        ("google_sheets:\n  probe_url: https://z.com/{x}", "holds {x}; none can stand there"),
        ("zendesk:\n  api_url: https://z.com/?a=b", "can't be used as a base"),
        ("zendesk:\n  api_url: https://z.com/a/../b", "can't be used as a base"),
        ("zendesk: [a]", "line 1: zendesk is not a mapping"),
        ("zendesk: a", "line 1: zendesk is not a mapping"),
        ("[a]", "it is not a mapping from applications"),
        ("just text", "it is not a mapping from applications"),
        ("zendesk: {", "it is no YAML"),
        ("zendesk: {client_id: a, client_id: b}", "client_id stands there twice"),
        ("zendesk: ~\nzendesk: ~", "zendesk stands there twice"),
        ("a: 1\n---\nb: 2", "it is no YAML"),
        ("7: {}", "there is no application 7"),
    ]) func faultsNameThePlace(_ yaml: String, _ words: String) throws {
        do {
            _ = try ProvidersFile(yaml: yaml)
            Issue.record("\(yaml) was taken")
        } catch {
            #expect(error.description.contains(words), "\(error.description)")
            #expect(!error.description.contains("hidden"), "\(error.description)")
        }
    }

    @Test func anOverriddenServerHasNoOtherIssuerAndSpeaksTheStandard() throws {
        let file = try ProvidersFile(
            yaml: """
                google_calendar: {authorize_url: "https://login.example.com/authorize"}
                zendesk: {revoke_url: "https://login.example.com/revoke"}
                """)
        let catalogue = ProviderCatalogue(overrides: file)
        #expect(catalogue[.googleCalendar].oauth?.issuer == nil)
        #expect(catalogue[.googleSheets].oauth?.issuer == "https://accounts.google.com")
        guard case .form = try #require(catalogue[.zendesk].oauth).revocation else {
            Issue.record("zendesk's own way")
            return
        }
    }

    @Test func anApplicationCanBeGivenOAuth() throws {
        let file = try ProvidersFile(
            yaml: "c2e: {authorize_url: 'https://c.example/a', token_url: 'https://c.example/t', client_id: i}")
        let catalogue = ProviderCatalogue(overrides: file)
        #expect(catalogue[.c2e].method(.oauth2) != nil)
        #expect(catalogue[.c2e].oauth?.client?.id == "i")
        #expect(ProviderCatalogue()[.c2e].method(.oauth2) == nil)
    }

    @Test func subdomainsAreWantedWhereAURLHoldsThem() throws {
        func required(_ yaml: String) throws -> Bool? {
            let catalogue = ProviderCatalogue(overrides: try ProvidersFile(yaml: yaml))
            return catalogue[.zendesk].method(.oauth2)?.field(named: "subdomain")?.isRequired
        }
        let u = "'https://stub.example/x'"
        #expect(try required("") == true)
        #expect(
            try required("zendesk: {authorize_url: \(u), token_url: \(u), probe_url: \(u), api_url: \(u)}")
                == true)
        #expect(
            try required(
                "zendesk: {authorize_url: \(u), token_url: \(u), probe_url: \(u), api_url: \(u), revoke_url: \(u)}"
            )
                == false)
    }
}
