import Connections
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Ingest
import NIOCore
import Store

/// Calls to applications with a connection's credentials, which the caller never sees; each is logged.
struct ProxyRoutes: Sendable {
    let proxy: ConnectionProxy
    let store: ConnectionStore
    let ingest: IngestService
    let recorder: CallRecorder
    let hangUps: HangUps
    let clock: DatabaseClock

    var endpoints: [Endpoint] {
        // HEAD goes by GET's
        [HTTPRequest.Method.get, .post, .put, .patch, .delete, .options].map { method in
            Endpoint(method, "/v1/proxy/{connection_id}/**", requires: .connectionsToken, pass)
        }
    }

    private func pass(_ request: TenantRequest) async throws -> Response {
        let id = try request.pathID("connection_id", "connection")
        let context = try ProxyContext(request.request.headers)
        let call = try call(request)
        let began = Began(clock: ContinuousClock.now, at: clock.now)
        let channel = request.incoming.context.connection
        let answer: ProxyAnswer
        do {
            answer = try await proxy.send(call, with: id, tenant: request.tenant) { breakable in
                hangUps.watch(channel) { breakable.breakOff() }
            }
        } catch {
            hangUps.forget(channel)
            guard let unanswered = error as? Unanswered else { throw error }
            record(unanswered.sent, nil, BodyCapture(), context, call.method, began, request.principal)
            throw unanswered.problem
        }
        let end: @Sendable (BodyCapture) -> Void = { received in
            hangUps.forget(channel)
            record(
                answer.sent, (answer.status, answer.headers), received, context, call.method, began, request.principal)
        }
        var response = Response(
            status: .init(code: answer.status), headers: Self.fields(answer.headers), body: Self.body(answer, end))
        // shown in a browser it must not be taken for a page of this server, nor kept by a cache
        response.headers[.contentSecurityPolicy] = "sandbox; default-src 'none'"
        response.headers[.cacheControl] = "no-store"
        response.headers[.calltrailConnection] = id.uuidString.lowercased()
        // a HEAD's answer is over with its head; its body is never written
        if request.request.method == .head { end(BodyCapture()) }
        return response
    }

    private static func body(
        _ answer: ProxyAnswer, _ end: @escaping @Sendable (BodyCapture) -> Void
    ) -> ResponseBody {
        ResponseBody(contentLength: answer.contentLength) { writer in
            let received = BodyCapture()
            // also when it is broken off: the head is out, and closing is the only way left to say so
            defer { end(received) }
            while let piece = try await answer.next() {
                received.append(piece)
                try await writer.write(ByteBuffer(bytes: piece))
            }
            try await writer.finish(nil)
        }
    }

    private func call(_ request: TenantRequest) throws -> ProxyCall {
        let (path, headers) = (request.request.uri.path, request.request.headers)
        // exactly this: the router passes over doubled slashes, behind which the path would begin elsewhere
        let start = "/v1/proxy/" + request.pathParameter("connection_id") + "/"
        guard path.hasPrefix(start) else { throw Problem(.notFound, "There is nothing at this path.") }
        let rest = String(path.dropFirst(start.count))
        guard !rest.hasPrefix("/") else {
            throw Problem(.invalidParameter, "The path can't be called: it begins with two slashes.")
        }
        let length = headers[.contentLength].flatMap { Int($0) }
        if let length, length > ConnectionProxy.largestRequest {
            throw Problem(.bodyTooLarge, "A proxied body may have \(ConnectionProxy.largestRequest >> 20) MiB.")
        }
        let hasBody = (length ?? 0) > 0 || headers[.transferEncoding] != nil
        let reading = IncomingBody(request.request.body)
        let fields = headers.map { HeaderField(name: $0.name.rawName, value: $0.value) }
        let next: @Sendable () async throws -> [UInt8]? = { try await reading.next() }
        return ProxyCall(
            method: request.request.method.rawValue, path: rest, query: request.request.uri.query, headers: fields,
            body: hasBody ? next : nil, length: hasBody ? length : nil)
    }

    private static func fields(_ headers: [HeaderField]) -> HTTPFields {
        headers.reduce(into: HTTPFields()) { fields, header in
            guard let name = HTTPField.Name(header.name) else { return }
            fields.append(HTTPField(name: name, value: header.value))
        }
    }
}

// MARK: - The log

extension ProxyRoutes {
    /// When a call was begun.
    private struct Began: Sendable {
        let clock: ContinuousClock.Instant
        let at: Timestamp
    }

    private func record(
        _ sent: SentCall, _ answer: (status: Int, headers: [HeaderField])?, _ received: BodyCapture,
        _ context: ProxyContext, _ method: String,
        _ began: Began, _ principal: Principal
    ) {
        // without call logs in the plan there is nothing to write to; the call itself is not theirs
        guard principal.tenant.missingForCallLogs == nil else { return }
        var call = RecordedCall(
            occurredAt: began.at, application: sent.connection.application, connection: sent.connection.id,
            bot: BotReference(id: context.botID ?? "", name: context.botName), method: method, url: sent.url,
            statusCode: answer?.status, durationMilliseconds: Int((ContinuousClock.now - began.clock).milliseconds))
        call.path = context.path
        call.nodeID = context.nodeID
        call.user = context.userID.map { ($0, context.userName) }
        call.requestHeaders = sent.headers
        call.requestBody = .init(bytes: sent.body.bytes, size: sent.body.size)
        call.responseHeaders = answer?.headers ?? []
        call.responseBody = .init(bytes: received.bytes, size: received.size)
        call.secrets = sent.secrets
        let size = sent.body.bytes.count + received.bytes.count
        recorder.record(bytes: size) { [call] in
            var call = call
            if call.bot.id.isEmpty { call.bot = try await bot(of: call.connection, principal.tenant.id) }
            try await ingest.record(call, from: principal)
        }
    }

    /// The only bot that calls with a connection, where the caller named none.
    private func bot(of connection: UUID, _ tenant: TenantID) async throws -> BotReference {
        let nodes = try await store.find(connection, tenant: tenant)?.nodes ?? []
        let bots = Set(nodes.map(\.botID))
        if bots.count == 1, let only = bots.first { return BotReference(id: only) }
        return BotReference(id: "proxy", name: "Proxy")
    }
}

/// What a caller tells about a call, in headers that do not go on.
struct ProxyContext: Sendable {
    let botID: String?
    let botName: String?
    let path: String?
    let nodeID: String?
    let userID: String?
    let userName: String?

    /// Reads the headers; texts beyond ASCII are percent-encoded there.
    /// - Throws: `Problem` for one that can't be used.
    init(_ headers: HTTPFields) throws(Problem) {
        func text(_ name: String, longest: Int) throws(Problem) -> String? {
            guard let given = headers[.named(name)], !given.isEmpty else { return nil }
            guard let text = given.removingPercentEncoding, text.utf8.count <= longest,
                !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
            else {
                throw Problem(
                    .invalidParameter, "The header \(name) can't be used.",
                    issues: [
                        .init(
                            .header(name), code: "invalid",
                            detail: "at most \(longest) bytes, percent-encoded, without control characters")
                    ])
            }
            return text
        }
        botID = try text("Calltrail-Bot-Id", longest: 128)
        botName = try text("Calltrail-Bot-Name", longest: 200)
        path = try text("Calltrail-Source-Path", longest: 512)
        nodeID = try text("Calltrail-Node-Id", longest: 128)
        userID = try text("Calltrail-User-Id", longest: 128)
        userName = try text("Calltrail-User-Name", longest: 200)
    }
}

/// A request's body, piece by piece.
///
/// `@unchecked Sendable`: the transfer that sends it on is the only one who reads, one piece after the other.
final class IncomingBody: @unchecked Sendable {
    private var iterator: RequestBody.AsyncIterator

    init(_ body: RequestBody) { iterator = body.makeAsyncIterator() }

    func next() async throws -> [UInt8]? {
        do { return try await iterator.next().map { Array(buffer: $0) } } catch {
            throw Problem(.incompleteBody, "The body did not arrive whole.", cause: error)
        }
    }
}

extension HTTPField.Name {
    /// `Calltrail-Connection`: tells a caller that the answer is the application's.
    static let calltrailConnection = named("calltrail-connection")
}
