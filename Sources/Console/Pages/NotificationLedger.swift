public import Domain
public import Foundation

/// What was decided to tell, or not to tell, and why.
public struct NotificationLedger: Sendable {
    /// A decision.
    public struct Line: Sendable {
        /// What it is about.
        public var event: NotificationEvent
        /// How.
        public var medium: NotificationMedium
        /// Whom; empty where it is not about a recipient.
        public var recipient: String
        /// Where it stands.
        public var state: NotificationState
        /// Why.
        public var reason: String
        /// The client's own id of the bot.
        public var botID: String?
        /// The call that it is about.
        public var entryID: UUID?
        /// The connection that it is about.
        public var connectionID: UUID?
        /// When it was decided.
        public var createdAt: Timestamp
        /// Not before this.
        public var dueAt: Timestamp?
        /// When it was taken.
        public var sentAt: Timestamp?
        /// When it was first opened.
        public var openedAt: Timestamp?

        /// Describes a decision; see the properties.
        public init(
            event: NotificationEvent, medium: NotificationMedium, recipient: String, state: NotificationState,
            reason: String, botID: String?, entryID: UUID?, connectionID: UUID?, createdAt: Timestamp,
            dueAt: Timestamp?, sentAt: Timestamp?, openedAt: Timestamp?
        ) {
            self.event = event
            self.medium = medium
            self.recipient = recipient
            self.state = state
            self.reason = reason
            self.botID = botID
            self.entryID = entryID
            self.connectionID = connectionID
            self.createdAt = createdAt
            self.dueAt = dueAt
            self.sentAt = sentAt
            self.openedAt = openedAt
        }
    }

    /// What is filtered.
    public struct Filter: Sendable {
        /// Nil for every state.
        public var state: NotificationState?
        /// Nil for every event.
        public var event: NotificationEvent?
        /// Empty for every bot.
        public var bot: String

        /// Describes a filter; see the properties.
        public init(state: NotificationState?, event: NotificationEvent?, bot: String) {
            self.state = state
            self.event = event
            self.bot = bot
        }

        /// Whether anything is filtered.
        var isSet: Bool { state != nil || event != nil || !bot.isEmpty }

        /// As a query has it.
        public var query: String {
            [
                state.map { "state=" + $0.rawValue }, event.map { "event=" + $0.rawValue },
                bot.isEmpty ? nil : "bot=" + BotsPage.encoded(bot),
            ].compactMap(\.self).joined(separator: "&")
        }
    }

    let lines: [Line]
    let filter: Filter
    let isFirst: Bool
    let older: String?

    /// Puts it together.
    /// - Parameters:
    ///   - lines: newest first.
    ///   - filter: what is filtered.
    ///   - isFirst: whether this is the first page.
    ///   - older: the address of the next page; nil at the end.
    public init(lines: [Line], filter: Filter, isFirst: Bool, older: String?) {
        self.lines = lines
        self.filter = filter
        self.isFirst = isFirst
        self.older = older
    }

    func panel(isEverybodys: Bool, zone: ReaderZone) -> Panel {
        let newer = isFirst ? nil : NotificationsPage.path + "?" + filter.query
        let list: any Component =
            if !lines.isEmpty {
                table(zone)
            } else if filter.isSet || !isFirst {
                EmptyState(
                    "Nothing matches", "Take a filter away to see more.",
                    actions: [LinkButton("Clear all", path: NotificationsPage.path)])
            } else {
                EmptyState(
                    "Nothing was told yet",
                    "When a bot fails for the first time in 24 hours, or a connection breaks, it shows here who was told, "
                        + "who was not, and why.")
            }
        return Panel(
            isEverybodys ? "What was told to whom, and why" : "What was told to you, and why",
            content: [LedgerFilter(filter), list, Pagination(newer: newer, older: older)])
    }

    private func table(_ zone: ReaderZone) -> DataTable {
        DataTable(
            "Notifications", columns: [.init("When"), .init("What"), .init("To"), .init("State"), .init("Why")],
            rows: lines.map { line in
                [
                    .init(TimeText(line.createdAt, in: zone)), .init(Lines(of: what(line))),
                    .init(
                        line.recipient.isEmpty
                            ? Lines(Words(NotificationMedium.none.words, isSoft: true))
                            : Lines(Words(line.recipient), Words(line.medium.words, isSoft: true))),
                    .init(Lines(of: state(line, zone))), .init(Words(Self.words(of: line.reason, zone))),
                ]
            })
    }

    /// A reason as the ledger keeps it, with roles and times as the console words them.
    static func words(of reason: String, _ zone: ReaderZone) -> String {
        let role = "role switched off: "
        if reason.hasPrefix(role), let name = Role(rawValue: String(reason.dropFirst(role.count))) {
            return role + name.words.lowercased()
        }
        return reason.replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/) { match in
            Timestamp(rfc3339: String(match.output.0)).map { zone.full($0) } ?? String(match.output.0)
        }
    }

    private func what(_ line: Line) -> [any Component] {
        var parts: [any Component] = [Words(line.event.words)]
        if let bot = line.botID {
            parts.append(
                line.entryID.map { TextLink(bot.cut(at: 60), path: "/logs/" + $0.uuidString.lowercased()) }
                    ?? Words(bot.cut(at: 60), isSoft: true))
        }
        if let id = line.connectionID {
            parts.append(TextLink("The connection", path: "/connections/" + id.uuidString.lowercased()))
        }
        return parts
    }

    private func state(_ line: Line, _ zone: ReaderZone) -> [any Component] {
        // the day stands in the first column, and mostly is the same
        func form(_ time: Timestamp) -> TimeText.Form {
            zone.day(time) == zone.day(line.createdAt) ? .clock : .full
        }
        var parts: [any Component] = [line.state.badge]
        if let opened = line.openedAt {
            parts.append(Moment("opened", opened, form(opened), in: zone))
        } else if let sent = line.sentAt {
            parts.append(Moment("", sent, form(sent), in: zone))
        } else if line.state == .queued, let due = line.dueAt {
            parts.append(Moment("not before", due, in: zone))
        }
        return parts
    }
}

/// The form that filters the ledger.
struct LedgerFilter: Component {
    let fields: [any Component]
    let isSet: Bool

    init(_ filter: NotificationLedger.Filter) {
        isSet = filter.isSet
        fields = [
            SelectField(
                "state", label: "State",
                options: [.init("", "Any")]
                    + NotificationState.allCases.map { .init($0.rawValue, $0.words, isChosen: $0 == filter.state) }),
            SelectField(
                "event", label: "About",
                options: [.init("", "Anything")]
                    + NotificationEvent.allCases.map { .init($0.rawValue, $0.words, isChosen: $0 == filter.event) }),
            Field("bot", label: "Bot", value: filter.bot, longest: 128),
        ]
    }

    static let template = """
        <form method="get" action="/settings/notifications" class="sieve" role="search" aria-label="Filter notifications">\
        {{#fields}}{{>*partial}}{{/fields}}<button class="button plain">Filter</button>\
        {{#isSet}}<a href="/settings/notifications">Clear all</a>{{/isSet}}</form>
        """
}
