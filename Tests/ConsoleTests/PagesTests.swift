import Domain
import Foundation
import Testing

@testable import Console

/// The pages of connections, notifications, bots and usage, with texts of somebody else's wherever one can stand.
@Suite struct PagesTests {
    private static let hostile = "<script>alert(1)</script>\"' {{title}} {{{title}}} \u{202E}evil"
    private static let now = Timestamp(microseconds: 1_795_000_000_000_000)

    private static func connection(_ state: ConnectionState, _ auth: ConnectionAuth = .oauth2) -> Connection {
        Connection(
            id: UUID(), name: hostile, application: .zendesk, auth: auth,
            health: ConnectionHealth(state: state, reason: hostile, since: now), settings: [hostile: hostile],
            account: hostile, expiresAt: now, nextCheckAt: now, authorisedAt: now, createdAt: now,
            nodes: [ConnectionNode(botID: hostile, nodeID: hostile, path: hostile)])
    }

    private static func page(_ connection: Connection, mayManage: Bool = true) -> [any Component] {
        let bot = ConnectionImpact.Bot(id: hostile, name: hostile, failedCalls: 3)
        return ConnectionPage(
            connection: connection,
            impact: ConnectionImpact(since: now, failedCalls: 3, bots: [bot], users: 2, isLowerBound: true),
            events: [ConnectionEvent(.broken, at: now, detail: hostile, userID: UUID())], people: [:],
            credentials: [.init(name: "api_key", description: hostile, isRequired: true, isSecret: true)],
            mayReauthorise: true, mayManage: mayManage, showsAllNodes: false,
            refused: RefusedForm(
                "credentials", values: ["credentials.api_key": "s3cret"], errors: ["credentials.api_key": hostile],
                words: hostile)
        ).content(zone: .utc)
    }

    private static func html(_ content: [any Component]) -> String {
        ConsoleTemplates.render(Lines(of: content))
    }

    private static var everyPage: [[any Component]] {
        let broken = connection(.needsReauth)
        let channel = NotificationChannel(
            id: UUID(), kind: .webhook, name: hostile, origin: hostile, events: [.firstError], failures: 2,
            failingSince: now, lastOKAt: now, disabledAt: nil, disabledReason: nil, createdBy: nil, createdAt: now)
        let line = NotificationLedger.Line(
            event: .firstError, medium: .mail, recipient: hostile, state: .sent, reason: hostile, botID: hostile,
            entryID: UUID(), connectionID: UUID(), createdAt: now, dueAt: nil, sentAt: now, openedAt: now)
        let bot = Bot(id: hostile, name: hostile, sourceURLTemplate: "javascript:" + hostile, createdAt: now)
        let calls = Usage.Calls(entries: 20, errors: 3)
        let usage = Usage(
            days: [.init(day: now.day, calls: calls, bodies: .init(storedBytes: 10, rawBytes: 20))], total: calls,
            botsTotal: 1, failingBots: [.init(value: hostile, name: hostile, calls: calls)], failingApplications: [],
            recentDurations: [.init(application: .zendesk, calls: 3, median: 20, percentile95: 30_000)],
            scannedTo: now)
        return [
            ChannelPage.content(channel, refused: nil),
            ChannelPage.content(
                channel,
                refused: RefusedForm("channel", values: ["name": hostile], errors: ["url": hostile], words: hostile)),
            ConnectionsPage.content(
                .init(connections: [broken], broken: [broken], state: nil, isFirst: true, older: "/x"),
                mayManage: true, zone: .utc),
            page(broken), NewConnectionPage.choice([.init(application: .zendesk, ways: [.oauth2, .basic])]),
            NewConnectionPage.form(
                .init(application: .zendesk, ways: [.oauth2, .basic]), .basic,
                [.init(name: "email", description: hostile, isRequired: true, isSecret: false)],
                refused: RefusedForm("", values: ["name": hostile], errors: ["name": hostile], words: hostile)),
            NotificationsPage(
                preferences: .usual, tenant: .init(settings: .usual, channels: [channel], zones: ["UTC", hostile]),
                ledger: .init(
                    lines: [line], filter: .init(state: .sent, event: nil, bot: hostile), isFirst: false, older: "/x"),
                refused: RefusedForm("channel", values: ["name": hostile], errors: ["url": hostile], words: hostile)
            ).content(zone: .utc),
            SecretPage.content(channel: hostile, secret: hostile),
            BotsPage.content([.init(bot: bot, calls: calls)], isFirst: false, next: "/x"),
            BotPage.content(bot, refused: nil), UsagePage.content(usage, days: 30, choices: [7, 30]),
            ArrivalPage.authorised(broken, isHealthy: false, reason: hostile, attached: nil),
            ArrivalPage.refused(.zendesk, hostile),
        ]
    }

    @Test func storedMarkupIsText() {
        for content in Self.everyPage {
            let html = Self.html(content)
            #expect(!html.isEmpty && !html.contains("<script") && !html.contains("href=\"javascript"))
            let seen = html.replacing(/value="[^"]*"/, with: "")
            let override: Unicode.Scalar = "\u{202E}"
            #expect(!seen.unicodeScalars.contains(override))
        }
    }

    @Test func secretsAreNeverShownAgain() {
        #expect(!Self.html(Self.page(Self.connection(.needsReauth, .apiKey))).contains("s3cret"))
    }

    @Test func theCureStandsWhereItIsNeeded() {
        let button = ">Reauthorise Zendesk<"
        #expect(Self.html(Self.page(Self.connection(.needsReauth))).components(separatedBy: button).count == 2)
        #expect(Self.html(Self.page(Self.connection(.healthy))).components(separatedBy: button).count == 2)
        #expect(!Self.html(Self.page(Self.connection(.disabled))).contains(button))
        #expect(!Self.html(Self.page(Self.connection(.needsReauth, .apiKey))).contains(button))
        #expect(!Self.html(Self.page(Self.connection(.healthy), mayManage: false)).contains("Delete connection"))
    }

    @Test(arguments: [
        (0, 0, "0 %"), (5, 0, "0 %"), (5, 5, "100 %"), (1000, 999, "99 %"), (10_000, 1, "under 0.1 %"),
        (1000, 62, "6.2 %"), (4, 1, "25 %"), (7, 2, "29 %"),
    ]) func sharesAreHonest(entries: Int, errors: Int, words: String) {
        #expect(UsagePage.share(.init(entries: entries, errors: errors)) == words)
    }

    @Test(arguments: [
        (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1_048_575, "1023 KiB"), (1_048_576, "1.0 MiB"),
        (150 << 20, "150 MiB"), (3 << 40, "3.0 TiB"),
    ]) func bytesAreRead(count: Int, words: String) {
        #expect(UsagePage.bytes(count) == words)
    }

    @Test func thePlotSaysWhatItShows() {
        let days = (0..<3).map { DayPlot.Bar(day: Day(number: $0), good: Int($0) * 10, bad: 1, words: "\($0)") }
        let html = ConsoleTemplates.render(
            DayPlot(title: "Calls", days: days, unit: { "\($0) calls" }, legend: [.init("Failed", "bad")]))
        #expect(html.contains("<title id=\"plot-title\">Calls</title>") && html.contains("40 calls"))
        #expect(html.contains("most on 3 Jan 1970: 2"))
    }

    @Test func reasonsAreWordedForPeople() {
        func words(_ reason: String) -> String { NotificationLedger.words(of: reason, ReaderZone("Europe/Berlin")) }
        #expect(words("role switched off: bot_builder") == "role switched off: bot builder")
        #expect(words("role switched off: janitor") == "role switched off: janitor")
        #expect(
            words("cycle of 2026-11-21T13:57:06.360687Z open until 2026-11-22T13:57:06Z")
                == "cycle of 21 Nov 2026, 14:57:06 open until 22 Nov 2026, 14:57:06")
        #expect(words("250 OK 2026-11-21T99:57:06Z") == "250 OK 2026-11-21T99:57:06Z")
    }
}
