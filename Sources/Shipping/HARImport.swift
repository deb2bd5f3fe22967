/// What a HAR file does not say about its entries.
public struct HARImport: Sendable, Hashable {
    /// The bot that the entries are filed under.
    public var botID: String
    /// Its name.
    public var botName: String?

    /// Names the bot.
    /// - Parameters:
    ///   - botID: the bot that the entries are filed under.
    ///   - botName: its name.
    public init(botID: String = "har-import", botName: String? = "HAR import") {
        self.botID = botID
        self.botName = botName
    }
}
