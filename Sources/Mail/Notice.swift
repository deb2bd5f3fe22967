import Domain

/// What a mail shows that says one thing and asks for one click.
struct Notice {
    var subject: String
    /// What a list of mails shows beside the subject.
    var preheader: String
    var tenant: String?
    var headline: String
    var paragraphs: [String]
    /// The button.
    var action: String
    var link: String
    /// How long the link is good.
    var note: String
    /// Why the reader gets the mail.
    var reason: String
    var pixelURL: String?

    /// Puts the mail together.
    func message(id: String, to email: EmailAddress, name: String? = nil) -> MailMessage {
        let (text, html) = MailTemplates.render("notice", self)
        return MailMessage(
            id: id, recipient: email, recipientName: name, subject: subject, text: text, html: html)
    }
}
