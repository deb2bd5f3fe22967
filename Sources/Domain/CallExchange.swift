/// One header of a captured message.
public struct HeaderField: Sendable, Hashable {
    /// The name, as sent.
    public var name: String
    /// The value, redacted where it was secret.
    public var value: String

    /// Names a header.
    /// - Parameters:
    ///   - name: as sent.
    ///   - value: as sent, or its redaction.
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// A captured body: UTF-8 text, redacted and possibly cut.
public struct CapturedBody: Sendable, Hashable {
    /// UTF-8, without NUL.
    public var bytes: [UInt8]
    /// Bytes the client sent, before redaction and cutting.
    public var originalSize: Int
    /// True when `bytes` was cut.
    public var truncated: Bool
    /// True when invalid UTF-8 or NUL was replaced.
    public var sanitized: Bool

    /// Describes a body.
    /// - Parameters:
    ///   - bytes: UTF-8, without NUL.
    ///   - originalSize: bytes the client sent.
    ///   - truncated: whether `bytes` was cut.
    ///   - sanitized: whether invalid bytes were replaced.
    public init(bytes: [UInt8], originalSize: Int? = nil, truncated: Bool = false, sanitized: Bool = false) {
        self.bytes = bytes
        self.originalSize = originalSize ?? bytes.count
        self.truncated = truncated
        self.sanitized = sanitized
    }
}

/// One side of a call: its headers and its body.
public struct CapturedMessage: Sendable, Hashable {
    /// In the order they were sent.
    public var headers: [HeaderField]
    /// Nil when there was none.
    public var body: CapturedBody?

    /// Describes a message.
    /// - Parameters:
    ///   - headers: in the order they were sent.
    ///   - body: nil when there was none.
    public init(headers: [HeaderField] = [], body: CapturedBody? = nil) {
        self.headers = headers
        self.body = body
    }
}

/// What a call's row does not hold: both messages, and the client's own id of the entry.
public struct CallExchange: Sendable, Hashable {
    /// The id that the client sent for the entry.
    public var clientID: String?
    /// What was sent to the application.
    public var request: CapturedMessage
    /// What came back.
    public var response: CapturedMessage

    /// Describes an exchange.
    /// - Parameters:
    ///   - clientID: the id that the client sent for the entry.
    ///   - request: what was sent.
    ///   - response: what came back.
    public init(clientID: String? = nil, request: CapturedMessage, response: CapturedMessage) {
        self.clientID = clientID
        self.request = request
        self.response = response
    }
}

/// A call that is about to be stored.
public struct NewCallLog: Sendable {
    /// Its row.
    public var log: CallLog
    /// Its headers and bodies.
    public var exchange: CallExchange
    /// True when the id was derived from a client's id, so that the same entry may come again.
    public var isRepeatable: Bool

    /// Puts an entry together.
    /// - Parameters:
    ///   - log: its row.
    ///   - exchange: its headers and bodies.
    ///   - isRepeatable: whether the id was derived from a client's id.
    public init(log: CallLog, exchange: CallExchange, isRepeatable: Bool) {
        self.log = log
        self.exchange = exchange
        self.isRepeatable = isRepeatable
    }
}

extension CallExchange {
    /// At least the bytes that the exchange takes in a block, uncompressed: its texts, and room for their lengths.
    public var approximateSize: Int {
        func size(_ message: CapturedMessage) -> Int {
            message.headers.reduce(message.body?.bytes.count ?? 0) { size, field in
                size + field.name.utf8.count + field.value.utf8.count + 12
            }
        }
        return size(request) + size(response) + (clientID?.utf8.count ?? 0) + 96
    }
}
