/// The 24 hours that a bot's first error opens: it is told of once, what follows is counted.
public struct ErrorCycle: Sendable, Hashable {
    /// Seconds a cycle lasts.
    public static let seconds: Int64 = 86_400

    /// When it was opened.
    public var openedAt: Timestamp
    /// Until when further errors are not told of.
    public var until: Timestamp

    /// A cycle.
    /// - Parameters:
    ///   - openedAt: when it was opened.
    ///   - until: until when further errors are not told of.
    public init(openedAt: Timestamp, until: Timestamp) {
        self.openedAt = openedAt
        self.until = until
    }

    /// Whether an error may open a cycle: one that is older than a cycle is no news.
    /// - Parameters:
    ///   - occurredAt: when the error happened.
    ///   - now: by `app_now()`.
    public static func mayOpen(occurredAt: Timestamp, now: Timestamp) -> Bool {
        occurredAt > now.advanced(bySeconds: -seconds)
    }

    /// What the ledger calls a cycle of a bot.
    /// - Parameters:
    ///   - botKey: the bot.
    ///   - openedAt: when the cycle was opened.
    public static func subjectKey(botKey: Int32, openedAt: Timestamp) -> String {
        "first_error:\(botKey):\(openedAt.microseconds)"
    }
}
