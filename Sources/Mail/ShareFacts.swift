public import Domain

/// What the mail with a share's link says. It carries no headers, no bodies and no secrets of the call.
public struct ShareFacts: Sendable {
    /// The call, as far as a mail may tell of it.
    public struct Call: Sendable {
        /// The application's name.
        public var applicationName: String
        /// 100…599.
        public var statusCode: Int
        /// Whether it did not do what the bot wanted.
        public var isError: Bool
        /// When it was made.
        public var occurredAt: Timestamp
        /// The request type.
        public var method: String
        /// Host and path of the URL. What begins a query or a fragment is cut off here too.
        public var urlHost: String
        /// The bot's name, or its id.
        public var bot: String

        /// Puts it together; see the properties.
        public init(
            applicationName: String, statusCode: Int, isError: Bool, occurredAt: Timestamp, method: String,
            urlHost: String, bot: String
        ) {
            self.applicationName = applicationName
            self.statusCode = statusCode
            self.isError = isError
            self.occurredAt = occurredAt
            self.method = method
            self.urlHost = urlHost
            self.bot = bot
        }
    }

    /// The tenant's name.
    public var tenantName: String
    /// Whoever shared it; may be empty.
    public var sharerName: String
    /// Their address: answers go there.
    public var sharer: EmailAddress
    /// What they wrote.
    public var message: String?
    /// The call; nil when only who knows a passphrase may learn of it.
    public var call: Call?
    /// Where the call is shown: a secret.
    public var link: String
    /// When the link ends.
    public var expiresAt: Timestamp
    /// A picture of one dot, whose loading tells that the mail was opened.
    public var pixelURL: String?

    /// Puts the facts together; see the properties.
    public init(
        tenantName: String, sharerName: String, sharer: EmailAddress, message: String?, call: Call?, link: String,
        expiresAt: Timestamp, pixelURL: String?
    ) {
        self.tenantName = tenantName
        self.sharerName = sharerName
        self.sharer = sharer
        self.message = message
        self.call = call
        self.link = link
        self.expiresAt = expiresAt
        self.pixelURL = pixelURL
    }
}
