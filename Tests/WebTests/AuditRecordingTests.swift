import Domain
import HTTPTypes
import Testing

@testable import Web

/// What each endpoint says that it records. Calls of principals are recorded by the endpoint itself; changes are named.
@Suite struct AuditRecordingTests {
    /// Endpoints that may change something and yet no entity.
    private static let changesNoEntity: Set<String> = [
        // calls are logged, which is what the service is for
        "POST /v1/call-logs",
        // the audit log is what this writes
        "POST /v1/logentry",
        // probes and tokens come and go by themselves; the connection's own history has them
        "POST /v1/connections/{id}/check", "POST /connections/{id}/check", "POST /v1/connections/{id}/token",
        // a flow begins; the callback changes the connection
        "POST /v1/connections/{id}/reauthorise", "POST /connections/{id}/reauthorise",
        // somebody else's entities
        "POST /v1/proxy/{connection_id}/**", "PUT /v1/proxy/{connection_id}/**", "PATCH /v1/proxy/{connection_id}/**",
        "DELETE /v1/proxy/{connection_id}/**", "OPTIONS /v1/proxy/{connection_id}/**",
        "POST /v1/notification-channels/{id}/test", "POST /settings/notifications/channels/{id}/test",
        // what it finds is shown, and changes nothing
        "POST /audit/verify",
        // a passphrase is given; the share's own log has it
        "POST /s/{token}",
        // a mail is asked for; nobody is known yet
        "POST /v1/password-resets", "POST /forgot-password",
        // the call that ends a session says so
        "DELETE /v1/sessions/current", "POST /sign-out",
    ]

    @Test func everyChangeIsDeclared() throws {
        let catalogue = try EndpointCatalogue.unconnected()
        let undeclared = (catalogue.api + catalogue.pages)
            .filter { ![.get, .head].contains($0.method) && $0.records == .call }
            .map { "\($0.method.rawValue) \($0.path)" }
        #expect(Set(undeclared) == Self.changesNoEntity)
    }

    @Test func readingChangesNothing() throws {
        let catalogue = try EndpointCatalogue.unconnected()
        let changing = (catalogue.api + catalogue.pages).filter { $0.method == .get && $0.records != .call }
        // where an application sends the browser back to, which can only be by GET
        #expect(changing.map(\.path) == ["/oauth/callback/{application}"])
    }
}
