import Domain
import HTTPTypes
import Hummingbird
import Store

/// Signing in and out, and who one is.
struct SessionRoutes: Sendable {
    let sessions: SessionStore
    let clock: DatabaseClock
    let cookies: SessionCookie

    var endpoints: [Endpoint] {
        [
            .open(.post, "/v1/sessions", records: .login, signIn),
            .anyPrincipal(.delete, "/v1/sessions/current", signOut),
            .anyPrincipal(.put, "/v1/sessions/current/tenant", records: .login, move),
            .anyPrincipal(.get, "/v1/me", me),
        ]
    }

    private func signIn(_ request: IncomingRequest) async throws -> Response {
        var members = try await request.members(allowing: ["email", "password", "tenant_id"])
        let email = members.requiredText("email", longest: 254)
        let password = members.requiredText("password", longest: 1000)
        let tenant = members.text("tenant_id").map { text in
            TenantID(text) ?? members.issue("tenant_id", "invalid_format", "it is no tenant's id")
        }
        try members.finish()
        let begun = try await sessions.signIn(
            email: email, password: password, tenant: tenant ?? nil, address: request.address, now: clock.now)
        return answer(begun, status: .created)
    }

    private func signOut(_ request: TenantRequest) async throws -> Response {
        _ = try request.incoming.query(allowing: [])
        let token = try sessionToken(of: request)
        try await sessions.end(token)
        request.incoming.services.authenticator.forget(token)
        return Response(status: .noContent, headers: [.setCookie: cookies.clear()])
    }

    private func move(_ request: TenantRequest) async throws -> Response {
        let token = try sessionToken(of: request)
        var members = try await request.incoming.members(allowing: ["tenant_id"])
        let text = members.requiredText("tenant_id")
        try members.finish()
        guard let tenant = TenantID(text) else { throw Problem(.notFound, "You belong to no such tenant.") }
        let begun = try await sessions.move(token, to: tenant, now: clock.now)
        request.incoming.services.authenticator.forget(token)
        return answer(begun, status: .ok)
    }

    private func me(_ request: TenantRequest) async throws -> Response {
        _ = try request.incoming.query(allowing: [])
        let principal = request.principal
        let session: Session? =
            if request.userID == nil {
                nil
            } else {
                try await sessions.find(
                    request.incoming.services.authenticator.credential(of: request.request), now: clock.now)
            }
        let tenants: [(tenant: Tenant, role: Role)] =
            if let userID = request.userID { try await sessions.tenants(of: userID) } else { [] }
        return .json { json in
            json.object { object in
                object.key("user")
                if let session { Self.write(session, into: &object) } else { object.raw("null") }
                object.key("api_key")
                if case .apiKey(let id, let scopes) = principal.identity {
                    object.object { key in
                        key.key("id")
                        key.value(id)
                        key.key("scopes")
                        key.array { array in for scope in scopes.map(\.rawValue).sorted() { array.value(scope) } }
                    }
                } else {
                    object.raw("null")
                }
                object.key("role")
                if case .user(_, let role) = principal.identity {
                    object.value(role.rawValue)
                } else {
                    object.raw("null")
                }
                object.key("permissions")
                object.array { array in
                    for permission in Permission.allCases where principal.has(permission) {
                        array.value(permission.rawValue)
                    }
                }
                object.key("tenant")
                object.object { Self.write(principal.tenant, into: &$0) }
                object.key("tenants")
                object.array { array in
                    for (tenant, role) in tenants {
                        array.object { member in
                            Self.write(tenant, into: &member)
                            member.key("role")
                            member.value(role.rawValue)
                        }
                    }
                }
            }
        }
    }

    private func sessionToken(of request: TenantRequest) throws -> String {
        guard request.userID != nil else { throw Problem(.forbidden, "An API key has no session.") }
        return try request.incoming.services.authenticator.credential(of: request.request)
    }

    private func answer(_ begun: SessionStore.NewSession, status: HTTPResponse.Status) -> Response {
        var response = Response.json(status) { json in
            json.object { object in
                object.key("token")
                object.value(begun.token)
                object.key("expires_at")
                object.value(begun.session.expiresAt)
                object.key("user")
                Self.write(begun.session, into: &object)
                object.key("tenant")
                object.object { Self.write(begun.session.principal.tenant, into: &$0) }
            }
        }
        response.headers[.setCookie] = cookies.set(begun.token)
        return response
    }

    private static func write(_ session: Session, into json: inout JSONWriter) {
        json.object { user in
            user.key("id")
            user.value(session.userID)
            user.key("email")
            user.value(session.email)
            user.key("name")
            user.value(session.name)
            if case .user(_, let role) = session.principal.identity {
                user.key("role")
                user.value(role.rawValue)
            }
        }
    }

    private static func write(_ tenant: Tenant, into object: inout JSONWriter) {
        object.key("id")
        object.value(tenant.id.description)
        object.key("name")
        object.value(tenant.name)
        object.key("plan")
        object.value(tenant.plan.rawValue)
        object.key("module")
        object.value(tenant.module.rawValue)
    }
}
