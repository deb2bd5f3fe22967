import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes

extension Response {
    /// An answer in JSON.
    static func json(_ status: HTTPResponse.Status = .ok, _ write: (inout JSONWriter) -> Void) -> Response {
        var writer = JSONWriter()
        write(&writer)
        return Response(
            status: status, headers: [.contentType: "application/json"], body: .init(byteBuffer: writer.buffer))
    }

    /// An answer in plain text.
    static func text(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "text/plain; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }

    /// A problem (RFC 9457).
    static func problem(_ problem: Problem, requestID: String) -> Response {
        Response(
            status: .init(code: problem.code.status), headers: problem.headers,
            body: .init(byteBuffer: problem.json(requestID: requestID)))
    }
}

extension Problem {
    /// The headers of the answer.
    var headers: HTTPFields {
        var headers: HTTPFields = [.contentType: "application/problem+json"]
        if let retryAfterSeconds { headers[.retryAfter] = String(retryAfterSeconds) }
        if code == .unauthenticated { headers[.wwwAuthenticate] = "Bearer" }
        if !allowedMethods.isEmpty { headers[.allow] = allowedMethods.joined(separator: ", ") }
        return headers
    }

    /// The body of the answer.
    func json(requestID: String) -> ByteBuffer {
        var writer = JSONWriter()
        writer.object { object in
            object.key("type")
            object.value("urn:calltrail:problem:\(code.rawValue)")
            object.key("title")
            object.value(code.title)
            object.key("status")
            object.value(code.status)
            object.key("code")
            object.value(code.rawValue)
            object.key("detail")
            object.value(detail)
            object.key("request_id")
            object.value(requestID)
            guard !issues.isEmpty else { return }
            object.key("errors")
            object.array { errors in for issue in issues { errors.object { issue.write(into: &$0) } } }
        }
        return writer.buffer
    }
}

extension ChannelInboundHandler where OutboundOut == HTTPResponsePart {
    /// Answers by a problem where no request came about, and ends the connection.
    func end(_ context: ChannelHandlerContext, by problem: Problem) {
        let requestID = Gateway.newRequestID()
        let body = problem.json(requestID: requestID)
        var headers = problem.headers
        headers[.requestID] = requestID
        headers[.connection] = "close"
        headers[.contentLength] = String(body.readableBytes)
        let head = HTTPResponse(status: .init(code: problem.code.status), headerFields: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        // what the client is still sending is read and dropped for a moment: closing on it would reset the connection, and
        // the answer might never be read
        context.close(mode: .output, promise: nil)
        let channel = context.channel
        context.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
    }
}

extension Problem.Issue {
    fileprivate func write(into object: inout JSONWriter) {
        switch place {
        case .pointer(let pointer):
            object.key("pointer")
            object.value(pointer)
        case .parameter(let name):
            object.key("parameter")
            object.value(name)
        case .header(let name):
            object.key("header")
            object.value(name)
        }
        object.key("code")
        object.value(code)
        object.key("detail")
        object.value(detail)
    }
}
