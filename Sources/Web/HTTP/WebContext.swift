import Domain
import Hummingbird
import Logging
import NIOCore

/// What a request carries through the layers.
struct WebContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Stands in the answer, the log and every problem.
    var requestID: String
    /// The other end of the connection.
    var peer: SocketAddress?
    /// Tells when the other end hangs up.
    let connection: ObjectIdentifier

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        requestID = ""
        peer = source.channel.remoteAddress
        connection = ObjectIdentifier(source.channel)
    }

    /// A request's path as a log may have it: a link's secret is part of its path.
    func loggedPath(of request: Request) -> String {
        if let declared = endpointPath, declared.contains("{token}") { return declared }
        return request.uri.path
    }

    /// Says in the log what broke here; what the client did wrong is the client's.
    func report(_ problem: Problem, of request: Request) {
        guard problem.code == .internalError || problem.code == .unavailable && problem.cause != nil else { return }
        logger.log(
            level: problem.code == .internalError ? .error : .warning, "a request failed",
            metadata: [
                "request_id": "\(requestID)", "path": "\(loggedPath(of: request))",
                "error": "\(problem.cause.map { String(describing: $0) } ?? problem.detail)",
            ])
    }
}
