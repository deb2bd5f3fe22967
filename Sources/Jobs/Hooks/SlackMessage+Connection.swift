import Domain

extension SlackMessage {
    /// The most characters of a line of names, escaped: with all its lines the section stays below what Slack takes.
    private static let longestNames = 350

    /// What is told of a connection that needs to be authorised again, or that works again.
    ///
    /// It reads fact by fact, not `ConnectionNews`: of a line that an older version wrote, what is there is told.
    static func reauthorise(_ news: HookNews) -> Parts {
        let connection = news.text("connection_name").flatMap { shown($0, longest: 80) }
        let application = news.text("application_name").flatMap { shown($0, longest: 40) }
        let hasRecovered = news.text("change") == ConnectionHealth.Change.recovered.rawValue
        var lines: [String] = []
        let isWell = hasRecovered && news.text("state") == ConnectionState.healthy.rawValue
        if let reason = news.text("state_reason") {
            lines.append((hasRecovered ? "Since then: " : "") + escaped(reason, longest: 200))
        }
        lines += [impact(news, hasRecovered: hasRecovered), period(news, hasRecovered: hasRecovered)].compactMap(\.self)
        lines += [names(news, "Bots", "bots", "more_bots"), names(news, "Used in", "nodes", "more_nodes")]
            .compactMap(\.self)
        let words = hasRecovered ? "Open the connection" : "Reauthorise \(application ?? "the connection")"
        if let link = news.text("connection_url").flatMap({ link($0, words) }) { lines.append(link) }
        guard news.text("change") != nil || news.text("state") != nil else {
            return ("\(connection ?? application ?? "A connection") needs a look", lines, [])
        }
        let subject =
            hasRecovered
            ? "\(application ?? "A connection") works again" : "Reauthorise \(application ?? "a connection")"
        var remarks = [
            hasRecovered
                ? "Calls that failed meanwhile are not repeated."
                : "Until somebody does, calls with this connection fail. Afterwards its nodes call again as before."
        ]
        if isWell { remarks.insert("Its nodes call again as before.", at: 0) }
        return ([subject, connection].compactMap(\.self).joined(separator: ": "), lines, remarks)
    }

    /// What failed; nil when nothing did.
    private static func impact(_ news: HookNews, hasRecovered: Bool) -> String? {
        guard let calls = counted(news, "failed_calls", "call") else { return nil }
        let users = counted(news, "users", "end user").map { " for \($0)" } ?? ""
        return hasRecovered ? "\(calls) had failed\(users)." : "\(calls) failed\(users)."
    }

    /// Since when it does not work, or from when on it did not.
    private static func period(_ news: HookNews, hasRecovered: Bool) -> String? {
        if hasRecovered {
            return news.text("broken_since").map { "It had not worked since \(escaped($0, longest: 40))." }
        }
        return news.text("since").map { "It has not worked since \(escaped($0, longest: 40))." }
    }

    private static func counted(_ news: HookNews, _ name: String, _ noun: String) -> String? {
        guard let count = number(news, name), count > 0 else { return nil }
        return "\(count) \(noun)\(count == 1 ? "" : "s")"
    }

    /// `Bots: Support bot, Sales bot and 3 more`; nil when there are none.
    private static func names(_ news: HookNews, _ label: String, _ list: String, _ more: String) -> String? {
        guard case .array(let values) = news.facts[list] else { return nil }
        let all = values.compactMap { value -> String? in
            guard case .text(let name) = value else { return nil }
            return shown(name, longest: 60)
        }
        var room = longestNames
        let named = all.prefix {
            room -= $0.count + 2
            return room > 0
        }
        guard !named.isEmpty else { return nil }
        let hidden = max(number(news, more) ?? 0, 0) + Int64(values.count - named.count)
        return "\(label): \(named.joined(separator: ", "))" + (hidden > 0 ? " and \(hidden) more" : "")
    }

    /// A value that stands for itself; nil when nothing of it can be seen.
    private static func shown(_ value: String, longest: Int) -> String? {
        let shown = escaped(value, longest: longest)
        return shown.allSatisfy(\.isWhitespace) ? nil : shown
    }

    private static func number(_ news: HookNews, _ name: String) -> Int64? {
        guard case .integer(let count) = news.facts[name] else { return nil }
        return count
    }
}
