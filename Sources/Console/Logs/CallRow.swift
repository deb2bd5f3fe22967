public import Domain
public import Foundation

/// A call in the list.
struct CallRow {
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

    /// Writes the row as an element of the list.
    func write(into list: inout Markup) {
        list.element("li") { item in
            item.own("<a class=\"call\" data-call=\"\(id)\"\(isChosen ? " aria-current=\"true\"" : "")")
            item.attribute("href", path)
            item.own(">")
            item.element("span", ["class": "code \(standing)"]) { span in
                span.element("i", ["class": "icon i-\(standing)"], text: "")
                span.write(code)
                span.element("span", ["class": "unseen"], text: " \(outcome),")
            }
            item.element("span", ["class": "what"]) { span in
                span.element("span", ["class": "verb"], text: method)
                span.element("span", ["class": "monogram", "aria-hidden": "true"], text: monogram)
                span.element("span", ["class": "cut"], text: application)
            }
            time.write(into: &item)
            item.element("span", ["class": "who soft cut"]) { span in
                span.element("bdi", text: bot)
                guard let user else { return }
                span.write(" · ")
                span.element("bdi", text: user)
            }
            item.element("span", ["class": "took soft"], text: duration ?? "")
            item.own("</a>")
        }
    }

    /// Milliseconds as people read them: `812 ms`, `3 812 ms`, `13.4 s`.
    static func words(milliseconds: Int32) -> String {
        guard milliseconds >= 10_000 else { return "\(Int(milliseconds).grouped)\u{A0}ms" }
        let tenths = milliseconds / 100
        return "\(tenths / 10).\(tenths % 10)\u{A0}s"
    }
}

/// The list of calls.
public struct CallList: Component {
    /// Fifty rows of a dozen names each: looked up by a template they took most of the page's time.
    let markup: Markup
    let pagination: Pagination
    let scanned: String?

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
        let zoneName =
            zone.identifier.split(separator: "/").last.map { String($0).replacing("_", with: " ") } ?? "UTC"
        var markup = Markup()
        for (day, rows) in days {
            markup.element("section") { section in
                section.element("h2", ["class": "day"]) { heading in
                    heading.element("span", text: ReaderZone.heading(day, today: zone.day(now)))
                    heading.element("span", ["class": "soft", "data-zone-name": ""], text: zoneName)
                }
                section.element("ol") { list in for row in rows { row.write(into: &list) } }
            }
        }
        self.markup = markup
        pagination = Pagination(
            newer: address["cursor"].isEmpty ? nil : address.restarted.path,
            older: older.map { address.with("cursor", [$0]).path })
        scanned = page.scannedTo.map { "Searched back to \(zone.full($0)). Go on with Older." }
    }

    /// The partial that shows it.
    public static let template = """
        {{{markup}}}
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
