import Domain
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Store

/// What every request passes, whatever its path: a request id, the router, one renderer for whatever was thrown, the
/// request's line in the log and its numbers in the metrics.
struct Gateway: HTTPResponder {
    typealias Context = WebContext

    let router: RouterResponder<WebContext>
    let endpoints: [Endpoint]
    let metrics: HTTPMetrics

    func respond(to request: Request, context: WebContext) async throws -> Response {
        let start = ContinuousClock.now
        var context = context
        context.requestID = Self.requestID(request.headers[.requestID]) ?? Self.newRequestID()
        var response: Response
        do {
            response = try await router.respond(to: request, context: context)
            if Self.route(context) == nil { throw notRouted(request) }
        } catch {
            let problem = Problem(error)
            context.report(problem, of: request)
            response = Self.answer(to: request, problem, requestID: context.requestID)
        }
        response.headers[.requestID] = context.requestID
        response.headers[.xContentTypeOptions] = "nosniff"
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        if request.method == .head {
            // ended all the same: a connection amid an answer would hold up a shutdown
            response.body = .init(contentLength: response.body.contentLength) { try await $0.finish(nil) }
        }
        let elapsed = ContinuousClock.now - start
        let route = Self.route(context) ?? "unrouted"
        metrics.record(route: route, method: request.method.rawValue, status: response.status.code, elapsed: elapsed)
        // never the query, nor a link's token: they may hold what should not be in a log
        context.logger.debug(
            "request",
            metadata: [
                "request_id": "\(context.requestID)", "method": "\(request.method.rawValue)",
                "path": "\(context.loggedPath(of: request))", "status": "\(response.status.code)",
                "duration_ms": "\(elapsed.milliseconds)",
            ])
        return response
    }

    /// A page for people's browsers, JSON for programs and for whatever asks the API.
    private static func answer(to request: Request, _ problem: Problem, requestID: String) -> Response {
        let wantsPage = request.headers[.accept]?.contains("text/html") == true
        guard wantsPage, !request.uri.path.hasPrefix("/v1/") else { return .problem(problem, requestID: requestID) }
        return ProblemPage.response(problem, requestID: requestID)
    }

    /// The path of the endpoint that answered, as it was declared; nil when the router found none, for which it puts a
    /// word in the path's place.
    private static func route(_ context: WebContext) -> String? {
        context.endpointPath.flatMap { $0.hasPrefix("/") ? $0 : nil }
    }

    private func notRouted(_ request: Request) -> Problem {
        let methods = endpoints.filter { $0.matches(path: request.uri.path) }.map(\.method.rawValue)
        guard !methods.isEmpty else { return Problem(.notFound, "There is nothing at this path.") }
        let allowed = Set(methods.contains("GET") ? methods + ["HEAD"] : methods).sorted()
        return Problem(
            .methodNotAllowed, "This path has \(allowed.joined(separator: ", ")), not \(request.method.rawValue).",
            allowedMethods: allowed)
    }

    /// A client's request id is taken when it could not harm a log or a header.
    static func requestID(_ given: String?) -> String? {
        guard let given, (1...128).contains(given.utf8.count) else { return nil }
        let isWellFormed = given.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        return isWellFormed ? given : nil
    }

    static func newRequestID() -> String {
        let high = String(UInt64.random(in: 0...UInt64.max), radix: 36)
        return "req_" + high + String(UInt32.random(in: 0...UInt32.max), radix: 36)
    }
}

extension HTTPField.Name {
    /// `X-Request-Id`.
    static let requestID = named("x-request-id")
    /// `Idempotency-Key`.
    static let idempotencyKey = named("idempotency-key")

    static func named(_ name: String) -> HTTPField.Name {
        guard let field = HTTPField.Name(name) else { preconditionFailure("\(name) is no field name") }
        return field
    }
}

extension Duration {
    /// Milliseconds, with three digits.
    var milliseconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) * 1000 + Double(attoseconds / 1_000_000_000_000) / 1000
    }
}
