public import Domain
import Foundation

/// The entries of the audit log, newest first, below their days; each opens to all its fields.
public struct AuditList: Component {
    /// A day's entries.
    struct OneDay: ViewModel {
        let heading: String
        let rows: [Entry]
    }

    /// An entry.
    struct Entry: ViewModel {
        let time: TimeText
        let parts: [AuditSentence.Part]
        let standing: String
        let icon: String
        let code: String
        let fields: [Field]
        let links: [TextLink]
        let hasLinks: Bool
        let data: String?
    }

    /// A field of an entry.
    struct Field: ViewModel {
        let name: String
        let value: String
    }

    let days: [OneDay]
    let scanned: String?
    let pagination: Pagination
    let zone: String

    /// Makes the list.
    /// - Parameters:
    ///   - page: newest first.
    ///   - address: of the list.
    ///   - older: the cursor of the next page; nil at the end.
    ///   - now: tells which day is today.
    ///   - zone: the reader's.
    public init(_ page: AuditPage<AuditEntry>, address: AuditAddress, older: String?, now: Timestamp, zone: ReaderZone)
    {
        var days: [(day: Day, rows: [Entry])] = []
        for entry in page.entries {
            let day = zone.day(entry.content.occurredAt)
            if days.last?.day != day { days.append((day, [])) }
            days[days.count - 1].rows.append(Self.row(entry, address, zone))
        }
        self.days = days.map { OneDay(heading: ReaderZone.heading($0.day, today: zone.day(now)), rows: $0.rows) }
        scanned = page.scannedTo.map { "Searched back to \(zone.full($0)). Go on with Older." }
        pagination = Pagination(newer: address.newer?.path, older: older.map { address.older($0).path })
        self.zone = zone.identifier.split(separator: "/").last.map { String($0).replacing("_", with: " ") } ?? ""
    }

    private static func row(_ entry: AuditEntry, _ address: AuditAddress, _ zone: ReaderZone) -> Entry {
        let content = entry.content
        let (standing, icon) = look(content)
        let links = links(content, address)
        return Entry(
            time: TimeText(content.occurredAt, .clock, in: zone), parts: AuditSentence(entry).parts,
            standing: standing.rawValue, icon: icon, code: content.code.rawValue, fields: fields(entry), links: links,
            hasLinks: !links.isEmpty, data: content.data.map { $0.revealed })
    }

    private static func look(_ content: NewAuditEntry) -> (Standing, String) {
        if let status = content.status, status >= 400 { return (.error, "error") }
        switch content.code {
        case .loginFailed: return (.warning, "warning")
        case .loginSucceeded: return (.success, "success")
        case .entityDeleted: return (.warning, "close")
        case .entityCreated, .entityUpdated: return (.success, "audit")
        case .shareCall, .mediaDownloaded, .pageLoaded, .urlOpened, .requestSent, .emailOpened:
            return (.neutral, "shares")
        case .apiCall: return (.neutral, content.apiKeyID == nil ? "neutral" : "keys")
        }
    }

    private static func fields(_ entry: AuditEntry) -> [Field] {
        let content = entry.content
        let all: [(String, String?)] = [
            ("Code", "\(content.code.rawValue): \(content.code.sentence)"),
            ("Time (UTC)", content.occurredAt.withMicroseconds), ("By", content.sender),
            ("Person", content.userID?.uuidString.lowercased()),
            ("API key", content.apiKeyID?.uuidString.lowercased()), ("Address", content.remoteAddress),
            ("Method", content.method), ("Path", content.path), ("Answer", content.status.map { String($0) }),
            ("Content type", content.contentType), ("About", content.relatedModel), ("Id", content.relationKey),
            ("Value", content.value), ("Request", content.requestID), ("Entry", content.id.uuidString.lowercased()),
            ("Number", String(entry.seq)),
            ("Personal parts", entry.isErased ? "Erased" : nil), ("Archive", entry.isRestored ? "Brought back" : nil),
        ]
        return all.compactMap { name, value in
            value.flatMap { $0.isEmpty ? nil : Field(name: name, value: $0.revealed) }
        }
    }

    private static func links(_ content: NewAuditEntry, _ address: AuditAddress) -> [TextLink] {
        var links: [TextLink] = []
        func only(_ words: String, _ name: String, _ value: String?) {
            guard let value, address[name] != [value] else { return }
            links.append(TextLink(words, path: address.filtered(name, [value]).path))
        }
        only("Only this person", "user_id", content.userID?.uuidString.lowercased())
        only("Only this key", "apikey_id", content.apiKeyID?.uuidString.lowercased())
        only("Only this address", "remote_addr", content.remoteAddress)
        if content.code.isAboutEntity { only("Only this id", "relation_key", content.relationKey) }
        return links
    }

    /// The partial that shows it.
    public static let template = """
        <div class="audit">
        {{#days}}<section><h2 class="day"><span>{{heading}}</span><span class="soft" data-zone-name>{{zone}}</span></h2><ol>
        {{#rows}}<li><details><summary>{{#time}}{{>*partial}}{{/time}}<i class="icon i-{{icon}} {{standing}}"></i>\
        <span class="words">{{#parts}}{{#isName}}<b><bdi>{{text}}</bdi></b>{{/isName}}{{#isCode}}<code dir="ltr">{{text}}</code>{{/isCode}}\
        {{^isName}}{{^isCode}}{{text}}{{/isCode}}{{/isName}}{{/parts}}</span><span class="soft mono">{{code}}</span></summary>
        <div class="inside"><dl>{{#fields}}<div><dt>{{name}}</dt><dd dir="auto">{{value}}</dd></div>{{/fields}}</dl>
        {{#data}}<pre dir="ltr" tabindex="0" role="region" aria-label="Data">{{.}}</pre>{{/data}}
        {{#hasLinks}}<p class="actions">{{#links}}{{>*partial}}{{/links}}</p>{{/hasLinks}}</div></details></li>
        {{/rows}}</ol></section>{{/days}}
        {{#scanned}}<p class="scanned soft">{{.}}</p>{{/scanned}}
        </div>
        {{#pagination}}{{>*partial}}{{/pagination}}
        """
}
