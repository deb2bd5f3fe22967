public import Domain

/// A call that somebody wants made with a connection's credentials.
public struct ProxyCall: Sendable {
    /// The method, upper case.
    public var method: String
    /// Below the application's API URL, escapes included.
    public var path: String
    /// As it came, without `?`; nil when there is none.
    public var query: String?
    /// The caller's headers. What concerns the caller's connection, or proves who they are here, is left out.
    public var headers: [HeaderField]
    /// Gives the body piece by piece; nil when there is none.
    public var body: (@Sendable () async throws -> [UInt8]?)?
    /// Bytes of the body; nil when that is not known beforehand.
    public var length: Int?

    /// Describes a call; see the properties.
    public init(
        method: String, path: String, query: String?, headers: [HeaderField],
        body: (@Sendable () async throws -> [UInt8]?)?, length: Int?
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.length = length
    }
}

/// What was sent to an application.
public struct SentCall: Sendable {
    /// The connection, without its nodes.
    public let connection: Connection
    /// What was called.
    public let url: String
    /// What was sent, credentials included: to be redacted before it is kept.
    public let headers: [HeaderField]
    /// What was sent as body, as far as it is kept.
    public let body: BodyCapture
    /// What must not be kept wherever it stands: the credentials, in each form in which they might be repeated.
    public let secrets: [String]
}

/// No answer came to a call that was sent, or may have been.
public struct Unanswered: Error {
    /// What was sent.
    public let sent: SentCall
    /// What the caller is told.
    public let problem: Problem
}

/// What the application answered; its body is still to come.
public struct ProxyAnswer: Sendable {
    /// What was sent.
    public let sent: SentCall
    /// 200…599.
    public let status: Int
    /// As the application sent them.
    public let headers: [HeaderField]
    /// Bytes of the body; nil when that is not known beforehand.
    public let contentLength: Int?
    /// The next piece of the body; nil at its end. Throws `Problem` when the application breaks off. The call is under way
    /// until this is let go.
    public let next: @Sendable () async throws -> [UInt8]?
}
