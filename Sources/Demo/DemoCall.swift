public import Domain

/// One call of a chatbot platform to an application, with all that a client reports about it.
public struct DemoCall: Sendable, Hashable {
    /// The client's id of the entry; sent only when asked for.
    public var id: String
    /// When the call was made.
    public var occurredAt: Timestamp
    /// The application called.
    public var application: Application
    /// The bot that called.
    public var bot: BotReference
    /// Where the call came from.
    public var source: CallSource
    /// For whom.
    public var user: EndUser
    /// The request type.
    public var method: CallMethod
    /// The URL called.
    public var url: String
    /// 100…599.
    public var statusCode: Int
    /// Milliseconds the call took.
    public var durationMilliseconds: Int
    /// In the order they were sent; the secrets in them are made up.
    public var requestHeaders: [HeaderField]
    /// Nil when nothing was sent.
    public var requestBody: String?
    /// In the order they came.
    public var responseHeaders: [HeaderField]
    /// Nil when nothing came.
    public var responseBody: String?
    /// True for an answer that looks fine by its status and carries an error.
    public var carriesError: Bool
    /// What went wrong, as the client puts it.
    public var error: CallError?
    /// The connection that was used; nil for applications that need none.
    public var connectionID: String?
    /// 1 for the first try.
    public var attempt: Int

    /// Bytes of both bodies.
    public var bodySize: Int { (requestBody?.utf8.count ?? 0) + (responseBody?.utf8.count ?? 0) }

    /// Whether the call counts as an error.
    public var isError: Bool { statusCode >= 400 || carriesError }
}

extension DemoCall {
    /// Appends the call as one line of NDJSON in the form in which clients send entries, line break included.
    /// - Parameters:
    ///   - bytes: what the line is appended to.
    ///   - includeID: whether the entry carries its id, so that it can be sent again without being stored twice.
    public func appendLine(to bytes: inout [UInt8], includeID: Bool = false) {
        var json = JSONLine(bytes)
        // The caller's array must not stay referenced, or every line would copy it.
        bytes = []
        json.raw("{")
        if includeID { json.member("id", id, first: true) }
        json.member("occurred_at", occurredAt.description, first: !includeID)
        json.member("application", application.rawValue)
        json.raw(",\"bot\":{")
        json.member("id", bot.id, first: true)
        if let name = bot.name { json.member("name", name) }
        json.raw("},\"source\":{")
        append(source, to: &json)
        json.raw("},\"user\":{")
        json.member("id", user.id ?? "", first: true)
        if let name = user.name { json.member("name", name) }
        json.raw("}")
        json.member("method", method.rawValue)
        json.member("url", url)
        json.member("status_code", statusCode)
        json.member("duration_ms", durationMilliseconds)
        append("request", requestHeaders, requestBody, to: &json)
        append("response", responseHeaders, responseBody, to: &json)
        if isError { json.member("outcome", "error") }
        if let error {
            json.raw(",\"error\":{")
            json.member("type", error.type ?? "", first: true)
            if let message = error.message { json.member("message", message) }
            json.raw("}")
        }
        if let connectionID { json.member("connection_id", connectionID) }
        json.member("attempt", attempt)
        json.raw("}\n")
        bytes = json.bytes
    }

    private func append(_ source: CallSource, to json: inout JSONLine) {
        switch source {
        case .flow(let path, let nodeID):
            json.member("type", "flow", first: true)
            if let path { json.member("path", path) }
            if let nodeID { json.member("node_id", nodeID) }
        case .inbox(let agentName, let agentEmail):
            json.member("type", "inbox", first: true)
            json.raw(",\"agent\":{")
            json.member("name", agentName ?? "", first: true)
            if let agentEmail { json.member("email", agentEmail) }
            json.raw("}")
        }
    }

    private func append(_ side: StaticString, _ headers: [HeaderField], _ body: String?, to json: inout JSONLine) {
        json.raw(",")
        json.name(side)
        json.raw("{\"headers\":{")
        for (index, header) in headers.enumerated() {
            if index > 0 { json.raw(",") }
            json.string(header.name)
            json.raw(":")
            json.string(header.value)
        }
        json.raw("}")
        if let body { json.member("body", body) }
        json.raw("}")
    }
}
