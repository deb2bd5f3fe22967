import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Ingest
import NIOCore
import Store

/// Sending calls in, and finding them.
struct CallLogRoutes: Sendable {
    let store: CallLogStore
    let ingest: IngestService
    let bodies: BodyReader
    let clock: DatabaseClock
    let retentionDays: Int

    var endpoints: [Endpoint] {
        [
            Endpoint(.post, "/v1/call-logs", requires: .callLogsWrite, create),
            Endpoint(.get, "/v1/call-logs", requires: .callLogsRead, list),
            Endpoint(.get, "/v1/call-logs/{id}", requires: .callLogsRead, find),
            Endpoint(.get, "/v1/call-logs/{id}/curl", requires: .callLogsRead, curl),
            Endpoint(.get, "/v1/call-logs/{id}/har", requires: .callLogsRead, har),
        ]
    }

    private func create(_ request: TenantRequest) async throws -> Response {
        _ = try request.incoming.query(allowing: [])
        let headers = request.request.headers
        let answer = try await bodies.withBody(of: request.request) { body in
            try await ingest.ingest(
                .init(
                    body: body, contentType: headers[.contentType], contentEncoding: headers[.contentEncoding],
                    idempotencyKey: headers[.idempotencyKey]),
                from: request.principal)
        }
        return Self.response(answer, requestID: request.incoming.context.requestID)
    }

    /// A request of which nothing was taken is answered by a problem that holds the answer too.
    private static func response(_ answer: StoredAnswer, requestID: String) -> Response {
        guard answer.status == ProblemCode.invalidEntry.status else {
            return Response(
                status: .init(code: answer.status), headers: [.contentType: "application/json"],
                body: .init(byteBuffer: ByteBuffer(string: answer.body)))
        }
        let code = ProblemCode.invalidEntry
        let head = """
            {"type":"urn:calltrail:problem:\(code.rawValue)","title":"\(code.title)","status":\(code.status),\
            "code":"\(code.rawValue)","detail":"Every entry of the request was refused; errors says why.",\
            "request_id":"\(requestID)",
            """
        return Response(
            status: .init(code: answer.status), headers: [.contentType: "application/problem+json"],
            body: .init(byteBuffer: ByteBuffer(string: head + answer.body.dropFirst())))
    }

    private func list(_ request: TenantRequest) async throws -> Response {
        let parameters = try request.incoming.query(allowing: CallLogQuery.parameters.union(["limit", "cursor"]))
        let query = try CallLogQuery(parameters)
        let limit = try parameters.limit()
        let binding = CursorBinding.of(request.tenant, parameters, CallLogQuery.parameters)
        let position = try parameters["cursor"].map { text throws(Problem) in
            try CallLogCursor.decode(text, binding: binding)
        }
        let page = try await store.page(query, tenant: request.tenant, after: position, limit: limit, now: clock.now)
        return .json { json in
            json.object { object in
                object.key("data")
                object.array { array in
                    for item in page.items { array.object { write(item, into: &$0) } }
                }
                object.key("pagination")
                object.object { pagination in
                    pagination.key("limit")
                    pagination.value(limit)
                    pagination.key("next")
                    pagination.value(page.next.map { CallLogCursor.encode($0, binding: binding) })
                    if let scannedTo = page.scannedTo {
                        pagination.key("scanned_to")
                        pagination.value(scannedTo)
                    }
                }
            }
        }
    }

    private func find(_ request: TenantRequest) async throws -> Response {
        let detail = try await detail(request)
        return .json { json in
            json.object { object in
                write(detail.item, into: &object)
                let log = detail.item.log
                object.key("client_id")
                object.value(detail.exchange.clientID)
                object.key("connection_id")
                object.value(log.connectionID)
                object.key("attempt")
                object.value(log.attempt)
                object.key("request")
                object.object { side in
                    side.key("curl")
                    side.value(detail.curl)
                    Self.write(detail.exchange.request, into: &side)
                }
                object.key("response")
                object.object { side in Self.write(detail.exchange.response, into: &side) }
            }
        }
    }

    private func curl(_ request: TenantRequest) async throws -> Response {
        .text(try await detail(request).curl + "\n")
    }

    private func har(_ request: TenantRequest) async throws -> Response {
        let detail = try await detail(request)
        var response = Response.json { json in HARDocument.write(detail, into: &json) }
        response.headers[.contentDisposition] = "attachment; filename=\"\(HARDocument.fileName(detail.item.log))\""
        return response
    }

    private func detail(_ request: TenantRequest) async throws -> CallLogStore.Detail {
        _ = try request.incoming.query(allowing: [])
        guard let id = UUID(uuidString: request.pathParameter("id")),
            let detail = try await store.find(id, tenant: request.tenant, now: clock.now)
        else { throw Problem(.notFound, "There is no call with this id.") }
        return detail
    }

    private func write(_ item: CallLogPage.Item, into object: inout JSONWriter) {
        let log = item.log
        object.key("id")
        object.value(log.id)
        object.key("occurred_at")
        object.value(log.occurredAt)
        object.key("status")
        object.value(log.status.rawValue)
        object.key("status_code")
        object.value(log.statusCode)
        object.key("method")
        object.value(log.method.rawValue)
        object.key("application")
        object.value(log.application.rawValue)
        object.key("application_name")
        object.value(log.application.name)
        object.key("bot")
        object.object { bot in
            bot.key("id")
            bot.value(log.bot.id)
            bot.key("name")
            bot.value(log.bot.name)
        }
        object.key("source")
        Self.write(log.source, of: item, into: &object)
        object.key("user")
        if let user = log.user {
            object.object { member in
                member.key("id")
                member.value(user.id)
                member.key("name")
                member.value(user.name)
            }
        } else {
            object.raw("null")
        }
        object.key("url")
        object.value(log.url)
        object.key("duration_ms")
        object.value(log.durationMilliseconds)
        object.key("error")
        if let error = log.error {
            object.object { member in
                member.key("type")
                member.value(error.type)
                member.key("message")
                member.value(error.message)
            }
        } else {
            object.raw("null")
        }
        object.key("expires_at")
        object.value(log.occurredAt.advanced(bySeconds: Int64(retentionDays) * 86_400))
    }

    private static func write(_ source: CallSource?, of item: CallLogPage.Item, into object: inout JSONWriter) {
        guard let source else { return object.raw("null") }
        object.object { member in
            member.key("type")
            switch source {
            case .flow(let path, let nodeID):
                member.value("flow")
                member.key("path")
                member.value(path)
                member.key("node_id")
                member.value(nodeID)
                member.key("agent")
                member.raw("null")
            case .inbox(let name, let email):
                member.value("inbox")
                member.key("path")
                member.raw("null")
                member.key("node_id")
                member.raw("null")
                member.key("agent")
                member.object { agent in
                    agent.key("name")
                    agent.value(name)
                    agent.key("email")
                    agent.value(email)
                }
            }
            member.key("label")
            member.value(source.label)
            member.key("url")
            member.value(source.url(template: item.sourceURLTemplate, botID: item.log.bot.id))
        }
    }

    private static func write(_ message: CapturedMessage, into side: inout JSONWriter) {
        side.key("headers")
        side.object { headers in
            var values: [(name: String, values: [String])] = []
            for field in message.headers {
                if let index = values.firstIndex(where: { $0.name.caseInsensitiveCompare(field.name) == .orderedSame })
                {
                    values[index].values.append(field.value)
                } else {
                    values.append((field.name, [field.value]))
                }
            }
            for (name, values) in values {
                headers.member(name)
                if values.count == 1 {
                    headers.value(values[0])
                } else {
                    headers.array { array in for value in values { array.value(value) } }
                }
            }
        }
        side.key("body")
        if let body = message.body { side.value(utf8: body.bytes) } else { side.raw("null") }
        side.key("body_size")
        side.value(message.body?.originalSize ?? 0)
        side.key("truncated")
        side.value(message.body?.truncated ?? false)
        side.key("sanitized")
        side.value(message.body?.sanitized ?? false)
    }
}
