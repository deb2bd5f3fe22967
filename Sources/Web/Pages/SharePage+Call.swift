import Domain
import Foundation
import Hummingbird
import Store

/// The call itself, as a report: what happened in one sentence, the facts, the request, the response.
extension SharePage {
    /// The page of a share that is good.
    /// - Parameters:
    ///   - link: whose.
    ///   - detail: the call.
    ///   - path: of the page, for its downloads.
    static func page(_ link: ShareStore.Link, _ detail: CallLogStore.Detail, path: String) -> Response {
        let log = detail.item.log
        return document("\(log.application.name) answered \(log.statusCode)") { body in
            body.element("header") { writeName(tenant: link.tenantName, into: &$0) }
            body.element("main") { main in
                main.element("section", ["class": "panel"]) { section in
                    writeHead(link, log, path: path, into: &section)
                    section.element("dl", ["class": "facts"]) { writeFacts(log, into: &$0) }
                }
                main.element("div", ["class": "sides"]) { sides in
                    sides.element("section", ["class": "panel"]) { section in
                        section.element("h2", "Request")
                        section.element("h3", "As a curl command")
                        code(detail.curl, label: "curl command", into: &section)
                        write(detail.exchange.request, into: &section)
                    }
                    sides.element("section", ["class": "panel"]) { section in
                        section.element("h2", "Response")
                        write(detail.exchange.response, into: &section)
                    }
                }
            }
            body.element(
                "footer",
                "Secrets were taken out before the call was stored: they read [redacted len=… fp=…]. "
                    + "Whom the bot called for is not shown.")
        }
    }

    private static func writeHead(
        _ link: ShareStore.Link, _ log: CallLog, path: String, into head: inout HTMLWriter
    ) {
        let isError = log.status == .error
        head.element("h1") { title in
            title.element(
                "span", ["class": isError ? "sign error" : "sign success", "aria-hidden": "true"], isError ? "✕" : "✓")
            title.write("\(log.application.name) answered ")
            title.element("b", ["class": isError ? "error" : "success"], "\(log.statusCode)")
            if isError && log.statusCode < 400 { title.write(", with an error in the answer,") }
            title.write(" to ")
            title.element("bdi", name(of: log.bot).cut(at: 120))
            if let source = log.source {
                title.write(" at ")
                title.element("bdi", label(of: source).cut(at: 200))
            }
            if let duration = log.durationMilliseconds { title.write(", \(duration) ms") }
        }
        if isError || log.error?.message?.isEmpty == false { writeReading(log, into: &head) }
        head.element("p", ["class": "soft"]) { note in
            let share = link.share
            let name = share.createdByName.visible
            note.element("bdi", name.isEmpty ? share.createdByEmail.visible : name)
            note.write(" shared this call with ")
            note.element("bdi", link.recipient.email.visible)
            note.write(". The link works until \(minute(share.expiresAt)); when it is opened is recorded.")
        }
        if let message = link.share.message, !message.isEmpty {
            head.element("blockquote", ["dir": "auto"], message.withNamedDirections)
        }
        head.element("p", ["class": "actions"]) { downloads in
            downloads.element("a", ["class": "button primary", "href": "\(path)/har"], "Download HAR")
            downloads.element("a", ["class": "button plain", "href": "\(path)/curl"], "Download curl")
        }
    }

    /// What an error means, and what was said of it.
    private static func writeReading(_ log: CallLog, into head: inout HTMLWriter) {
        head.element("div", ["class": "reading"]) { reading in
            if log.status == .error {
                reading.element(
                    "p",
                    StatusReading.sentence(
                        statusCode: Int(log.statusCode), application: log.application.name, errorType: log.error?.type))
            }
            if let words = log.error?.message, !words.isEmpty {
                reading.element("blockquote", ["class": "mono", "dir": "auto"], words.withNamedDirections)
            }
        }
    }

    private static func writeFacts(_ log: CallLog, into list: inout HTMLWriter) {
        func fact(_ label: String, _ value: String?, isCode: Bool = false) {
            guard let value, !value.isEmpty else { return }
            list.element("div", ["class": isCode && value.count > 30 ? "wide" : "fact"]) { fact in
                fact.element("dt", label)
                fact.element("dd", isCode ? ["class": "mono", "dir": "auto"] : ["dir": "auto"], value.visible)
            }
        }
        fact("When", second(log.occurredAt))
        fact("Application", log.application.name)
        fact("Bot", name(of: log.bot) == log.bot.id ? log.bot.id : "\(name(of: log.bot)) (\(log.bot.id))")
        fact("Source", log.source.map { label(of: $0) })
        if case .flow(_, let node?) = log.source { fact("Node", node, isCode: true) }
        fact("Method", log.method.rawValue)
        fact("Status", "\(log.statusCode), \(log.status.rawValue)")
        fact("Error", log.error?.type, isCode: true)
        fact("Duration", log.durationMilliseconds.map { "\($0) ms" })
        fact("Attempt", log.attempt.map { "\($0)" })
        // what may be long stands below, each on a line of its own
        fact("URL", log.url, isCode: true)
        fact("Call", log.id.uuidString.lowercased(), isCode: true)
    }

    private static func write(_ message: CapturedMessage, into section: inout HTMLWriter) {
        section.element("h3", "Headers")
        if message.headers.isEmpty {
            section.element("p", ["class": "soft"], "None were logged.")
        } else {
            section.element("div", ["class": "rows", "tabindex": "0", "role": "group", "aria-label": "Headers"]) {
                rows in
                rows.element("table") { table in
                    for field in message.headers {
                        table.element("tr") { row in
                            row.element("th", ["scope": "row", "dir": "auto"], field.name.visible)
                            row.element("td", ["dir": "auto"], field.value.visible)
                        }
                    }
                }
            }
        }
        section.element("h3", "Body")
        guard let body = message.body, !body.bytes.isEmpty else {
            return section.element("p", ["class": "soft"], "None was logged.")
        }
        let shown = ShownBody(body.bytes)
        code(shown.text, label: "Body", into: &section)
        var notes = [bytes(body.originalSize) + "."]
        if body.truncated {
            notes.append("It was longer than is kept: these are the first \(bytes(body.bytes.count)).")
        }
        if body.sanitized { notes.append("Bytes that are no UTF-8 were replaced.") }
        if shown.isCut { notes.append("Here is its beginning; the HAR holds the whole.") }
        section.element("p", ["class": "soft small"], notes.joined(separator: " "))
    }

    /// A box that scrolls; by keyboard too.
    private static func code(_ text: String, label: String, into section: inout HTMLWriter) {
        section.element("pre", ["tabindex": "0", "role": "group", "aria-label": label, "dir": "ltr"]) { pre in
            // in an element of its own: a line break right behind "<pre>" would be swallowed
            pre.element("code", text.withNamedDirections)
        }
    }

    private static func name(of bot: BotReference) -> String {
        let name = (bot.name ?? "").visible.trimmingCharacters(in: .whitespaces)
        return name.isEmpty ? bot.id.visible : name
    }

    /// Without an agent's address.
    private static func label(of source: CallSource) -> String {
        switch source {
        case .flow: source.label.visible
        case .inbox(let name, _): (name ?? "an agent").visible
        }
    }

    /// `164,094 bytes`.
    private static func bytes(_ count: Int) -> String {
        let digits = Array(String(count))
        let grouped = digits.enumerated().map { index, digit in
            (index > 0 && (digits.count - index).isMultiple(of: 3) ? "," : "") + String(digit)
        }
        return grouped.joined() + (count == 1 ? " byte" : " bytes")
    }

    /// `2026-11-20 06:58:16.698 UTC`.
    private static func second(_ time: Timestamp) -> String {
        time.description.replacing("T", with: " ").replacing("Z", with: " UTC")
    }

    /// `2026-11-20 06:58 UTC`.
    private static func minute(_ time: Timestamp) -> String {
        time.description.prefix(16).replacing("T", with: " ") + " UTC"
    }
}
