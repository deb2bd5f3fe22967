import Domain
import HTTPTypes
import Hummingbird
import NIOCore

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
        var headers: HTTPFields = [.contentType: "application/problem+json"]
        if let seconds = problem.retryAfterSeconds { headers[.retryAfter] = String(seconds) }
        if problem.code == .unauthenticated { headers[.wwwAuthenticate] = "Bearer" }
        if !problem.allowedMethods.isEmpty { headers[.allow] = problem.allowedMethods.joined(separator: ", ") }
        var writer = JSONWriter()
        writer.object { object in
            object.key("type")
            object.value("urn:calltrail:problem:\(problem.code.rawValue)")
            object.key("title")
            object.value(problem.code.title)
            object.key("status")
            object.value(problem.code.status)
            object.key("code")
            object.value(problem.code.rawValue)
            object.key("detail")
            object.value(problem.detail)
            object.key("request_id")
            object.value(requestID)
            guard !problem.issues.isEmpty else { return }
            object.key("errors")
            object.array { errors in for issue in problem.issues { errors.object { issue.write(into: &$0) } } }
        }
        return Response(
            status: .init(code: problem.code.status), headers: headers, body: .init(byteBuffer: writer.buffer))
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
