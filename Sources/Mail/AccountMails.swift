public import Domain
import Foundation

extension MailMessage {
    /// The mail that lets somebody who forgot their password choose another.
    /// - Parameters:
    ///   - email: whose password.
    ///   - link: good once, for an hour.
    public static func passwordReset(to email: EmailAddress, link: String) -> MailMessage {
        Notice(
            subject: "Choose a new password",
            preheader: "The link works once, within an hour.",
            headline: "Choose a new password",
            paragraphs: ["Somebody, most likely you, asked for a new password for \(email.text.visible) at Calltrail."],
            action: "Choose a password",
            link: link,
            note: "The link works once, within an hour. If it was not you, ignore this mail: nothing has changed.",
            reason: "You get this mail because somebody asked for it with your address."
        ).message(id: "reset-\(UUID().uuidString.lowercased())", to: email)
    }

    /// The mail that asks somebody to join a tenant.
    /// - Parameters:
    ///   - email: whom.
    ///   - tenant: its name.
    ///   - link: good once, for seven days.
    public static func invitation(to email: EmailAddress, tenant: String, link: String) -> MailMessage {
        Notice(
            subject: "Join \(tenant.visible) at Calltrail",
            preheader: "The link works once, within seven days.",
            tenant: tenant.visible,
            headline: "Join \(tenant.visible)",
            paragraphs: [
                "You are invited to join \(tenant.visible) at Calltrail, where the API calls of its chatbots are logged."
            ],
            action: "Accept the invitation",
            link: link,
            note: "The link works once, within seven days.",
            reason: "You get this mail because somebody at \(tenant.visible) entered your address."
        ).message(id: "invitation-\(UUID().uuidString.lowercased())", to: email)
    }
}
