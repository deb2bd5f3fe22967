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
        let call = try call(request.request)
        let began = (clock: ContinuousClock.now, at: clock.now)
        let answer: ProxyAnswer
        do { answer = try await proxy.send(call, with: id, tenant: request.tenant) } catch let problem as Problem {
            // what never reached the application is not a call of the log; what did and got no answer is counted there
            throw problem
        }
        let received = BodyCapture()
        let recorded = Recording(
            answer: answer, received: received, context: context, method: call.method, began: began, request: request)
        var response = Response(
            status: .init(code: answer.status), headers: Self.fields(answer.headers),
            body: body(answer, received, recorded))
        // shown in a browser it must not be taken for a page of this server
        response.headers[.contentSecurityPolicy] = "sandbox; default-src 'none'"
        response.headers[.calltrailConnection] = id.uuidString.lowercased()
        return response
    }

    private func body(_ answer: ProxyAnswer, _ received: BodyCapture, _ recorded: Recording) -> ResponseBody {
        let length = answer.headers.first { $0.name.lowercased() == "content-length" }.flatMap { Int($0.value) }
        return ResponseBody(contentLength: length) { writer in
            do {
                while let piece = try await answer.next() {
                    received.append(piece)
                    try await writer.write(ByteBuffer(bytes: piece))
                }
            } catch {
                // the head is out: breaking off is the only way left to say so
                record(recorded)
                throw error
            }
            record(recorded)
            await answer.settle()
            try await writer.finish(nil)
        }
    }

    private func call(_ request: Request) throws -> ProxyCall {
        let parts = request.uri.path.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        // "", "v1", "proxy", "<id>/<path>"
        let rest = parts.count == 4 ? parts[3] : ""
        let path = rest.firstIndex(of: "/").map { String(rest[rest.index(after: $0)...]) } ?? ""
        let length = request.headers[.contentLength].flatMap { Int($0) }
        if let length, length > ConnectionProxy.largestRequest {
            throw Problem(.bodyTooLarge, "A proxied body may have \(ConnectionProxy.largestRequest >> 20) MiB.")
        }
        let hasBody = (length ?? 0) > 0 || request.headers[.transferEncoding] != nil
        let reading = IncomingBody(request.body)
        let headers = request.headers.map { HeaderField(name: $0.name.rawName, value: $0.value) }
        let next: @Sendable () async throws -> [UInt8]? = { try await reading.next() }
        return ProxyCall(
            method: request.method.rawValue, path: path, query: request.uri.query, headers: headers,
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
    /// What is known of a call when its answer is over.
    private struct Recording: Sendable {
        let answer: ProxyAnswer
        let received: BodyCapture
        let context: ProxyContext
        let method: String
        let began: (clock: ContinuousClock.Instant, at: Timestamp)
        let request: TenantRequest
    }

    private func record(_ recording: Recording) {
        let principal = recording.request.principal
        // without call logs in the plan there is nothing to write to; the call itself is not theirs
        guard principal.tenant.missingForCallLogs == nil else { return }
        let duration = Int((ContinuousClock.now - recording.began.clock).milliseconds)
        recorder.record {
            try await ingest.record(try await self.recorded(recording, duration), from: principal)
        }
    }

    private func recorded(_ recording: Recording, _ duration: Int) async throws -> RecordedCall {
        let (answer, context) = (recording.answer, recording.context)
        let bot = try await bot(recording)
        var call = RecordedCall(
            occurredAt: recording.began.at, application: answer.connection.application,
            connection: answer.connection.id, bot: bot, method: recording.method, url: answer.url,
            statusCode: answer.status, durationMilliseconds: duration)
        call.path = context.path
        call.nodeID = context.nodeID
        call.user = context.userID.map { ($0, context.userName) }
        call.requestHeaders = answer.sentHeaders
        call.requestBody = .init(bytes: answer.sentBody.bytes, size: answer.sentBody.size)
        call.responseHeaders = answer.headers
        call.responseBody = .init(bytes: recording.received.bytes, size: recording.received.size)
        return call
    }

    /// The bot that the caller named; else the only one that calls with this connection.
    private func bot(_ recording: Recording) async throws -> BotReference {
        if let id = recording.context.botID { return BotReference(id: id, name: recording.context.botName) }
        let connection = try await store.find(recording.answer.connection.id, tenant: recording.request.tenant)
        let bots = Set((connection?.nodes ?? []).map(\.botID))
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
        path = try text("Calltrail-Source-Path", longest: 1000)
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
