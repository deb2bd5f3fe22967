public import Domain
import Foundation

/// Everything about one call: what happened in a sentence, the facts, what an error means and what to do, both messages.
public struct CallReport: Component {
    let id: String
    let standing: String
    let code: String
    let application: String
    let verb: String
    let bot: String
    let place: String?
    let duration: String?
    let reading: String?
    let message: String?
    let cures: [LinkButton]
    let facts: Facts
    let actions: [any Component]
    let curl: CodeBlock
    let request: MessageView
    let response: MessageView
    let notes: [String]
    let hasNotes: Bool
    let back: String

    /// Makes a report.
    /// - Parameters:
    ///   - item: the call.
    ///   - exchange: its headers and bodies.
    ///   - curl: the request as a command.
    ///   - address: of the list beside it.
    ///   - zone: the reader's.
    ///   - now: by `app_now()`.
    ///   - retentionDays: days that calls are kept.
    ///   - actions: what else can be done with a call.
    public init(
        _ item: CallLogPage.Item, _ exchange: CallExchange, curl: String, address: LogAddress, zone: ReaderZone,
        now: Timestamp, retentionDays: Int, actions: [any Component] = []
    ) {
        let log = item.log
        id = log.id.uuidString.lowercased()
        standing = log.status.rawValue
        code = String(log.statusCode)
        application = log.application.name
        verb = log.status == .error && log.statusCode < 400 ? "answered, with an error," : "answered"
        bot = (log.bot.name ?? log.bot.id).visible
        place = log.source?.label.visible.cut(at: 120)
        duration = log.durationMilliseconds.map(CallRow.words)
        reading =
            log.status == .error
            ? StatusReading.sentence(
                statusCode: Int(log.statusCode), application: log.application.name, errorType: log.error?.type) : nil
        message = [log.error?.type, log.error?.message].compactMap { $0?.visible }.joined(separator: ": ").nonEmpty
        cures = Self.cures(log)
        facts = Facts(Self.facts(item, exchange, zone, now, retentionDays))
        self.actions = actions
        self.curl = CodeBlock(
            id: "curl", title: "The request as curl", text: curl.cut(at: 4000), copyWords: "Copy as curl",
            source: "/v1/call-logs/\(log.id.uuidString.lowercased())/curl")
        request = MessageView(exchange.request, side: "request", of: log.id)
        response = MessageView(exchange.response, side: "response", of: log.id)
        notes = Self.notes(log, exchange)
        hasNotes = !notes.isEmpty
        back = address.path
    }

    /// Where signing in anew mends what broke.
    private static func cures(_ log: CallLog) -> [LinkButton] {
        let words = ["invalid_grant", "token_expired", "invalid_token"]
        let isRefused =
            log.statusCode == 401 || log.statusCode == 403 || words.contains(log.error?.type?.lowercased() ?? "")
        guard log.status == .error, isRefused else { return [] }
        guard let connection = log.connectionID.flatMap({ UUID(uuidString: $0) }) else {
            return [LinkButton("To the connections", path: Section.connections.path)]
        }
        return [
            LinkButton(
                "Reauthorise \(log.application.name)", path: "/connections/\(connection.uuidString.lowercased())",
                kind: .primary)
        ]
    }

    private static func facts(
        _ item: CallLogPage.Item, _ exchange: CallExchange, _ zone: ReaderZone, _ now: Timestamp, _ retentionDays: Int
    ) -> [Facts.Fact] {
        let log = item.log
        var facts: [Facts.Fact] = [
            .init(
                "Bot", Words((log.bot.name ?? log.bot.id)), Words(log.bot.name == nil ? "" : log.bot.id, isSoft: true))
        ]
        switch log.source {
        case .flow:
            let label = log.source?.label ?? ""
            let link = log.source?.url(template: item.sourceURLTemplate, botID: log.bot.id).flatMap {
                OutsideLink(label, address: $0)
            }
            facts.append(.init("Source", link.map { $0 as any Component } ?? Words(label)))
        case .inbox(let name, let email):
            facts.append(.init("Agent", Words(name ?? ""), Words(email ?? "", isSoft: true)))
        case nil: break
        }
        if let user = log.user {
            facts.append(.init("User", Words(user.name ?? ""), Words(user.id ?? "", isSoft: true)))
        }
        facts += [
            .init("Application", Words(log.application.name)),
            .init("Request", Words(log.method.rawValue), Words(log.url.cut(at: 300), isSoft: true)),
            .init("Time", TimeText(log.occurredAt, in: zone)),
        ]
        if let duration = log.durationMilliseconds {
            facts.append(.init("Duration", Words(CallRow.words(milliseconds: duration))))
        }
        if let attempt = log.attempt, attempt > 1 { facts.append(.init("Attempt", Words("No. \(attempt)"))) }
        if let id = exchange.clientID { facts.append(.init("Id of the sender", Words(id.cut(at: 128)))) }
        facts.append(.init("Kept", Words(remaining(log.occurredAt, now, retentionDays))))
        return facts
    }

    /// `Disappears in 12 days`.
    static func remaining(_ occurredAt: Timestamp, _ now: Timestamp, _ retentionDays: Int) -> String {
        let end = occurredAt.advanced(bySeconds: Int64(retentionDays) * 86_400)
        let hours = max(0, (end.microseconds - now.microseconds) / 3_600_000_000)
        switch hours {
        case ..<1: return "Disappears within the hour"
        case ..<48: return "Disappears in \(hours) \(hours == 1 ? "hour" : "hours")"
        default: return "Disappears in \(hours / 24) days"
        }
    }

    /// What was taken out or cut before the call was kept, and why.
    private static func notes(_ log: CallLog, _ exchange: CallExchange) -> [String] {
        var notes: [String] = []
        let sides = [("request", exchange.request), ("response", exchange.response)]
        let marker = "[redacted len="
        let secrets = sides.reduce(log.url.count(of: marker)) { sum, side in
            let headers = side.1.headers.reduce(0) { $0 + $1.value.count(of: marker) }
            return sum + headers + String(decoding: side.1.body?.bytes ?? [], as: UTF8.self).count(of: marker)
        }
        if secrets > 0 {
            let what = secrets == 1 ? "1 secret was" : "\(secrets) secrets were"
            notes.append("\(what) redacted before this call was kept. The same mark after fp= means the same secret.")
        }
        for (name, message) in sides {
            guard let body = message.body else { continue }
            if body.truncated {
                let (kept, all) = (
                    MessageView.words(bytes: body.bytes.count), MessageView.words(bytes: body.originalSize)
                )
                notes.append("The \(name)'s body was \(all); its first \(kept) are kept.")
            }
            if body.sanitized {
                notes.append("Bytes of the \(name)'s body that are no text were replaced by a sign for that.")
            }
        }
        return notes
    }

    /// The partial that shows it.
    public static let template = """
        <article class="report" id="report" data-report="{{id}}" aria-labelledby="sentence" tabindex="-1">
        <p class="back"><a href="{{back}}"><i class="icon i-back"></i>All calls</a></p>
        <h2 class="sentence" id="sentence"><span class="code {{standing}}"><i class="icon i-{{standing}}"></i></span>\
        <span>{{application}} {{verb}} <strong class="{{standing}}">{{code}}</strong> to <bdi>{{bot}}</bdi>\
        {{#place}} at <bdi>{{.}}</bdi>{{/place}}{{#duration}}, {{.}}{{/duration}}</span></h2>
        {{#reading}}<div class="reading"><p>{{.}}</p>\
        {{#message}}<p class="mono"><bdi>{{.}}</bdi></p>{{/message}}\
        <div class="actions">{{#cures}}{{>*partial}}{{/cures}}</div></div>{{/reading}}
        <div class="actions">{{#actions}}{{>*partial}}{{/actions}}</div>
        {{#facts}}{{>*partial}}{{/facts}}
        {{#hasNotes}}<ul class="notes">{{#notes}}<li class="soft">{{.}}</li>{{/notes}}</ul>{{/hasNotes}}
        <section class="message"><h3>Request</h3>
        {{#curl}}{{>*partial}}{{/curl}}
        {{#request}}{{>MessageParts}}{{/request}}
        </section>
        <section class="message"><h3>Response <span class="soft">{{response.size}}</span></h3>
        {{#response}}{{>MessageBody}}{{>MessageParts}}{{/response}}
        </section>
        </article>
        """
}

/// The body of a message, unfolded.
enum MessageTemplates {
    static let body = """
        {{#isEmpty}}<p class="soft">No body.</p>{{/isEmpty}}
        {{#isJSON}}<div class="tree"><label class="unseen" for="find-{{side}}">Search in the {{side}}</label>\
        <input class="search" id="find-{{side}}" type="search" placeholder="Search in the {{side}}" data-find hidden>\
        {{{markup}}}</div>{{/isJSON}}
        {{#text}}<pre class="body" dir="ltr" tabindex="0" role="region" aria-label="Body of the {{side}}"><code>{{.}}</code></pre>{{/text}}
        {{#more}}<p class="soft">{{.}} <a href="{{rawPath}}">Open all of it</a></p>{{/more}}
        """

    /// What is folded.
    static let parts = """
        {{#hasHeaders}}<details class="part"><summary>Headers <span class="soft">{{headerCount}}</span></summary>\
        <dl class="headers" dir="ltr">{{#headers}}<div><dt>{{name}}</dt><dd>{{value}}</dd></div>{{/headers}}</dl></details>{{/hasHeaders}}
        {{#raw}}<details class="part"><summary>Raw body <span class="soft">{{size}}</span></summary>\
        <pre class="body" dir="ltr" tabindex="0" role="region" aria-label="Raw body of the {{side}}"><code>{{.}}</code></pre>\
        <p><a href="{{rawPath}}">Open all of it</a></p></details>{{/raw}}
        """
}

extension String {
    fileprivate var nonEmpty: String? { isEmpty ? nil : self }

    /// How often a text stands in this one.
    fileprivate func count(of text: String) -> Int { ranges(of: text).count }
}
