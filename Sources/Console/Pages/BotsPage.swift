public import Domain
import Foundation

/// The bots, and how their calls went in the last 24 hours.
public enum BotsPage {
    /// A bot and its calls.
    public struct Row: Sendable {
        /// The bot.
        public var bot: Bot
        /// Its calls of the last 24 hours; nil when they were not counted.
        public var calls: Usage.Calls?

        /// Describes a row; see the properties.
        public init(bot: Bot, calls: Usage.Calls?) {
            self.bot = bot
            self.calls = calls
        }
    }

    /// What stands in the page.
    /// - Parameters:
    ///   - rows: a page of bots, in the order of their ids.
    ///   - isFirst: whether this is the first page.
    ///   - next: the address of the next page; nil at the end.
    public static func content(_ rows: [Row], isFirst: Bool, next: String?) -> [any Component] {
        let head = PageHead("Bots", lead: "Bots register themselves by their first call.")
        guard !rows.isEmpty else {
            let words =
                isFirst
                ? "A bot shows here once the first of its calls is sent in. The logs say how to send one."
                : "This was the last page."
            return [head, EmptyState("No bots here", words, actions: [LinkButton("To the logs", path: "/logs")])]
        }
        let table = DataTable(
            "Bots",
            columns: [
                .init("Bot"), .init("Calls in 24 h", isNumber: true), .init("Failed in 24 h", isNumber: true),
                .init("Links to its flows"), .init(""),
            ],
            rows: rows.map { row in
                let bot = row.bot
                let name: [any Component] =
                    [TextLink(bot.shownName.cut(at: 80), path: logs(bot.id))]
                    + (bot.name.isEmpty || bot.name == bot.id ? [] : [Words(bot.id.cut(at: 80), isSoft: true)])
                return [
                    .init(Lines(of: name)), .init(Words(row.calls?.entries.grouped ?? "–")), .init(errors(row)),
                    .init(
                        Words(
                            bot.sourceURLTemplate.map { $0.cut(at: 60) } ?? "none", isSoft: bot.sourceURLTemplate == nil
                        )),
                    .init(
                        ActionRow([
                            LinkButton("Logs", path: logs(bot.id)), LinkButton("Edit", path: edit(bot.id)),
                        ])),
                ]
            })
        return [
            head, table,
            Paging(back: isFirst ? nil : "/bots", next: next),
        ]
    }

    private static func errors(_ row: Row) -> any Component {
        guard let calls = row.calls else { return Words("–") }
        guard calls.errors > 0 else { return Words("0", isSoft: true) }
        return TextLink(
            calls.errors.grouped + " (" + UsagePage.share(calls) + ")",
            path: "/logs?period=24h&status=error&bot=" + encoded(row.bot.id))
    }

    static func logs(_ id: String) -> String { "/logs?bot=" + encoded(id) }

    /// Where a bot is changed. Its id stands in the query: as a part of the path some ids would lead elsewhere.
    public static func edit(_ id: String) -> String { "/bots/edit?bot=" + encoded(id) }

    static func encoded(_ text: String) -> String {
        var plain = CharacterSet(charactersIn: "-._~")
        plain.insert(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        return text.addingPercentEncoding(withAllowedCharacters: plain) ?? ""
    }
}

extension Bot {
    /// As people read it.
    public var shownName: String { name.isEmpty ? id : name }
}

/// Links to neighbouring pages of a list that is in no order of time.
struct Paging: Component {
    let back: String?
    let next: String?
    let isNeeded: Bool

    init(back: String?, next: String?) {
        self.back = back
        self.next = next
        isNeeded = back != nil || next != nil
    }

    static let template = """
        {{#isNeeded}}<nav class="pagination" aria-label="Pages">\
        {{#back}}<a class="button plain" href="{{.}}">To the first page</a>{{/back}}\
        {{#next}}<a class="button plain" rel="next" href="{{.}}">Next page</a>{{/next}}</nav>{{/isNeeded}}
        """
}
