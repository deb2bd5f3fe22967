public import Domain
import Foundation

extension MailMessage {
    /// The mail about a connection that needs to be authorised again, or that works again.
    /// - Parameters:
    ///   - id: the same for each attempt at sending it.
    ///   - email: whom.
    ///   - name: theirs.
    ///   - news: what it says.
    ///   - settingsURL: where the reader sets what they get.
    ///   - unsubscribeURL: where one click ends these mails (RFC 8058).
    ///   - pixelURL: a picture of one dot, whose loading tells that the mail was opened.
    public static func connection(
        id: String, to email: EmailAddress, name: String? = nil, news: ConnectionNews, settingsURL: String,
        unsubscribeURL: String? = nil, pixelURL: String? = nil
    ) -> MailMessage {
        var page = ConnectionPage(news)
        page.settingsLink = settingsURL
        page.unsubscribeLink = unsubscribeURL
        page.pixelURL = pixelURL
        let (text, html) = MailTemplates.render("connection", page)
        return MailMessage(
            id: id, recipient: email, recipientName: name, subject: page.subject, text: text, html: html,
            unsubscribeURL: unsubscribeURL, list: "reauthorise")
    }
}

/// What the mail's templates show: the news in words.
private struct ConnectionPage {
    var subject: String
    var preheader: String
    var tenant: String
    /// What is badly, in two words; nil when it is well.
    var bad: String?
    /// What is well.
    var good: String?
    var headline: String
    var reading: String
    var facts: [MailFact]
    var action: String
    var link: String
    /// What follows from it.
    var consequence: String
    /// When the reader hears of it again; nil when that is said elsewhere.
    var next: String?
    var reason: String
    var settingsLink = ""
    var unsubscribeLink: String?
    var pixelURL: String?

    init(_ news: ConnectionNews) {
        let words = ConnectionWords(news)
        tenant = words.tenant
        facts = words.facts
        link = news.connectionURL
        reason =
            "You get this mail because you are to be told when a connection of \(tenant) stops working, or works again."
        switch news.change {
        case .broken:
            subject = "Reauthorise \(words.application)" + (words.name.map { ": \($0)" } ?? "")
            bad = "Needs reauthorising"
            headline = "\(words.application) no longer accepts \(words.quotedName)"
            reading = words.reason ?? "Somebody has to authorise the connection again."
            action = "Reauthorise \(words.application)"
            consequence =
                "Until somebody does, calls with this connection fail. Afterwards its nodes call again as before: there is "
                + "nothing to change in the flows."
            next = "No more mails follow about this until it works again."
        case .recovered:
            subject = "\(words.application) works again" + (words.name.map { ": \($0)" } ?? "")
            action = "Open the connection"
            consequence = "Calls that failed meanwhile are not repeated."
            if let present = words.present {
                bad = "Worked again, now \(present)"
                headline = "\(words.application) accepted \(words.quotedName) again"
                reading = words.reason ?? "It has changed once more since then."
            } else {
                good = "Works again"
                headline = "\(words.application) accepts \(words.quotedName) again"
                reading = words.outage ?? "The connection works again."
                consequence =
                    "Its nodes call again as before: there is nothing to change in the flows. " + consequence
            }
        }
        preheader = ([reading] + [words.impact].compactMap(\.self)).joined(separator: " ")
    }
}

/// The news in words that can be shown, whatever people and applications named things.
private struct ConnectionWords {
    private let news: ConnectionNews
    let tenant: String
    let application: String
    /// As people named it; nil when nothing of that can be shown.
    let name: String?
    /// Why it does not work.
    let reason: String?
    private let since: Timestamp?
    private let brokenSince: Timestamp?

    init(_ news: ConnectionNews) {
        self.news = news
        tenant = Self.shown(news.tenantName, 120) ?? "your organisation"
        application = Self.shown(news.applicationName, 80) ?? "the application"
        name = Self.shown(news.connectionName, 80)
        reason = news.stateReason.flatMap { Self.shown($0, 300) }
        since = Timestamp(rfc3339: news.since)
        brokenSince = news.brokenSince.flatMap { Timestamp(rfc3339: $0) }
    }

    var quotedName: String { name.map { "“\($0)”" } ?? "the connection" }

    /// When it stopped working.
    private var stopped: Timestamp? { news.change == .broken ? since : brokenSince }

    /// When it began to work again: unknown where it has changed once more since then.
    private var mended: Timestamp? { news.change == .recovered && isHealthy ? since : nil }

    private var isHealthy: Bool { news.state == ConnectionState.healthy.rawValue }

    /// How long it had not worked; nil when that is not known.
    var outage: String? {
        guard let stopped, let mended, let duration = stopped.mailDuration(until: mended) else { return nil }
        return "It had not worked for \(duration)."
    }

    /// What failed, for the line that a list of mails shows; nil when nothing did.
    var impact: String? {
        guard news.failedCalls > 0 else { return nil }
        let users = news.users > 0 ? " for \(news.users.counting("end user"))" : ""
        return "\(news.failedCalls.counting("call")) failed\(users)."
    }

    var facts: [MailFact] {
        var facts: [MailFact] = []
        func add(_ label: String, _ value: String?, more: [String] = []) {
            if let value { facts.append(MailFact(label, value, more: more)) }
        }
        func add(_ label: String, _ names: [String], _ others: Int) {
            var lines = names.compactMap { Self.shown($0, 80) }
            let hidden = others + names.count - lines.count
            if hidden > 0 { lines.append(lines.isEmpty ? hidden.grouped : "and \(hidden.grouped) more") }
            add(label, lines.first, more: Array(lines.dropFirst()))
        }
        func add(_ label: String, _ count: Int, _ when: String = "") {
            if count > 0 { add(label, count.grouped + when) }
        }
        add("Connection", name)
        add("Application", application)
        add("Broke", stopped?.mailMinute)
        add("Works since", mended?.mailMinute)
        add("Bots", news.bots, news.moreBots)
        add("Used in", news.nodes, news.moreNodes)
        add("End users", news.users)
        add("Failed calls", news.failedCalls, news.change == .broken ? " since then" : " meanwhile")
        return facts
    }

    /// How it is now, where it has changed once more since it worked again.
    var present: String? {
        guard news.change == .recovered, !isHealthy else { return nil }
        return Self.shown(news.state.replacing("_", with: " "), 40)
    }

    /// One line without white space around it; nil when nothing is left.
    private static func shown(_ text: String, _ limit: Int) -> String? {
        let line = text.visible.trimmingCharacters(in: .whitespaces).cut(at: limit)
        return line.isEmpty ? nil : line
    }
}
