public import Foundation

/// What a message about a bot's first error says; kept with each line of the ledger, so that a retry says the same.
public struct FirstErrorNews: Codable, Sendable, Hashable {
    /// The tenant's name.
    public var tenantName: String
    /// The client's own id of the bot.
    public var botID: String
    /// The name that people read.
    public var botName: String?
    /// A key of the catalogue.
    public var application: String
    /// The application's name.
    public var applicationName: String
    /// 100…599.
    public var statusCode: Int
    /// What the client said went wrong, redacted and cut.
    public var errorMessage: String?
    /// What the client's word for the error is.
    public var errorType: String?
    /// What the code means and what to do.
    public var reading: String
    /// RFC 3339.
    public var occurredAt: String
    /// Where in the bot the call was made, or the agent's name.
    public var source: String?
    /// The request type.
    public var method: String
    /// Host and path of the URL: no query, no user.
    public var urlHost: String
    /// Milliseconds the call took.
    public var durationMs: Int?
    /// The entry.
    public var entryID: UUID
    /// Where the entry is shown.
    public var entryURL: String
    /// Where the bot's calls are listed.
    public var botLogsURL: String
    /// Until when further errors are only counted; RFC 3339.
    public var cycleUntil: String
    /// Errors that followed in the cycle before; nil when there was none.
    public var previousErrors: Int?
    /// When the cycle before was opened; RFC 3339.
    public var previousSince: String?
    /// When the cycle before ended; RFC 3339.
    public var previousUntil: String?
    /// Since when calls of the bot had succeeded again before this error; RFC 3339.
    public var recoveredAt: String?

    /// The members' names in JSON.
    public enum CodingKeys: String, CodingKey {
        case tenantName = "tenant_name"
        case botID = "bot_id"
        case botName = "bot_name"
        case application
        case applicationName = "application_name"
        case statusCode = "status_code"
        case errorMessage = "error_message"
        case errorType = "error_type"
        case reading
        case occurredAt = "occurred_at"
        case source
        case method
        case urlHost = "url_host"
        case durationMs = "duration_ms"
        case entryID = "entry_id"
        case entryURL = "entry_url"
        case botLogsURL = "bot_logs_url"
        case cycleUntil = "cycle_until"
        case previousErrors = "previous_errors"
        case previousSince = "previous_since"
        case previousUntil = "previous_until"
        case recoveredAt = "recovered_at"
    }

    /// Puts the news together.
    /// - Parameters:
    ///   - log: the error.
    ///   - tenantName: whose bot.
    ///   - reading: what the code means and what to do.
    ///   - cycle: the cycle that it opened.
    ///   - links: where people read more.
    public init(_ log: CallLog, tenantName: String, reading: String, cycle: ErrorCycle, links: PublicLinks) {
        self.tenantName = tenantName
        botID = log.bot.id
        botName = log.bot.name
        application = log.application.rawValue
        applicationName = log.application.name
        statusCode = Int(log.statusCode)
        errorMessage = log.error?.message.map { String($0.prefix(300)) }
        errorType = log.error?.type
        self.reading = reading
        occurredAt = log.occurredAt.description
        source =
            switch log.source {
            case .flow(let path, let nodeID): path ?? nodeID
            case .inbox(let name, let email): name ?? email
            case nil: nil
            }
        method = log.method.rawValue
        urlHost = Self.hostAndPath(log.url)
        durationMs = log.durationMilliseconds.map(Int.init)
        entryID = log.id
        entryURL = links.entry(log.id)
        botLogsURL = links.calls(ofBot: log.bot.id)
        cycleUntil = cycle.until.description
    }

    /// A URL without scheme, user, query and fragment: where secrets travel.
    ///
    /// By bytes: to Swift a "?" with an accent on it is another character. What is no URL as it should be loses all before its
    /// last "@", rather than to show somebody's password.
    static func hostAndPath(_ url: String) -> String {
        var rest = url.utf8.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        let slash = UInt8(ascii: "/")
        if let colon = rest.firstIndex(of: UInt8(ascii: ":")), rest[rest.index(after: colon)...].first == slash {
            rest = rest[rest.index(after: colon)...]
        }
        rest = rest.drop { $0 == slash }
        let host = rest.prefix { $0 != slash }
        if let user = host.lastIndex(of: UInt8(ascii: "@")) { rest = rest[rest.index(after: user)...] }
        return String(String(decoding: rest, as: UTF8.self).prefix(200))
    }
}
