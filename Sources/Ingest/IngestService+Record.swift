public import Domain
public import Foundation
import Store

/// A call that this service made itself, as it is to be logged.
public struct RecordedCall: Sendable {
    /// Sizes and markings of a body that the text in the entry does not tell: it streamed by, and only its beginning was kept.
    public struct Body: Sendable {
        /// What was kept.
        public var bytes: [UInt8]
        /// Bytes that went by.
        public var size: Int

        /// Describes a body.
        /// - Parameters:
        ///   - bytes: what was kept.
        ///   - size: bytes that went by.
        public init(bytes: [UInt8], size: Int) {
            self.bytes = bytes
            self.size = size
        }
    }

    /// When it was made.
    public var occurredAt: Timestamp
    /// What was called.
    public var application: Application
    /// The connection that it was made with.
    public var connection: UUID
    /// Whose call it is.
    public var bot: BotReference
    /// Where in the bot's flow; nil when nobody said.
    public var path: String?
    /// The client's own id of the node; nil when nobody said.
    public var nodeID: String?
    /// The end user; nil when nobody said.
    public var user: (id: String, name: String?)?
    /// The method.
    public var method: String
    /// The URL.
    public var url: String
    /// The answer's status; nil when none came.
    public var statusCode: Int?
    /// From the request to the end of the answer.
    public var durationMilliseconds: Int
    /// What was sent, not redacted yet.
    public var requestHeaders: [HeaderField]
    /// What was sent; nil when there was none.
    public var requestBody: Body?
    /// What came back, not redacted yet.
    public var responseHeaders: [HeaderField]
    /// What came back; nil when there was none.
    public var responseBody: Body?
    /// What must not be kept wherever it stands, the longest first.
    public var secrets: [String]

    /// Describes a call; what is not named can be set afterwards.
    public init(
        occurredAt: Timestamp, application: Application, connection: UUID, bot: BotReference, method: String,
        url: String, statusCode: Int?, durationMilliseconds: Int
    ) {
        self.occurredAt = occurredAt
        self.application = application
        self.connection = connection
        self.bot = bot
        self.method = method
        self.url = url
        self.statusCode = statusCode
        self.durationMilliseconds = durationMilliseconds
        requestHeaders = []
        responseHeaders = []
        secrets = []
    }
}

extension IngestService {
    /// Logs a call that this service made itself, by the same way as those that are sent in: validated, redacted, cut.
    /// - Parameters:
    ///   - call: the call.
    ///   - principal: whose call it is.
    /// - Throws: `Problem` when it can't be stored.
    public func record(_ call: RecordedCall, from principal: Principal) async throws(Problem) {
        let body: [UInt8]
        let call = call.withoutSecrets(Redactor(fingerprintKey: principal.redactionKey))
        do { body = Array(try JSONEncoder().encode(CallEntry(call))) } catch { throw Problem(error) }
        let request = Request(
            body: body, contentType: "application/json", contentEncoding: nil, idempotencyKey: nil)
        let answer = try await take(request, from: principal) { parsed in
            for index in parsed.entries.indices {
                parsed.entries[index].exchange.request.body?.tell(call.requestBody)
                parsed.entries[index].exchange.response.body?.tell(call.responseBody)
            }
        }
        // whatever is refused here is a fault of this service
        guard answer.status == 200 else {
            throw Problem(.internalError, "A call could not be logged: \(answer.body)")
        }
    }
}

extension RecordedCall {
    /// The call with markers in the place of its secrets, wherever they are repeated.
    fileprivate func withoutSecrets(_ redactor: Redactor) -> RecordedCall {
        guard !secrets.isEmpty else { return self }
        var call = self
        let places: [(secret: [UInt8], marker: [UInt8])] = secrets.flatMap { secret in
            let bytes = Array(secret.utf8)
            let marker = bytes.withUnsafeBufferPointer { redactor.marker(for: $0) }
            // as a URL and as JSON would write it
            let unreserved = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-._~"))
            let escaped = secret.addingPercentEncoding(withAllowedCharacters: unreserved) ?? secret
            let slashed = secret.replacing("/", with: "\\/")
            return Set([secret, escaped, slashed]).map { (Array($0.utf8), marker) }
        }
        func clean(_ bytes: [UInt8]) -> [UInt8] {
            places.reduce(bytes) { bytes, place in
                // Foundation's search is quick, and most bodies hold none
                guard Data(bytes).range(of: Data(place.secret)) != nil else { return bytes }
                return Array(bytes.split(separator: place.secret).joined(separator: place.marker))
            }
        }
        func clean(_ text: String) -> String { String(decoding: clean(Array(text.utf8)), as: UTF8.self) }
        call.url = clean(url)
        call.requestHeaders = requestHeaders.map { HeaderField(name: $0.name, value: clean($0.value)) }
        call.responseHeaders = responseHeaders.map { HeaderField(name: $0.name, value: clean($0.value)) }
        call.requestBody?.bytes = clean(requestBody?.bytes ?? [])
        call.responseBody?.bytes = clean(responseBody?.bytes ?? [])
        return call
    }
}

extension CapturedBody {
    fileprivate mutating func tell(_ body: RecordedCall.Body?) {
        guard let body else { return }
        originalSize = body.size
        if body.size > body.bytes.count { truncated = true }
        if String(validating: body.bytes.prefix(bytes.count), as: UTF8.self) == nil { sanitized = true }
    }
}

/// A call as an entry.
private struct CallEntry: Encodable {
    struct Bot: Encodable {
        var id: String
        var name: String?
    }
    struct Source: Encodable {
        var type = "flow"
        var path: String?
        var nodeID: String?

        enum CodingKeys: String, CodingKey {
            case type
            case path
            case nodeID = "node_id"
        }
    }
    struct Message: Encodable {
        var headers: [String: [String]]
        var body: String?

        init(_ headers: [HeaderField], _ body: RecordedCall.Body?) {
            self.headers = headers.reduce(into: [:]) { $0[$1.name, default: []].append($1.value) }
            self.body = body.flatMap { $0.size == 0 ? nil : String(decoding: $0.bytes, as: UTF8.self) }
        }
    }

    var occurredAt: String
    var application: String
    var connectionID: String
    var bot: Bot
    var source: Source?
    var user: Bot?
    var method: String
    var url: String
    var statusCode: Int?
    var durationMilliseconds: Int
    var request: Message
    var response: Message

    enum CodingKeys: String, CodingKey {
        case occurredAt = "occurred_at"
        case application
        case connectionID = "connection_id"
        case bot
        case source
        case user
        case method
        case url
        case statusCode = "status_code"
        case durationMilliseconds = "duration_ms"
        case request
        case response
    }

    init(_ call: RecordedCall) {
        occurredAt = call.occurredAt.description
        application = call.application.rawValue
        connectionID = call.connection.uuidString.lowercased()
        bot = Bot(id: call.bot.id, name: call.bot.name)
        if call.path != nil || call.nodeID != nil { source = Source(path: call.path, nodeID: call.nodeID) }
        user = call.user.map { Bot(id: $0.id, name: $0.name) }
        method = call.method
        url = call.url
        statusCode = call.statusCode
        durationMilliseconds = call.durationMilliseconds
        request = Message(call.requestHeaders, call.requestBody)
        response = Message(call.responseHeaders, call.responseBody)
    }
}
