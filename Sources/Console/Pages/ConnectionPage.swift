public import Domain
public import Foundation

/// A connection: how it is and why, what is hit, what can be done about it.
public struct ConnectionPage: Sendable {
    /// As it is now.
    public var connection: Connection
    /// What is hit; nil when nothing is.
    public var impact: ConnectionImpact?
    /// What happened to it, newest first.
    public var events: [ConnectionEvent]
    /// Names of people, by id.
    public var people: [UUID: String]
    /// What is typed in for it.
    public var credentials: [CredentialInput]
    /// Whether the reader may authorise and check it.
    public var mayReauthorise: Bool
    /// Whether the reader may change it.
    public var mayManage: Bool
    /// Whether all nodes are shown, however many there are.
    public var showsAllNodes: Bool
    /// What was sent and can't be used.
    public var refused: RefusedForm?

    /// Nodes that are shown unless all are asked for.
    static let shownNodes = 50

    /// Puts a page together; see the properties.
    public init(
        connection: Connection, impact: ConnectionImpact?, events: [ConnectionEvent], people: [UUID: String],
        credentials: [CredentialInput], mayReauthorise: Bool, mayManage: Bool, showsAllNodes: Bool,
        refused: RefusedForm? = nil
    ) {
        self.connection = connection
        self.impact = impact
        self.events = events
        self.people = people
        self.credentials = credentials
        self.mayReauthorise = mayReauthorise
        self.mayManage = mayManage
        self.showsAllNodes = showsAllNodes
        self.refused = refused
    }

    /// What stands in the page.
    /// - Parameter zone: the reader's.
    public func content(zone: ReaderZone) -> [any Component] {
        var first: [any Component] = [Situation(self, zone: zone)]
        if let hit = hit(zone) { first.append(hit) }
        first += [nodes, history(zone)]
        return [
            BackLink("Connections", path: "/connections"),
            PageHead(connection.name, lead: connection.application.name, actions: actions),
            Columns(first, [facts(zone)] + settings),
        ]
    }

    private var isOff: Bool { connection.health.state == .disabled }

    private var actions: [any Component] {
        guard mayReauthorise, !isOff else { return [] }
        let check = Form(action: connection.path + "/check", fields: [], buttons: [Button("Check now", kind: .plain)])
        // where it is the cure it stands beside what is wrong
        let isLoud = connection.health.state == .needsReauth
        return connection.auth == .oauth2 && !isLoud ? [reauthorise(.plain), check] : [check]
    }

    func reauthorise(_ kind: ButtonKind) -> Form {
        Form(
            action: connection.path + "/reauthorise", fields: [],
            buttons: [Button("Reauthorise \(connection.application.name)", kind: kind)])
    }

    private func hit(_ zone: ReaderZone) -> Panel? {
        guard let impact else { return nil }
        let atLeast = impact.isLowerBound ? "at least " : ""
        guard impact.failedCalls > 0 else {
            return Panel(
                "What is hit", content: [Paragraph("No call has failed since then.", isSoft: true)])
        }
        let figures = Figures([
            .init(
                "Failed calls", atLeast + impact.failedCalls.grouped, standing: .error, path: connection.failedCallsPath
            ),
            .init("Bots", impact.bots.count.grouped), .init("End users", atLeast + impact.users.grouped),
        ])
        let table = DataTable(
            "Bots whose calls failed", columns: [.init("Bot"), .init("Failed calls", isNumber: true)],
            rows: impact.bots.prefix(20).map { bot in
                [
                    .init(
                        TextLink(
                            (bot.name.isEmpty ? bot.id : bot.name).cut(at: 80),
                            path: connection.failedCallsPath + "&bot=" + BotsPage.encoded(bot.id))),
                    .init(Words(bot.failedCalls.grouped)),
                ]
            })
        var content: [any Component] = [figures, table]
        if impact.bots.count > 20 {
            content.append(
                Paragraph(
                    "And \((impact.bots.count - 20).grouped) more \(impact.bots.count == 21 ? "bot" : "bots").",
                    isSoft: true))
        }
        return Panel("What is hit", content: content)
    }

    private func facts(_ zone: ReaderZone) -> Panel {
        let health = connection.health
        var facts: [Facts.Fact] = [
            .init("Application", ApplicationName(connection.application)),
            .init("Proves who calls by", Words(connection.auth.words)),
        ]
        if let account = connection.account { facts.append(.init("Account", Words(account))) }
        facts.append(.init("Last check", ConnectionsPage.moment(health.lastCheckedAt, zone)))
        facts.append(.init("Last success", ConnectionsPage.moment(health.lastOKAt, zone)))
        if let next = connection.nextCheckAt { facts.append(.init("Next check", TimeText(next, in: zone))) }
        if let expires = connection.expiresAt {
            facts.append(.init("Access token runs out", TimeText(expires, in: zone)))
        }
        if let authorised = connection.authorisedAt {
            facts.append(.init("Authorised", TimeText(authorised, in: zone)))
        }
        for (name, value) in connection.settings.sorted(by: { $0.key < $1.key }) {
            facts.append(.init(fieldWords(name), Words(value)))
        }
        facts.append(.init("Made", TimeText(connection.createdAt, in: zone)))
        return Panel("Facts", content: [Facts(facts)])
    }

    private func history(_ zone: ReaderZone) -> Panel {
        Panel(
            "History",
            content: [
                DataTable(
                    "What happened to it", columns: [.init("When"), .init("What"), .init("By")],
                    rows: events.map { event in
                        let what: [any Component] =
                            [event.kind.badge] + (event.detail.map { [Words($0, isSoft: true)] } ?? [])
                        let who = event.userID.map { people[$0] ?? "somebody who has left" }
                        return [
                            .init(TimeText(event.at, in: zone)), .init(Lines(of: what)),
                            .init(Words(who ?? "by itself", isSoft: who == nil)),
                        ]
                    })
            ])
    }
}

/// What a person sent that can't be used: it is shown again as it was, with what is wrong.
public struct RefusedForm: Sendable {
    private let values: [String: String]
    private let errors: [String: String]
    /// What is wrong with all of it together.
    public let words: String?
    /// Which form of a page it is.
    public let name: String

    /// Describes it.
    /// - Parameters:
    ///   - name: which form of a page it is.
    ///   - values: what was sent, by field.
    ///   - errors: what is wrong, by field.
    ///   - words: what is wrong with all of it together.
    public init(_ name: String = "", values: [String: String], errors: [String: String], words: String?) {
        self.name = name
        self.values = values
        self.errors = errors
        self.words = words
    }

    /// What was sent in a field.
    public func value(_ field: String) -> String { values[field] ?? "" }

    /// Whether a field was sent.
    public func has(_ field: String) -> Bool { values[field] != nil }

    /// What is wrong with a field.
    public func error(_ field: String) -> String? { errors[field] }
}
