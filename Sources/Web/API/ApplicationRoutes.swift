import Domain
import Hummingbird
import Providers

/// The applications that connections can be made to.
struct ApplicationRoutes: Sendable {
    let catalogue: ProviderCatalogue

    var endpoints: [Endpoint] { [Endpoint(.get, "/v1/applications", requires: .connectionsRead, list)] }

    private func list(_ request: TenantRequest) async throws -> Response {
        _ = try request.incoming.query(allowing: [])
        return .json { json in
            json.object { object in
                object.key("data")
                object.array { array in
                    for provider in catalogue.all { array.object { Self.write(provider, into: &$0) } }
                }
            }
        }
    }

    private static func write(_ provider: Provider, into object: inout JSONWriter) {
        object.key("application")
        object.value(provider.application.rawValue)
        object.key("name")
        object.value(provider.application.name)
        object.key("auth")
        object.array { array in
            for method in provider.methods {
                array.object { member in
                    member.key("auth")
                    member.value(method.auth.rawValue)
                    member.key("credentials")
                    member.array { fields in for field in method.fields { fields.object { write(field, into: &$0) } } }
                }
            }
        }
        object.key("scopes")
        object.array { array in for scope in provider.oauth?.scopes ?? [] { array.value(scope) } }
        object.key("checked")
        object.value(provider.probeURL != nil)
    }

    private static func write(_ field: CredentialField, into object: inout JSONWriter) {
        object.key("name")
        object.value(field.name)
        object.key("description")
        object.value(field.description)
        object.key("required")
        object.value(field.isRequired)
        object.key("secret")
        object.value(field.isSecret)
        object.key("aliases")
        object.array { array in for alias in field.aliases { array.value(alias) } }
    }
}
