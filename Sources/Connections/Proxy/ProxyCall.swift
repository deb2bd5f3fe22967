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

/// What the application answered; its body is still to come.
public struct ProxyAnswer: Sendable {
    /// The connection, without its nodes.
    public let connection: Connection
    /// What was called.
    public let url: String
    /// What was sent, credentials included: to be redacted before it is kept.
    public let sentHeaders: [HeaderField]
    /// What was sent as body, as far as it is kept.
    public let sentBody: BodyCapture
    /// 200…599.
    public let status: Int
    /// As the application sent them.
    public let headers: [HeaderField]
    /// The next piece of the body; nil at its end. Throws `Problem` when the application breaks off.
    public let next: @Sendable () async throws -> [UInt8]?
    /// What the answer says about the connection is being written down; nil when it says nothing new.
    let settling: Task<Void, Never>?

    /// Waits until what the answer says about the connection was written down, though not for long: a revoked grant is known
    /// as such when the caller has its answer, unless the application takes its time to confirm it.
    public func settle() async {
        guard let settling else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await settling.value }
            group.addTask { try? await Task.sleep(for: .seconds(3)) }
            await group.next()
            group.cancelAll()
        }
    }
}
