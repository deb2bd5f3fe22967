public import Domain
public import Foundation

/// A call in the list.
struct CallRow: ViewModel {
    let path: String
    let id: String
    let isChosen: Bool
    let standing: String
    let code: String
    let outcome: String
    let method: String
    let monogram: String
    let application: String
    let bot: String
    let user: String?
    let duration: String?
    let time: TimeText

    init(_ item: CallLogPage.Item, address: LogAddress, chosen: UUID?, zone: ReaderZone) {
        let log = item.log
        path = address.path(of: log.id)
        id = log.id.uuidString.lowercased()
        isChosen = log.id == chosen
        standing = log.status.rawValue
        code = String(log.statusCode)
        outcome = log.status == .error ? "failed" : "succeeded"
        method = log.method.rawValue
        monogram = log.application.monogram
        application = log.application.name
        bot = (log.bot.name ?? log.bot.id).visible.cut(at: 60)
        user = (log.user?.name ?? log.user?.id)?.visible.cut(at: 60)
        duration = log.durationMilliseconds.map(Self.words)
        time = TimeText(log.occurredAt, .clock, in: zone)
    }

    /// Milliseconds as people read them: `812 ms`, `3.4 s`.
    static func words(milliseconds: Int32) -> String {
        guard milliseconds >= 10_000 else { return "\(milliseconds)\u{A0}ms" }
        let tenths = milliseconds / 100
        return "\(tenths / 10).\(tenths % 10)\u{A0}s"
    }
}

/// The calls of a day, below their heading.
struct CallDay: ViewModel {
    let heading: String
    let rows: [CallRow]
}

/// The list of calls.
public struct CallList: Component {
    let days: [CallDay]
    let pagination: Pagination
    let scanned: String?
    let zone: String

    /// Makes the list.
    /// - Parameters:
    ///   - page: newest first.
    ///   - address: of the list.
    ///   - older: the cursor of the next page.
    ///   - chosen: the call whose report is shown.
    ///   - zone: the reader's.
    ///   - now: tells which day is today.
    public init(
        _ page: CallLogPage, address: LogAddress, older: String?, chosen: UUID?, zone: ReaderZone, now: Timestamp
    ) {
        var days: [(day: Day, rows: [CallRow])] = []
        for item in page.items {
            let day = zone.day(item.log.occurredAt)
            if days.last?.day != day { days.append((day, [])) }
            days[days.count - 1].rows.append(CallRow(item, address: address, chosen: chosen, zone: zone))
        }
        self.days = days.map { CallDay(heading: ReaderZone.heading($0.day, today: zone.day(now)), rows: $0.rows) }
        pagination = Pagination(
            newer: address["cursor"].isEmpty ? nil : address.restarted.path,
            older: older.map { address.with("cursor", [$0]).path })
        scanned = page.scannedTo.map { "Searched back to \(zone.full($0)). Go on with Older." }
        self.zone =
            zone.identifier == "UTC"
            ? "UTC" : zone.identifier.split(separator: "/").last.map { String($0).replacing("_", with: " ") } ?? ""
    }

    /// The partial that shows it.
    public static let template = """
        {{#days}}<section><h2 class="day"><span>{{heading}}</span><span class="soft" data-zone-name>{{zone}}</span></h2><ol>
        {{#rows}}<li><a class="call" href="{{path}}" data-call="{{id}}"{{#isChosen}} aria-current="true"{{/isChosen}}>\
        <span class="code {{standing}}"><i class="icon i-{{standing}}"></i>{{code}}<span class="unseen"> {{outcome}},</span></span>\
        <span class="what"><span class="verb">{{method}}</span><span class="monogram" aria-hidden="true">{{monogram}}</span>\
        <span class="cut">{{application}}</span></span>\
        {{#time}}{{>*partial}}{{/time}}\
        <span class="who soft cut"><bdi>{{bot}}</bdi>{{#user}} · <bdi>{{.}}</bdi>{{/user}}</span>\
        <span class="took soft">{{#duration}}{{.}}{{/duration}}</span></a></li>
        {{/rows}}</ol></section>{{/days}}
        {{#scanned}}<p class="scanned soft">{{.}}</p>{{/scanned}}
        {{#pagination}}{{>*partial}}{{/pagination}}
        """
}

extension Domain.Application {
    /// Two letters that stand for the application where there is little room.
    var monogram: String {
        let words = name.split(separator: " ")
        guard words.count > 1, let first = words[0].first, let second = words[1].first else {
            return String(name.prefix(2)).capitalized
        }
        return (String(first) + String(second)).uppercased()
    }
}
