public import Domain
import Foundation

extension MailMessage {
    /// The mail with the link to a call that somebody shared.
    /// - Parameters:
    ///   - id: the same for each attempt at sending it.
    ///   - email: whom it was shared with.
    ///   - facts: what it says.
    public static func share(id: String, to email: EmailAddress, facts: ShareFacts) -> MailMessage {
        let page = SharePage(facts)
        let (text, html) = MailTemplates.render("share", page)
        var message = MailMessage(id: id, recipient: email, subject: page.subject, text: text, html: html)
        message.replyTo = MailMessage.ReplyTo(name: page.sharerName, address: facts.sharer)
        return message
    }
}

/// What the mail's templates show: the facts in words.
private struct SharePage {
    var subject: String
    var preheader: String
    var tenant: String
    /// Before the headline, when the call failed.
    var bad: String?
    var headline: String
    /// Who shared it, with their address.
    var sharer: String
    var sharerName: String
    /// What they wrote, line by line.
    var message: [String]
    var hasMessage: Bool
    var facts: [MailFact]
    var action = "Open the call"
    var link: String
    var note: String
    var secrecy: String?
    var reason: String
    var pixelURL: String?

    init(_ facts: ShareFacts) {
        tenant = facts.tenantName.visible.cut(at: 120)
        let address = facts.sharer.text.visible
        sharerName = facts.sharerName.visible.trimmingCharacters(in: .whitespaces).cut(at: 80)
        let who = sharerName.isEmpty ? address : sharerName
        sharer = sharerName.isEmpty ? address : "\(sharerName) (\(address))"
        message = (facts.message ?? "").split(separator: "\n", omittingEmptySubsequences: false).map {
            String($0).visible
        }
        hasMessage = facts.message?.isEmpty == false
        link = facts.link
        pixelURL = facts.pixelURL
        subject = "\(who) shared an API call with you"
        headline = subject
        var rows = [MailFact("Shared by", sharer)]
        if let call = facts.call {
            let outcome = "\(call.applicationName) answered \(call.statusCode)"
            let isPlainFailure = call.isError && call.statusCode >= 400
            subject += ": \(outcome)"
            bad =
                call.isError ? (isPlainFailure ? "\(call.statusCode)" : "\(call.statusCode), error in the answer") : nil
            let url = call.urlHost.prefix { $0 != "?" && $0 != "#" }
            rows.append(MailFact("When", call.occurredAt.mailText))
            rows.append(MailFact("Application", call.applicationName))
            rows.append(MailFact("Request", "\(call.method) \(String(url).visible.cut(at: 300))"))
            rows.append(MailFact("Answer", "\(call.statusCode)"))
            rows.append(MailFact("Bot", call.bot.visible.cut(at: 80)))
        } else {
            secrecy = "The page asks for a passphrase. \(who) has it: this mail does not."
        }
        self.facts = rows
        preheader = "\(tenant): the link works until \(facts.expiresAt.mailMinute)."
        note =
            "The link works until \(facts.expiresAt.mailMinute), for whoever has it. "
            + "It is yours: \(who) sees when it is opened."
        reason =
            "You get this mail because \(sharer), who works with \(tenant) at Calltrail, entered your address. "
            + "An answer goes to them."
    }
}
