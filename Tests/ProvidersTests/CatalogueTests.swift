import Domain
import Foundation
import Testing

@testable import Providers

/// What holds for every application of the catalogue, whichever is added.
@Suite struct CatalogueTests {
    static let catalogue = ProviderCatalogue()
    static let providers = catalogue.all

    @Test func everyApplicationIsThere() {
        #expect(Self.providers.map(\.application) == Application.allCases)
        #expect(Self.providers.count == 11)
    }

    @Test(arguments: Application.allCases) func itIsAuthorisedSomehow(_ application: Application) {
        let provider = Self.catalogue[application]
        #expect(!provider.methods.isEmpty)
        #expect(Set(provider.methods.map(\.auth)).count == provider.methods.count)
        #expect((provider.method(.oauth2) != nil) == (provider.oauth != nil))
    }

    @Test(arguments: Application.allCases) func fieldsAreDescribed(_ application: Application) {
        for method in Self.catalogue[application].methods {
            let names = method.fields.flatMap { [$0.name] + $0.aliases }
            #expect(Set(names).count == names.count, "a name stands for two fields")
            for field in method.fields {
                #expect(field.name.wholeMatch(of: /[a-z]+(_[a-z]+)*/) != nil)
                #expect(field.description.count >= 10 && field.description.hasSuffix("."), "\(field.name)")
                #expect(field.fallback.map { field.format.refusal(of: $0) == nil } ?? true, "\(field.name)")
                #expect(field.format.refusal(of: field.format.sample) == nil, "\(field.name)")
            }
            let secret = method.auth == .oauth2 || method.fields.contains { $0.isSecret && $0.isRequired }
            #expect(secret, "\(application) \(method.auth) proves nothing")
        }
    }

    @Test(arguments: Application.allCases) func secretsAreKeptApart(_ application: Application) throws {
        for method in Self.catalogue[application].methods {
            let result = Self.catalogue.read(
                credentials: method.sampleCredentials, for: application, auth: method.auth)
            let (settings, secrets) = try result.get()
            #expect(Set(secrets.keys) == Set(method.fields.filter(\.isSecret).map(\.name)))
            #expect(Set(settings.keys) == Set(method.fields.filter { !$0.isSecret }.map(\.name)))
            for word in ["password", "secret", "token", "api_key"] {
                #expect(settings.keys.allSatisfy { !$0.hasSuffix(word) }, "\(word) is shown")
            }
        }
    }

    @Test(arguments: Application.allCases) func urlsAreSafe(_ application: Application) throws {
        let provider = Self.catalogue[application]
        for method in provider.methods {
            let target = ProviderTarget.filled(method, of: application)
            for template in provider.urls(of: method.auth) {
                let text = try URLTemplate(template).expanded { name in
                    target.given(name) ?? target.secrets.grant?.extras[name] ?? method.field(named: name)?.fallback
                }
                let url = try OutgoingURL(text)
                #expect(url.scheme == "https" && url.address == nil && url.host.contains("."), "\(text)")
                #expect(AddressGuard().refusal(of: url) == nil)
                // nothing secret in a URL: those stand in logs
                let names = URLTemplate(template).names
                #expect(!method.fields.contains { $0.isSecret && names.contains($0.name) }, "\(template)")
            }
        }
    }

    @Test(arguments: Application.allCases) func placeholdersAreFieldsOrExtras(_ application: Application) {
        let provider = Self.catalogue[application]
        for method in provider.methods {
            let known = Set(method.fields.map(\.name)).union(provider.oauth?.extras ?? [])
            for template in provider.urls(of: method.auth) {
                for name in URLTemplate(template).names {
                    #expect(known.contains(name), "\(template)")
                    guard let field = method.field(named: name) else { continue }
                    #expect(field.isRequired || field.fallback != nil, "\(name) may be missing")
                }
            }
            let texts: [String] =
                switch method.carriage {
                case .bearer, .chosenHeader: []
                case .basic(let user, let password): [user, password]
                case .header(_, let value): [value]
                }
            for name in texts.flatMap({ URLTemplate($0).names }) {
                #expect(method.field(named: name)?.isRequired == true, "\(name) may be missing")
            }
        }
    }

    @Test(arguments: Application.allCases) func oauthAsksByProof(_ application: Application) async throws {
        let provider = Self.catalogue[application]
        guard let oauth = provider.oauth, let method = provider.method(.oauth2) else { return }
        // what people bring their own endpoints for asks for what they say
        #expect(!oauth.scopes.isEmpty || method.field(named: "scopes") != nil)
        let file = try ProvidersFile(yaml: "\(application.rawValue): {client_id: calltrail, client_secret: s}")
        let stub = try ProviderStub("{}")
        defer { stub.stop() }
        let client = ProviderClient(
            catalogue: ProviderCatalogue(overrides: file), transfer: stub.transfer, addressGuard: AddressGuard())
        let target = ProviderTarget.filled(method, of: application)
        let verifier = PKCE.verifier()
        let text = try client.authorizeURL(
            target, state: "st&te=1", codeChallenge: PKCE.challenge(of: verifier),
            redirectURI: "https://calltrail.example/oauth/callback/\(application.rawValue)")
        let items = try #require(URLComponents(string: text)?.queryItems)
        func value(_ name: String) -> String? {
            let found = items.filter { $0.name == name }
            return found.count == 1 ? found.first?.value : nil
        }
        #expect(value("response_type") == "code")
        #expect(value("state") == "st&te=1")
        #expect(value("code_challenge_method") == "S256")
        #expect(value("code_challenge") == PKCE.challenge(of: verifier))
        #expect(value("redirect_uri") == "https://calltrail.example/oauth/callback/\(application.rawValue)")
        #expect(value("client_id")?.isEmpty == false)
        #expect(value("client_secret") == nil && !text.contains(verifier))
        #expect(value("scope")?.isEmpty == false)
    }

    @Test func googleAsksForARefreshToken() {
        for application in [Application.googleCalendar, .googleSheets] {
            let parameters = Self.catalogue[application].oauth?.authorizeParameters ?? []
            #expect(parameters.contains { $0 == ("access_type", "offline") })
            #expect(parameters.contains { $0 == ("prompt", "consent") })
            #expect(Self.catalogue[application].oauth?.issuer == "https://accounts.google.com")
        }
        #expect(Self.catalogue[.zendesk].oauth?.rotatesRefreshTokens == true)
        #expect(Self.catalogue[.salesforce].oauth?.assumedLifetime == nil)
    }

    @Test func challengesAreAsTheStandardHasThem() {
        // RFC 7636, appendix B
        #expect(
            PKCE.challenge(of: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
                == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
        let verifiers = (0..<100).map { _ in PKCE.verifier() }
        #expect(Set(verifiers).count == 100)
        #expect(verifiers.allSatisfy { $0.wholeMatch(of: /[A-Za-z0-9_-]{43}/) != nil })
    }
}
