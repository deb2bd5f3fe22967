import Domain

/// Why a call fails.
enum DemoFault: Sendable {
    /// The application does not like the request.
    case rejected
    /// The answer's status is fine, its content is an error.
    case hidden
    /// Too many requests.
    case rateLimited
    /// The application is down.
    case unavailable
    /// A gateway gave up waiting.
    case slow
    /// The token is no longer valid.
    case unauthorised

    /// Whether the platform tries again by itself.
    var isRetried: Bool {
        switch self {
        case .rateLimited, .unavailable, .slow: true
        case .rejected, .hidden, .unauthorised: false
        }
    }
}

/// What an application's part needs to know to make up a call.
struct DemoSituation {
    var time: Timestamp
    var user: DemoUser
    var node: DemoNode
    var fault: DemoFault?
    /// The made-up secret of the connection, 40 characters, always the same for a connection.
    var secret: String
}

/// A request and its answer.
struct DemoExchange {
    var method: CallMethod
    var url: String
    var status: Int
    var requestHeaders: [HeaderField]
    var requestBody: String?
    var responseHeaders: [HeaderField] = []
    var responseBody: String?
    var carriesError = false
    var error: CallError?
}

extension DemoExchange {
    /// A request that has no answer yet.
    init(_ method: CallMethod, _ url: String, headers: [HeaderField], body: String? = nil) {
        self.init(method: method, url: url, status: 0, requestHeaders: headers, requestBody: body)
    }

    /// The same request with its answer.
    func answered(
        _ status: Int,
        _ headers: [HeaderField],
        _ body: String?,
        error type: String? = nil,
        _ message: String? = nil,
        carriesError: Bool = false
    ) -> DemoExchange {
        var whole = self
        whole.status = status
        whole.responseHeaders = headers
        whole.responseBody = body
        whole.carriesError = carriesError
        whole.error = type.map { CallError(type: $0, message: message) }
        return whole
    }
}

extension DemoTraffic {
    /// The headers that every request of the platform has.
    mutating func requestHeaders(_ contentType: String?, authorization: String? = nil) -> [HeaderField] {
        var headers: [HeaderField] = []
        headers.reserveCapacity(6)
        if let contentType { headers.append(HeaderField(name: "Content-Type", value: contentType)) }
        headers.append(HeaderField(name: "Accept", value: "application/json"))
        headers.append(HeaderField(name: "User-Agent", value: "FloatchatFlow/5.12 (+https://floatchat.example/bots)"))
        headers.append(HeaderField(name: "X-Request-Id", value: random.uuid()))
        if let authorization { headers.append(HeaderField(name: "Authorization", value: authorization)) }
        return headers
    }

    /// The headers that every answer has, in the order servers tend to send them.
    func responseHeaders(
        _ situation: DemoSituation,
        server: String? = nil,
        type: String = "application/json; charset=utf-8",
        _ more: [(String, String)] = []
    ) -> [HeaderField] {
        var headers: [HeaderField] = []
        headers.reserveCapacity(3 + more.count)
        headers.append(HeaderField(name: "Date", value: situation.time.httpDate))
        headers.append(HeaderField(name: "Content-Type", value: type))
        if let server { headers.append(HeaderField(name: "Server", value: server)) }
        for (name, value) in more { headers.append(HeaderField(name: name, value: value)) }
        return headers
    }

    /// What a gateway in front of an application answers when the application itself does not.
    mutating func gatewayAnswer(_ request: DemoExchange, _ situation: DemoSituation) -> DemoExchange {
        let isSlow = situation.fault == .slow
        let title = isSlow ? "504 Gateway Time-out" : "503 Service Temporarily Unavailable"
        let page = """
            <html>\r\n<head><title>\(title)</title></head>\r\n<body>\r\n<center><h1>\(title)</h1></center>\r\n\
            <hr><center>nginx</center>\r\n<!-- \(random.hex(16)) -->\r\n</body>\r\n</html>\r\n
            """
        return request.answered(
            isSlow ? 504 : 503,
            responseHeaders(situation, server: "nginx", type: "text/html", isSlow ? [] : [("Retry-After", "60")]),
            page,
            error: isSlow ? "timeout" : "provider_down",
            isSlow ? "no answer within 30 s" : "\(situation.node.application.name) is unavailable"
        )
    }

    /// Sentences as the user would write them, none of them twice: each language has more than are ever asked for.
    mutating func text(_ user: DemoUser, _ count: Int) -> String {
        let sentences = user.language.sentences
        var text = ""
        var told: UInt64 = 0
        for index in 0..<count {
            if index > 0 { text += " " }
            var choice = random.below(sentences.count)
            while told & (1 << choice) != 0 { choice = (choice + 1) % sentences.count }
            told |= 1 << choice
            let sentence = sentences[choice]
            text += sentence.before
            switch sentence.gap {
            case .order: text += orderNumber()
            case .product: text += random.pick(DemoSentence.products)
            case .city: text += random.pick(users).city
            case .amount: text += amount() + " €"
            case .date: text += "\(random.number(1...28)).\(random.number(1...12))."
            case .nothing: break
            }
            text += sentence.after
        }
        return text
    }

    mutating func orderNumber() -> String { "#\(random.number(100_000...999_999))" }

    mutating func amount() -> String { random.number(390...38_999).asAmount }
}

extension Timestamp {
    /// The form of HTTP's Date header (RFC 9110, section 5.6.7).
    var httpDate: String {
        let date = day.civil
        let second = Int((microseconds - day.start.microseconds) / 1_000_000)
        // 1970-01-01 was a Thursday.
        let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][Int((day.number % 7 + 7) % 7)]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        return """
            \(weekday), \(date.day.twoDigits) \(months[date.month - 1]) \(date.year) \
            \((second / 3600).twoDigits):\((second / 60 % 60).twoDigits):\((second % 60).twoDigits) GMT
            """
    }

    /// RFC 3339 without fractions of a second.
    var wholeSeconds: String { description.prefix(19) + "Z" }
}

extension Int {
    /// Cents as a decimal number.
    var asAmount: String { "\(self / 100).\((self % 100).twoDigits)" }

    /// With a leading zero below 10.
    var twoDigits: String { self < 10 ? "0\(self)" : "\(self)" }
}
