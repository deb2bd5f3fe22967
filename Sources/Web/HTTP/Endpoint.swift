import Domain
import Foundation
import HTTPTypes
import Hummingbird

/// One method of one path: what it needs and what it does. Endpoints are declared in `API/` and mounted in one place, so
/// that whatever holds for all of them is written once, and tests can walk the list.
struct Endpoint: Sendable {
    /// What a request must bring.
    enum Access: Sendable {
        /// Anybody may ask.
        case open
        /// The principal must have a permission.
        case permission(Permission)
    }

    let method: HTTPRequest.Method
    /// As OpenAPI writes it: `/v1/call-logs/{id}`.
    let path: String
    let access: Access
    let respond: @Sendable (IncomingRequest) async throws -> Response

    /// An endpoint for anybody.
    static func open(
        _ method: HTTPRequest.Method, _ path: String,
        _ respond: @escaping @Sendable (IncomingRequest) async throws -> Response
    ) -> Endpoint {
        Endpoint(method: method, path: path, access: .open, respond: respond)
    }

    private init(
        method: HTTPRequest.Method, path: String, access: Access,
        respond: @escaping @Sendable (IncomingRequest) async throws -> Response
    ) {
        self.method = method
        self.path = path
        self.access = access
        self.respond = respond
    }

    /// An endpoint for principals with a permission. The handler gets a request whose principal is known.
    init(
        _ method: HTTPRequest.Method, _ path: String, requires permission: Permission,
        _ handler: @escaping @Sendable (TenantRequest) async throws -> Response
    ) {
        self.init(method: method, path: path, access: .permission(permission)) { incoming in
            let principal = try await incoming.authenticate()
            guard principal.has(permission) else {
                throw Problem(.forbidden, "This needs the permission \(permission.rawValue).")
            }
            if permission.needsCallLogs, let missing = principal.tenant.missingForCallLogs {
                throw Problem(.planRequired, "Call logs need \(missing).")
            }
            return try await handler(TenantRequest(incoming: incoming, principal: principal))
        }
    }

    /// Whether a path is one of this endpoint's.
    /// - Parameter path: as requested, without the query.
    func matches(path: String) -> Bool {
        let pattern = self.path.split(separator: "/")
        let parts = path.split(separator: "/", omittingEmptySubsequences: true)
        return pattern.count == parts.count && zip(pattern, parts).allSatisfy { $0 == $1 || $0.hasPrefix("{") }
    }
}

/// A request, and how to find out who sent it.
struct IncomingRequest: Sendable {
    let request: Request
    let context: WebContext
    let authenticator: Authenticator

    /// Who is calling.
    /// - Throws: `Problem` (unauthenticated) when nobody known is.
    func authenticate() async throws -> Principal {
        try await authenticator.principal(of: request)
    }

    /// The query parameters.
    /// - Parameter allowed: names that the endpoint knows; another one is a 400.
    /// - Throws: `Problem`.
    func query(allowing allowed: Set<String>) throws(Problem) -> QueryParameters {
        try QueryParameters(request.uri.query, allowing: allowed)
    }
}

/// A request of a principal: "who" is not optional here.
struct TenantRequest: Sendable {
    let incoming: IncomingRequest
    let principal: Principal

    var request: Request { incoming.request }
    var tenant: TenantID { principal.tenant.id }

    /// A part of the path.
    /// - Parameter name: as the endpoint's path names it.
    func pathParameter(_ name: String) -> String {
        incoming.context.parameters.get(name)?.removingPercentEncoding ?? ""
    }
}
