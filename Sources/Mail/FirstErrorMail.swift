public import Domain

extension MailMessage {
    /// The mail about a bot's first error in 24 hours.
    /// - Parameters:
    ///   - id: the same for each attempt at sending it.
    ///   - email: whom.
    ///   - name: theirs.
    ///   - facts: what it says.
    public static func firstError(
        id: String, to email: EmailAddress, name: String? = nil, facts: FirstErrorFacts
    ) -> MailMessage {
        let page = FirstErrorPage(facts)
        let (text, html) = MailTemplates.render("first-error", page)
        return MailMessage(
            id: id, recipient: email, recipientName: name, subject: page.subject, text: text, html: html,
            unsubscribeURL: facts.unsubscribeURL, list: "first-error")
    }
}

/// What the mail's templates show: the facts in words.
private struct FirstErrorPage {
    var subject: String
    var preheader: String
    var tenant: String
    var bot: String
    var headline: String
    var status: String
    var reading: String
    var errorMessage: String?
    var facts: [MailFact]
    var action = "Open this call"
    var link: String
    var previous: String?
    var recovery: String?
    var quiet: String
    var logsLink: String
    var reason: String
    var settingsLink: String
    var unsubscribeLink: String?
    var pixelURL: String?

    init(_ facts: FirstErrorFacts) {
        let name = facts.botName.flatMap { $0.isEmpty ? nil : $0 } ?? facts.botID
        bot = name.visible.cut(at: 80)
        tenant = facts.tenantName.visible.cut(at: 120)
        let isFailure = facts.statusCode >= 400
        let outcome = "\(facts.applicationName) answered \(facts.statusCode)\(isFailure ? "" : " with an error")"
        subject = "\(bot): \(outcome)"
        headline = "\(bot): \(outcome)"
        status = isFailure ? "\(facts.statusCode)" : "\(facts.statusCode), error in the answer"
        reading = facts.reading.visible
        preheader = reading
        errorMessage = facts.errorMessage.map { $0.visible.cut(at: 300) }.flatMap { $0.isEmpty ? nil : $0 }
        self.facts = Self.rows(facts, bot: bot)
        link = facts.entryURL
        previous = facts.previous.map { Self.sentence($0) }
        recovery = facts.previous?.recoveredAt.map { "Calls succeeded again from \($0.mailMinute) on." }
        quiet = "Further errors of this bot are counted, and not mailed, until \(facts.cycleUntil.mailMinute)."
        logsLink = facts.botLogsURL
        reason = "You get this mail because you are to be told when a bot of \(tenant) starts to fail."
        settingsLink = facts.settingsURL
        unsubscribeLink = facts.unsubscribeURL
        pixelURL = facts.pixelURL
    }

    private static func rows(_ facts: FirstErrorFacts, bot: String) -> [MailFact] {
        var rows: [(String, String)] = [("When", facts.occurredAt.mailText)]
        let isNamed = bot != facts.botID
        rows.append(("Bot", isNamed ? "\(bot) (\(facts.botID.visible.cut(at: 80)))" : bot))
        if let source = facts.sourceLabel, !source.isEmpty { rows.append(("Source", source.visible.cut(at: 200))) }
        rows.append(("Application", facts.applicationName))
        let address = facts.urlHost.prefix { $0 != "?" && $0 != "#" }
        rows.append(("Request", "\(facts.method) \(String(address).visible.cut(at: 300))"))
        if let duration = facts.durationMilliseconds { rows.append(("Duration", "\(duration.grouped) ms")) }
        return rows.map { MailFact($0, $1) }
    }

    private static func sentence(_ previous: FirstErrorFacts.Previous) -> String {
        let sent = "After the last mail, on \(previous.since.mailMinute),"
        let until = "until \(previous.until.mailMinute)."
        switch previous.errors {
        case ..<1: return "\(sent) no more errors of this bot followed \(until)"
        case 1: return "\(sent) 1 more error of this bot followed \(until)"
        default: return "\(sent) \(previous.errors.grouped) more errors of this bot followed \(until)"
        }
    }
}
