import Domain
import Foundation

/// A message for an incoming webhook of Slack.
///
/// Values come from bots and providers: `&`, `<` and `>` are escaped in each, so that none can call a channel or a person
/// or make a link (https://docs.slack.dev/messaging/formatting-message-text), and plain text is taken verbatim.
struct SlackMessage: Sendable {
    /// JSON.
    let body: [UInt8]

    /// The most characters of a value; Slack refuses a section of more than 3,000.
    private static let longestValue = 300

    /// Writes a message.
    /// - Parameter news: what to tell.
    init(_ news: HookNews) throws {
        let (title, lines, remarks) =
            switch news.event {
            case .firstError: Self.firstError(news)
            case .reauthorise: Self.reauthorise(news)
            case .test: Self.test(news)
            }
        var blocks = [Self.section((["*\(title)*"] + lines).joined(separator: "\n"))]
        if !remarks.isEmpty {
            blocks.append(
                .object(["type": .text("context"), "elements": .array([Self.text(remarks.joined(separator: " "))])]))
        }
        body = try JSONValue.object(["text": .text(title), "blocks": .array(blocks)]).bytes()
    }

    typealias Parts = (title: String, lines: [String], remarks: [String])

    private static func firstError(_ news: HookNews) -> Parts {
        let bot = news.text("bot_name") ?? news.text("bot_id") ?? "a bot"
        let application = news.text("application_name") ?? news.text("application")
        var happened = [application.map(escaped) ?? "The provider"]
        if let method = news.text("method") { happened.append("was asked by \(escaped(method)) and") }
        happened.append(news.text("status_code").map { "answered \(escaped($0))" } ?? "failed")
        var lines = [happened.joined(separator: " ")]
        lines += ["error_message", "reading"].compactMap { news.text($0).map(escaped) }
        lines += [("Where", "source"), ("When", "occurred_at")].compactMap { label, name in
            news.text(name).map { "\(label): \(escaped($0))" }
        }
        if let link = news.text("entry_url").flatMap({ link($0, "Open the call") }) { lines.append(link) }
        var remarks: [String] = []
        if let count = news.text("previous_errors"), count != "0" {
            remarks.append("\(escaped(count)) further errors followed the one announced before.")
        }
        if let until = news.text("cycle_until") {
            remarks.append("Until \(escaped(until)) further errors of this bot are counted and not announced.")
        }
        if let link = news.text("bot_logs_url").flatMap({ link($0, "All of its errors") }) { remarks.append(link) }
        return ("First error of \(escaped(bot))", lines, remarks)
    }

    private static func test(_ news: HookNews) -> Parts {
        let name = news.text("channel_name").map { " of \(escaped($0))" } ?? ""
        let lines = news.text("requested_by").map { ["Asked for by \(escaped($0))."] } ?? []
        return ("A test\(name)", lines, [])
    }

    private static func section(_ text: String) -> JSONValue {
        .object(["type": .text("section"), "text": Self.text(text)])
    }

    private static func text(_ text: String) -> JSONValue {
        .object(["type": .text("mrkdwn"), "text": .text(text), "verbatim": .truth(true)])
    }

    /// A value as long as any may be; see `escaped(_:longest:)`.
    static func escaped(_ value: String) -> String { escaped(value, longest: longestValue) }

    /// A value, cut, on one line, without what hides or turns its direction, and without a meaning to Slack.
    /// - Parameters:
    ///   - value: whatever somebody entered.
    ///   - longest: characters kept.
    static func escaped(_ value: String, longest: Int) -> String {
        // by scalars: to Swift a "<" with an accent on it is another character
        value.visible.cut(at: longest).unicodeScalars.reduce(into: "") { escaped, scalar in
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
    }

    /// A link with words; nil for what is no web address.
    static func link(_ url: String, _ words: String) -> String? {
        guard url.hasPrefix("https://") || url.hasPrefix("http://"), url.utf8.count <= OutgoingURL.longest else {
            return nil
        }
        let safe = url.replacing("&", with: "&amp;").replacing("<", with: "%3C").replacing(">", with: "%3E")
            .replacing("|", with: "%7C")
        return "<\(safe)|\(words)>"
    }
}
