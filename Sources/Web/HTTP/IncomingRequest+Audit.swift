import Domain
import Hummingbird
import Ingest
import Store

extension IncomingRequest {
    /// Serves the request of a principal and records it in their tenant's audit log, denials and failures too.
    /// - Parameters:
    ///   - kind: which limit of requests it counts against.
    ///   - serve: makes the answer.
    /// - Throws: `Problem` (unauthenticated) when nobody known is calling, (unavailable) when calls can't be recorded: what
    ///   nobody could account for is not done.
    func recorded(
        _ kind: RateLimiter.Kind, _ serve: (Principal) async throws -> Response
    ) async throws -> Response {
        let principal = try await authenticate()
        guard services.audit.hasRoom else {
            throw Problem(.unavailable, "Calls can't be recorded in the audit log.", retryAfterSeconds: 5)
        }
        let origin = origin(of: principal)
        do {
            let response = try await AuditOrigin.$current.withValue(origin) {
                try await limited(principal, kind) { try await serve(principal) }
            }
            record(origin, principal.tenant.id, status: response.status.code)
            return response
        } catch {
            record(origin, principal.tenant.id, status: Problem(error).code.status)
            throw error
        }
    }

    /// Where this request comes from, as the audit log keeps it.
    /// - Parameter principal: nil while nobody is known.
    func origin(of principal: Principal?) -> AuditOrigin {
        var origin = AuditOrigin(at: services.clock.now)
        origin.remoteAddress = address
        origin.method = request.method.rawValue
        origin.contentType = request.headers[.contentType]
        origin.requestID = context.requestID
        guard let principal else {
            // a link's secret is part of its path
            origin.path = context.endpointPath
            return origin
        }
        origin.path = Redactor(fingerprintKey: principal.redactionKey).url(request.uri.string)
        origin.sender = principal.label
        switch principal.identity {
        case .apiKey(let id, _): origin.apiKeyID = id
        case .user(let id, _): origin.userID = id
        }
        return origin
    }

    /// Records that somebody used a key that is no longer in force.
    func record(_ ended: Authenticator.EndedKey) {
        var origin = origin(of: nil)
        origin.apiKeyID = ended.id
        origin.sender = ended.name
        record(origin, ended.tenant, status: ProblemCode.unauthenticated.status)
    }

    private func record(_ origin: AuditOrigin, _ tenant: TenantID, status: Int) {
        var entry = origin.entry(.apiCall)
        entry.status = Int16(clamping: status)
        services.audit.record(entry, tenant: tenant)
    }
}
