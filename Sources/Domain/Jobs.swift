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

/// Looks at some connections of one application: renews what is about to run out, and asks whether the rest is still good.
public struct ConnectionChecksJob: JobPayload {
    /// The kind's word.
    public static let kind = "connection_checks"

    /// A connection.
    public struct Item: Codable, Sendable, Hashable {
        /// Whose.
        public var tenant: Int32
        /// Which.
        public var connection: UUID

        /// Names a connection.
        /// - Parameters:
        ///   - tenant: whose.
        ///   - connection: which.
        public init(tenant: TenantID, connection: UUID) {
            self.tenant = tenant.rawValue
            self.connection = connection
        }
    }

    /// The application's key.
    public var application: String
    /// The connections.
    public var items: [Item]

    /// Names connections.
    /// - Parameters:
    ///   - application: theirs.
    ///   - items: which.
    public init(_ application: Application, _ items: [Item]) {
        self.application = application.rawValue
        self.items = items
    }
}

/// Looks at one connection at once: something in the calls says that it may be broken.
public struct ConnectionCheckJob: JobPayload {
    /// The kind's word.
    public static let kind = "connection_check"
    /// Somebody's bots may be broken.
    public static let priority = JobPriority.high

    /// The connection.
    public var connection: UUID

    /// Names a connection.
    /// - Parameter connection: which.
    public init(_ connection: UUID) { self.connection = connection }
}

/// Decides who is told that a connection broke, or works again.
public struct ConnectionNoticeJob: JobPayload {
    /// The kind's word.
    public static let kind = "connection_notice"
    /// Somebody's bots are broken.
    public static let priority = JobPriority.high

    /// The connection.
    public var connection: UUID
    /// What happened.
    public var change: ConnectionHealth.Change
    /// When, microseconds since 1970.
    public var at: Int64
    /// For a recovery: since when it had not worked.
    public var brokenSince: Int64?

    /// Names what happened.
    /// - Parameters:
    ///   - connection: which.
    ///   - change: what happened.
    ///   - at: when.
    ///   - brokenSince: for a recovery: since when it had not worked.
    public init(_ connection: UUID, _ change: ConnectionHealth.Change, at: Timestamp, brokenSince: Timestamp?) {
        self.connection = connection
        self.change = change
        self.at = at.microseconds
        self.brokenSince = brokenSince?.microseconds
    }
}

/// Takes in what calls that were logged say about connections: who calls with them, and whether they are refused.
public struct ConnectionSignalsJob: JobPayload {
    /// The kind's word.
    public static let kind = "connection_signals"

    /// A node that called with a connection.
    public struct Node: Codable, Sendable, Hashable {
        /// The connection, as the entry named it.
        public var connection: UUID
        /// The client's own id of the bot.
        public var bot: String
        /// The client's own id of the node; empty where the entry named none.
        public var node: String
        /// Where in the bot it is.
        public var path: String?

        /// Names a node; see the properties.
        public init(connection: UUID, bot: String, node: String, path: String?) {
            self.connection = connection
            self.bot = bot
            self.node = node
            self.path = path
        }
    }

    /// Nodes that called.
    public var nodes: [Node]
    /// Connections whose calls were answered 401.
    public var refused: [UUID]

    /// Names what was seen.
    /// - Parameters:
    ///   - nodes: nodes that called.
    ///   - refused: connections whose calls were answered 401.
    public init(nodes: [Node], refused: [UUID]) {
        self.nodes = nodes
        self.refused = refused
    }
}

/// Mails a share's link to one of its recipients. The link is made when the mail is, so that no secret stands in the job.
public struct ShareMailJob: JobPayload {
    /// The kind's word.
    public static let kind = "share_mail"
    /// Somebody waits for it.
    public static let priority = JobPriority.high

    /// The share.
    public var share: UUID
    /// The recipient.
    public var recipient: UUID

    /// Names a recipient.
    /// - Parameters:
    ///   - share: which.
    ///   - recipient: whose mail.
    public init(share: UUID, recipient: UUID) {
        self.share = share
        self.recipient = recipient
    }
}
