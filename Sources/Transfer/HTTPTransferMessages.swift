/// One header of a request or an answer.
public struct HTTPTransferHeader: Sendable, Hashable {
    /// The name.
    public var name: String
    /// The value, without white space around it.
    public var value: String

    /// Names a header.
    /// - Parameters:
    ///   - name: a token as RFC 9110 defines it.
    ///   - value: without line breaks.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A request to send.
public struct HTTPTransferRequest: Sendable {
    /// Decides whether an address may be reached, from its numeric text (`192.0.2.7`, `2001:db8::7`).
    ///
    /// It is asked before a new connection is opened, and again before each request, which may use an old one.
    /// It runs on the transfer thread: it must answer at once.
    public typealias AddressCheck = @Sendable (_ numericAddress: String) -> Bool

    /// The method, upper case. Any but GET, HEAD and OPTIONS is sent once at most, also when a kept connection dies.
    public var method: String
    /// An absolute http or https URL.
    public var url: String
    /// Sent in this order. Nothing is added but Host, Accept and what the body needs.
    public var headers: [HTTPTransferHeader]
    /// Nil when there is no body, which is not the same as an empty one.
    public var body: [UInt8]?
    /// For the whole transfer from its submission, waiting for a free connection included.
    public var timeout: Duration
    /// For name lookup, TCP and TLS together.
    public var connectTimeout: Duration
    /// How long nothing may pass over the connection in either direction, for a stream; nil for no limit of its own. While
    /// a reader or an upload's source is what is waited for, it does not run.
    public var idleTimeout: Duration?
    /// Bytes of the answer's body that are taken; a longer answer is an error.
    public var maximumResponseBytes: Int
    /// Nil when every address may be reached.
    public var allowsAddress: AddressCheck?

    /// Describes a request.
    /// - Parameters:
    ///   - method: upper case.
    ///   - url: absolute, http or https.
    ///   - headers: in the order to send.
    ///   - body: nil when there is none.
    ///   - timeout: for the whole transfer.
    ///   - connectTimeout: for name lookup, TCP and TLS together.
    ///   - idleTimeout: for a stream, how long nothing may pass; nil for no limit of its own.
    ///   - maximumResponseBytes: of the answer's body.
    ///   - allowsAddress: nil when every address may be reached.
    public init(
        method: String = "GET",
        url: String,
        headers: [HTTPTransferHeader] = [],
        body: [UInt8]? = nil,
        timeout: Duration = .seconds(30),
        connectTimeout: Duration = .seconds(10),
        idleTimeout: Duration? = nil,
        maximumResponseBytes: Int = 8 << 20,
        allowsAddress: AddressCheck? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.connectTimeout = connectTimeout
        self.idleTimeout = idleTimeout
        self.maximumResponseBytes = maximumResponseBytes
        self.allowsAddress = allowsAddress
    }
}

/// An answer, complete.
public struct HTTPTransferResponse: Sendable, Hashable {
    /// 200…599.
    public var status: Int
    /// In the order they came; trailers at the end.
    public var headers: [HTTPTransferHeader]
    /// As it came: a content coding is not undone.
    public var body: [UInt8]
    /// True when no new connection had to be opened.
    public var reusedConnection: Bool

    /// Describes an answer.
    /// - Parameters:
    ///   - status: 200…599.
    ///   - headers: in the order they came.
    ///   - body: as it came.
    ///   - reusedConnection: whether no new connection had to be opened.
    public init(status: Int, headers: [HTTPTransferHeader], body: [UInt8], reusedConnection: Bool = false) {
        self.status = status
        self.headers = headers
        self.body = body
        self.reusedConnection = reusedConnection
    }

    /// Looks a header up.
    /// - Parameter name: in any case.
    /// - Returns: the value of the first header of this name.
    public func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name.lowercased() == wanted }?.value
    }
}
