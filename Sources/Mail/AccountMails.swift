public import Domain
import Foundation

extension MailMessage {
    /// The mail that lets somebody who forgot their password choose another.
    /// - Parameters:
    ///   - email: whose password.
    ///   - link: good once, for an hour.
    public static func passwordReset(to email: EmailAddress, link: String) -> MailMessage {
        MailMessage(
            id: "reset-\(UUID().uuidString.lowercased())", recipient: email, subject: "Choose a new password",
            text: """
                Somebody, most likely you, asked for a new password for \(email.text) at Calltrail.

                Choose it here within an hour; the link works once:
                \(link)

                If it was not you, ignore this mail: nothing has changed.

                """)
    }

    /// The mail that asks somebody to join a tenant.
    /// - Parameters:
    ///   - email: whom.
    ///   - tenant: its name.
    ///   - link: good once, for seven days.
    public static func invitation(to email: EmailAddress, tenant: String, link: String) -> MailMessage {
        MailMessage(
            id: "invitation-\(UUID().uuidString.lowercased())", recipient: email,
            subject: "Join \(tenant) at Calltrail",
            text: """
                You are invited to join \(tenant) at Calltrail, where the API calls of its chatbots are logged.

                Accept here within seven days; the link works once:
                \(link)

                """)
    }
}
