public import Domain

extension MailMessage {
    /// The mail that shows that notifications arrive.
    /// - Parameters:
    ///   - id: the same for each attempt at sending it.
    ///   - email: whom.
    ///   - name: theirs.
    ///   - tenant: its name.
    ///   - settingsURL: where notifications are set.
    public static func test(
        id: String, to email: EmailAddress, name: String? = nil, tenant: String, settingsURL: String
    ) -> MailMessage {
        Notice(
            subject: "Notifications of \(tenant.visible.cut(at: 80)) arrive",
            preheader: "A test. Nothing is wrong.",
            tenant: tenant.visible,
            headline: "Notifications arrive",
            paragraphs: [
                "This is a test: nothing is wrong. When a bot of \(tenant.visible) starts to fail, the mail about it "
                    + "takes this way."
            ],
            action: "Open notification settings",
            link: settingsURL,
            note: "There is nothing to do.",
            reason: "You get this mail because somebody at \(tenant.visible) asked for a test."
        ).message(id: id, to: email, name: name)
    }
}
