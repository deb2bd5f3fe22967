import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Store

/// One method of one path: what it needs and what it does. Endpoints are declared in `API/` and mounted in one place, so
/// that whatever holds for all of them is written once, and tests can walk the list.
struct Endpoint: Sendable {
    /// What a request must bring.
    enum Access: Sendable, Equatable {
        /// Anybody may ask.
        case open
        /// Any principal may ask, for what is their own.
        case anyPrincipal
        /// The principal must have a permission.
        case permission(Permission)
    }

    /// What of a request goes into the audit log.
    enum Recording: Sendable, Equatable {
        /// The call, when a principal makes it; nothing is changed.
        case call
        /// The call, and in the transaction of the change that an entity came to be.
        case created(AuditEntity)
        /// The call, and in the transaction of the change which fields of an entity were changed.
        case updated(AuditEntity)
        /// The call, and in the transaction of the change that an entity is gone.
        case deleted(AuditEntity)
        /// Who signed in, or failed to.
        case login
    }

    let method: HTTPRequest.Method
    /// As OpenAPI writes it: `/v1/call-logs/{id}`; `**` at the end stands for any path below.
    let path: String
    let access: Access
    let records: Recording
    let respond: @Sendable (IncomingRequest) async throws -> Response

    /// An endpoint for anybody.
    static func open(
        _ method: HTTPRequest.Method, _ path: String, records: Recording = .call,
        _ respond: @escaping @Sendable (IncomingRequest) async throws -> Response
    ) -> Endpoint {
        Endpoint(method: method, path: path, access: .open, records: records) { incoming in
            try await AuditOrigin.$current.withValue(incoming.origin(of: nil)) { try await respond(incoming) }
        }
    }

    /// An endpoint for any principal.
    static func anyPrincipal(
        _ method: HTTPRequest.Method, _ path: String, records: Recording = .call,
        _ handler: @escaping @Sendable (TenantRequest) async throws -> Response
    ) -> Endpoint {
        Endpoint(method: method, path: path, access: .anyPrincipal, records: records) { incoming in
            try await incoming.recorded(.read) { principal in
                try await handler(TenantRequest(incoming: incoming, principal: principal))
            }
        }
    }

    private init(
        method: HTTPRequest.Method, path: String, access: Access, records: Recording,
        respond: @escaping @Sendable (IncomingRequest) async throws -> Response
    ) {
        self.method = method
        self.path = path
        self.access = access
        self.records = records
        self.respond = respond
    }

    /// An endpoint for principals with a permission. The handler gets a request whose principal is known.
    init(
        _ method: HTTPRequest.Method, _ path: String, requires permission: Permission, records: Recording = .call,
        _ handler: @escaping @Sendable (TenantRequest) async throws -> Response
    ) {
        self.init(method: method, path: path, access: .permission(permission), records: records) { incoming in
            try await incoming.recorded(permission == .callLogsWrite ? .write : .read) { principal in
                guard principal.has(permission) else {
                    throw Problem(.forbidden, "This needs the permission \(permission.rawValue).")
                }
                if permission.needsCallLogs, let missing = principal.tenant.missingForCallLogs {
                    throw Problem(.planRequired, "Call logs need \(missing).")
                }
                return try await handler(TenantRequest(incoming: incoming, principal: principal))
            }
        }
    }

    /// The path as the published document has it, which knows no `**`.
    var documentedPath: String { path.hasSuffix("/**") ? path.dropLast(2) + "{path}" : path }

    /// Whether a path is one of this endpoint's.
    /// - Parameter path: as requested, without the query.
    func matches(path: String) -> Bool {
        let pattern = self.path.split(separator: "/")
        let parts = path.split(separator: "/", omittingEmptySubsequences: true)
        let isOpenEnded = pattern.last == "**" && parts.count >= pattern.count
        return (pattern.count == parts.count || isOpenEnded)
            && zip(pattern, parts).allSatisfy { $0 == $1 || $0.hasPrefix("{") || $0 == "**" }
    }
}

/// What every endpoint may use.
struct WebServices: Sendable {
    let authenticator: Authenticator
    let limiter: RateLimiter
    let clientAddress: ClientAddress
    let audit: AuditRecorder
    let clock: DatabaseClock
    /// Bodies of commands: small.
    let bodies: BodyReader
}

/// A request, and how to find out who sent it.
struct IncomingRequest: Sendable {
    let request: Request
    let context: WebContext
    let services: WebServices

    /// Where it came from, in words.
    var address: String {
        services.clientAddress.resolve(peer: context.peer, headers: request.headers)
    }

    /// Who is calling.
    /// - Throws: `Problem` (unauthenticated) when nobody known is.
    func authenticate() async throws -> Principal {
        try await services.authenticator.principal(of: request, onEndedKey: record)
    }

    /// Serves a principal's request, unless they have sent too many.
    func limited(
        _ principal: Principal, _ kind: RateLimiter.Kind, _ serve: () async throws -> Response
    ) async throws -> Response {
        guard let standing = services.limiter.take(kind, for: principal) else { return try await serve() }
        var response: Response
        if let seconds = standing.retryAfterSeconds {
            let problem = Problem(
                .rateLimited, "More than \(standing.limit) requests a minute.", retryAfterSeconds: seconds)
            response = .problem(problem, requestID: context.requestID)
        } else {
            do { response = try await serve() } catch {
                response = .problem(Problem(error), requestID: context.requestID)
                context.report(Problem(error), of: request)
            }
        }
        standing.add(to: &response.headers)
        return response
    }

    /// The query parameters.
    /// - Parameter allowed: names that the endpoint knows; another one is a 400.
    /// - Throws: `Problem`.
    func query(allowing allowed: Set<String>) throws(Problem) -> QueryParameters {
        try QueryParameters(request.uri.query, allowing: allowed)
    }

    /// The members of the JSON object in the body; the query must be empty.
    /// - Parameter allowed: members that the endpoint knows.
    /// - Throws: `Problem`.
    func members(allowing allowed: Set<String>) async throws -> BodyMembers {
        _ = try query(allowing: [])
        let type = request.headers[.contentType]?.prefix { $0 != ";" }.lowercased()
        return try await services.bodies.withBody(of: request) { body in
            // a form of another site can't send this type without asking first
            guard body.isEmpty || type == "application/json" else {
                throw Problem(.unsupportedMediaType, "Send application/json.")
            }
            return try BodyMembers(body, allowing: allowed)
        }
    }
}

/// A request of a principal: "who" is not optional here.
struct TenantRequest: Sendable {
    let incoming: IncomingRequest
    let principal: Principal

    var request: Request { incoming.request }
    var tenant: TenantID { principal.tenant.id }

    /// The person who is calling; nil for a key.
    var userID: UUID? {
        if case .user(let id, _) = principal.identity { id } else { nil }
    }

    /// A part of the path; empty, which nothing is called, when it is no text that the database could hold.
    /// - Parameter name: as the endpoint's path names it.
    func pathParameter(_ name: String) -> String {
        let text = incoming.context.parameters.get(name)?.removingPercentEncoding ?? ""
        return text.utf8.contains(0) ? "" : text
    }

    /// A part of the path that is a UUID.
    /// - Parameters:
    ///   - name: as the endpoint's path names it.
    ///   - noun: what is looked for, for the 404.
    /// - Throws: `Problem` (not_found) when it is none.
    func pathID(_ name: String, _ noun: String) throws(Problem) -> UUID {
        guard let id = UUID(uuidString: pathParameter(name)) else {
            throw Problem(.notFound, "There is no \(noun) with this id.")
        }
        return id
    }
}
