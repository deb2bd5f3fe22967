public import Domain

/// What the mail about a bot's first error says. It carries links, no bodies and no secrets.
public struct FirstErrorFacts: Sendable {
    /// How the cycle before went.
    public struct Previous: Sendable {
        /// Errors that followed its mail and were counted only.
        public var errors: Int
        /// When its mail was sent.
        public var since: Timestamp
        /// When it ended.
        public var until: Timestamp
        /// When calls began to succeed again; nil when that is not known.
        public var recoveredAt: Timestamp?

        /// Puts it together; see the properties.
        public init(errors: Int, since: Timestamp, until: Timestamp, recoveredAt: Timestamp? = nil) {
            self.errors = errors
            self.since = since
            self.until = until
            self.recoveredAt = recoveredAt
        }
    }

    /// The tenant's name.
    public var tenantName: String
    /// The client's own id of the bot.
    public var botID: String
    /// The name that people read.
    public var botName: String?
    /// The application's name.
    public var applicationName: String
    /// 100…599.
    public var statusCode: Int
    /// What the client said went wrong, redacted; cut at 300 characters here.
    public var errorMessage: String?
    /// What the code means and what to do; `StatusReading` makes it.
    public var reading: String
    /// When the call was made.
    public var occurredAt: Timestamp
    /// Where in the bot the call was made, or the agent's name.
    public var sourceLabel: String?
    /// The request type.
    public var method: String
    /// Host and path of the URL. What begins a query or a fragment is cut off here too.
    public var urlHost: String
    /// Milliseconds the call took.
    public var durationMilliseconds: Int?
    /// The entry's page.
    public var entryURL: String
    /// The page of the bot's calls.
    public var botLogsURL: String
    /// Until when further errors are only counted.
    public var cycleUntil: Timestamp
    /// The cycle before; nil when there was none.
    public var previous: Previous?
    /// Where the reader sets what they get.
    public var settingsURL: String
    /// Where one click ends these mails (RFC 8058).
    public var unsubscribeURL: String?
    /// A picture of one dot, whose loading tells that the mail was opened.
    public var pixelURL: String?

    /// Puts the facts together; see the properties.
    public init(
        tenantName: String, botID: String, botName: String? = nil, applicationName: String, statusCode: Int,
        errorMessage: String? = nil, reading: String, occurredAt: Timestamp, sourceLabel: String? = nil,
        method: String, urlHost: String, durationMilliseconds: Int? = nil, entryURL: String, botLogsURL: String,
        cycleUntil: Timestamp, previous: Previous? = nil, settingsURL: String, unsubscribeURL: String? = nil,
        pixelURL: String? = nil
    ) {
        self.tenantName = tenantName
        self.botID = botID
        self.botName = botName
        self.applicationName = applicationName
        self.statusCode = statusCode
        self.errorMessage = errorMessage
        self.reading = reading
        self.occurredAt = occurredAt
        self.sourceLabel = sourceLabel
        self.method = method
        self.urlHost = urlHost
        self.durationMilliseconds = durationMilliseconds
        self.entryURL = entryURL
        self.botLogsURL = botLogsURL
        self.cycleUntil = cycleUntil
        self.previous = previous
        self.settingsURL = settingsURL
        self.unsubscribeURL = unsubscribeURL
        self.pixelURL = pixelURL
    }
}
