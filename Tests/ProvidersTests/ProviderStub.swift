import Domain
import Foundation
import Providers
import Synchronization
import TestServers
import Transfer

@testable import Providers

/// A provider of the test's choice on 127.0.0.1, and a client that is told to call it for every application.
struct ProviderStub {
    let server: LocalServer
    let transfer: HTTPTransfer

    init(answer: @escaping @Sendable (LocalServer.Request) -> LocalServer.Answer) throws {
        server = try LocalServer(answer: answer)
        transfer = try HTTPTransfer()
    }

    /// Always the same JSON.
    init(_ json: String, status: String = "200 OK", headers: [String] = ["Content-Type: application/json"]) throws {
        try self.init { _ in LocalServer.Answer(status: status, headers: headers, body: Array(json.utf8)) }
    }

    func stop() {
        server.stop()
        transfer.shutDown()
    }

    func catalogue(scopes: String = "one two", clientSecret: String? = "client-secret-value") throws
        -> ProviderCatalogue
    {
        let secret = clientSecret.map { "client_secret: \"\($0)\"" } ?? ""
        let blocks = Application.allCases.map { application in
            """
            \(application.rawValue):
              client_id: calltrail
              \(secret)
              scopes: \(scopes)
              authorize_url: \(server.url)/authorize?audience=api
              token_url: \(server.url)/token
              revoke_url: \(server.url)/revoke
              probe_url: \(server.url)/probe
              api_url: \(server.url)/api
            """
        }
        return ProviderCatalogue(overrides: try ProvidersFile(yaml: blocks.joined(separator: "\n")))
    }

    func client(
        allowing exceptions: String = "127.0.0.1", timeout: Duration = .seconds(10),
        clientSecret: String? = "client-secret-value"
    ) throws -> ProviderClient {
        let addressGuard = try AddressGuard(allowing: exceptions)
        return ProviderClient(
            catalogue: try catalogue(clientSecret: clientSecret), transfer: transfer, addressGuard: addressGuard,
            allowsAddress: { addressGuard.allows($0, for: $1) }, timeout: timeout)
    }

    /// The form of the last request.
    var form: [String: String] {
        var components = URLComponents()
        components.percentEncodedQuery = String(decoding: server.requests.last?.body ?? [], as: UTF8.self)
        let items = (components.queryItems ?? []).map { ($0.name, $0.value ?? "") }
        return Dictionary(items) { first, _ in first + " and another" }
    }
}

extension ProviderTarget {
    /// An authorised connection.
    static func authorised(
        _ application: Application = .zendesk, accessToken: String = "access-1", refreshToken: String? = "refresh-1",
        settings: [String: String] = [:], credentials: [String: String] = [:], scope: String? = "read",
        extras: [String: String] = [:]
    ) -> ProviderTarget {
        let grant = OAuthGrant(
            accessToken: accessToken, refreshToken: refreshToken, expiresAt: nil, renewAt: nil, scope: scope,
            extras: extras)
        return ProviderTarget(
            application: application, auth: .oauth2, settings: settings,
            secrets: ConnectionSecrets(credentials: credentials, grant: grant))
    }

    /// A connection that nobody has authorised, or that needs nobody to.
    static func made(
        _ application: Application, _ auth: ConnectionAuth, settings: [String: String] = [:],
        credentials: [String: String] = [:]
    ) -> ProviderTarget {
        ProviderTarget(
            application: application, auth: auth, settings: settings,
            secrets: ConnectionSecrets(credentials: credentials))
    }

    /// With every field filled with something that fits it.
    static func filled(_ method: AuthMethod, of application: Application) -> ProviderTarget {
        let credentials = method.sampleCredentials
        var target = ProviderTarget.authorised(application, extras: ["instance_url": "https://na1.my.salesforce.com"])
        target.auth = method.auth
        for field in method.fields where !["api_url", "probe_url"].contains(field.name) {
            if field.isSecret {
                target.secrets.credentials[field.name] = credentials[field.name]
            } else {
                target.settings[field.name] = credentials[field.name]
            }
        }
        return target
    }
}

extension AuthMethod {
    /// Something for every field that fits it.
    var sampleCredentials: [String: String] {
        Dictionary(uniqueKeysWithValues: fields.map { ($0.name, $0.format.sample) })
    }
}

extension CredentialFormat {
    var sample: String {
        switch self {
        case .text: "some text"
        case .token: "key-12345"
        case .identifier: "AC0123"
        case .userName: "anna@example.com"
        case .password: "a pass:word ü"
        case .subdomain: "acme"
        case .url: "https://example.com/me?fields=id"
        case .baseURL: "https://example.com/api"
        case .headerName: "X-API-Key"
        case .headerPrefix: "Key"
        case .scopes: "one two"
        case .oneOf(let words): words.first ?? ""
        case .salesforceHost: "test.salesforce.com"
        }
    }
}

let now = Timestamp(microseconds: 1_763_000_000_000_000)
