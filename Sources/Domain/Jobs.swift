public import Foundation

/// Decides who is told of a bot's first error, and sees to it that they are.
public struct FirstErrorJob: JobPayload {
    /// The kind's word.
    public static let kind = "first_error"
    /// Somebody's bot is broken.
    public static let priority = JobPriority.high

    /// The bot.
    public var botKey: Int32
    /// When the cycle was opened, microseconds since 1970.
    public var openedAt: Int64
    /// The error that opened it.
    public var entry: UUID

    /// Names a cycle.
    /// - Parameters:
    ///   - botKey: the bot.
    ///   - openedAt: when the cycle was opened.
    ///   - entry: the error that opened it.
    public init(botKey: Int32, openedAt: Timestamp, entry: UUID) {
        self.botKey = botKey
        self.entry = entry
        self.openedAt = openedAt.microseconds
    }
}

/// Gets one notification of the ledger to whom it is for, by mail.
public struct MailNotificationJob: JobPayload {
    /// The kind's word.
    public static let kind = "mail_notification"
    /// People wait for it.
    public static let priority = JobPriority.high

    /// The notification.
    public var notification: UUID

    /// Names a notification.
    /// - Parameter notification: the ledger's id.
    public init(notification: UUID) { self.notification = notification }
}

/// Gets one notification of the ledger to a webhook or chat hook.
public struct HookNotificationJob: JobPayload {
    /// The kind's word.
    public static let kind = "hook_notification"
    /// People wait for it.
    public static let priority = JobPriority.high

    /// The notification.
    public var notification: UUID

    /// Names a notification.
    /// - Parameter notification: the ledger's id.
    public init(notification: UUID) { self.notification = notification }
}

/// Does nothing: shows that a worker is at work, and how soon.
public struct ProbeJob: JobPayload {
    /// The kind's word.
    public static let kind = "probe"

    /// The channel that is notified when it runs; nil when nobody listens.
    public var reply: String?

    /// A probe.
    /// - Parameter reply: the channel that is notified when it runs.
    public init(reply: String? = nil) { self.reply = reply }
}

/// Sends a person a link: to choose another password, or to join a tenant. The link is made when the mail is, so that no
/// secret stands in the job.
public struct AccountMailJob: JobPayload {
    /// What the link is for.
    public enum Purpose: String, Codable, Sendable {
        case reset
        case invitation
    }

    /// The kind's word.
    public static let kind = "account_mail"
    /// Somebody waits for it.
    public static let priority = JobPriority.high

    /// What the link is for.
    public var purpose: Purpose
    /// Whom it is for.
    public var email: String

    /// Asks for a mail.
    /// - Parameters:
    ///   - purpose: what the link is for.
    ///   - email: whom it is for.
    public init(_ purpose: Purpose, email: EmailAddress) {
        self.purpose = purpose
        self.email = email.text
    }
}
