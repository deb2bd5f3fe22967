import Domain

extension CallLogQuery {
    /// The filters, as the query of a URL names them.
    static let parameters: Set<String> = [
        "status", "method", "code", "bot", "application", "from", "to", "user", "source", "q", "min_duration_ms",
        "connection",
    ]

    /// Reads the filters.
    /// - Throws: `Problem` that names the parameter.
    init(_ parameters: QueryParameters) throws(Problem) {
        self.init()
        let statuses = try parameters.list("status", of: CallStatus.self)
        status = statuses.count == 1 ? statuses.first : nil
        methods = try parameters.list("method", of: CallMethod.self)
        applications = try parameters.list("application", of: Application.self)
        for text in parameters.list("code") { codes.insert(try CodeFilter(text)) }
        bots = Set(parameters.list("bot"))
        users = Set(parameters.list("user"))
        connections = Set(parameters.list("connection"))
        source = parameters["source"]
        text = parameters["q"]
        if let text = parameters["min_duration_ms"] {
            guard let duration = Int32(text), duration >= 0 else {
                throw .parameter("min_duration_ms", "it is a number of milliseconds")
            }
            minimumDuration = duration
        }
        from = try parameters.time("from")
        to = try parameters.time("to")
        // a day as the end of a period includes that day
        if let text = parameters["to"], let day = Day(iso8601: text) { to = day.advanced(by: 1).start }
        if let from, let to, from >= to { throw .parameter("from", "it must lie before to") }
    }
}

extension CallLogQuery.CodeFilter {
    init(_ text: String) throws(Problem) {
        if text.allSatisfy(\.isNumber), let code = Int16(text), (100...599).contains(code) {
            self = .exact(code)
        } else if text.count == 3, text.lowercased().hasSuffix("xx"), let hundreds = Int16(text.prefix(1)),
            (1...5).contains(hundreds)
        {
            self = .family(hundreds)
        } else {
            throw .parameter("code", "\(text.prefix(16)) is neither a code from 100 to 599 nor a class such as 5xx")
        }
    }
}
