public import Foundation

/// A call that people outside may look at for a while, by links that were mailed to them.
public struct Share: Sendable, Hashable {
    /// Whether its links still show the call.
    public enum State: String, Sendable, CaseIterable {
        /// They do.
        case active
        /// Its time is over.
        case expired
        /// Somebody ended it.
        case revoked
        /// The call is kept no longer.
        case callExpired = "call_expired"
    }

    /// Somebody whom it is for.
    public struct Recipient: Sendable, Hashable {
        /// Where the mail with the link stands.
        public enum State: String, Sendable, CaseIterable {
            /// It is on its way.
            case queued
            /// The mail server took it.
            case sent
            /// It was not sent, and will not be.
            case failed
        }

        /// UUIDv7.
        public var id: UUID
        /// Where the link went.
        public var email: String
        /// Where the mail stands.
        public var state: State
        /// Why it was not sent.
        public var reason: String?
        /// When the mail server took it.
        public var sentAt: Timestamp?
        /// When the link was first opened.
        public var openedAt: Timestamp?
        /// When it was last used.
        public var lastSeenAt: Timestamp?

        /// Puts a recipient together; see the properties.
        public init(
            id: UUID, email: String, state: State, reason: String? = nil, sentAt: Timestamp? = nil,
            openedAt: Timestamp? = nil, lastSeenAt: Timestamp? = nil
        ) {
            self.id = id
            self.email = email
            self.state = state
            self.reason = reason
            self.sentAt = sentAt
            self.openedAt = openedAt
            self.lastSeenAt = lastSeenAt
        }
    }

    /// People whom a share may be for.
    public static let recipients = 1...20
    /// Hours a share may last; never longer than its call is kept.
    public static let hours = 1...720
    /// Hours a share lasts unless somebody says otherwise.
    public static let usualHours = 72
    /// Characters of a message at the most.
    public static let longestMessage = 1000
    /// Characters of a passphrase.
    public static let passphraseLength = 8...128
    /// Shares that a person may make within an hour.
    public static let mostPerPerson = 50
    /// Shares that a tenant may make within an hour.
    public static let mostPerTenant = 500

    /// UUIDv7.
    public var id: UUID
    /// The call.
    public var callLogID: UUID
    /// Whoever shared it.
    public var createdBy: UUID
    /// Their address at that time.
    public var createdByEmail: String
    /// Their name at that time; may be empty.
    public var createdByName: String
    /// What they wrote to it.
    public var message: String?
    /// Whether the page asks for a passphrase.
    public var hasPassphrase: Bool
    /// When it was made.
    public var createdAt: Timestamp
    /// When its links end.
    public var expiresAt: Timestamp
    /// When somebody ended it.
    public var revokedAt: Timestamp?
    /// Whether its links still show the call.
    public var state: State
    /// Whom it is for.
    public var recipients: [Recipient]

    /// Puts a share together; see the properties.
    public init(
        id: UUID, callLogID: UUID, createdBy: UUID, createdByEmail: String, createdByName: String, message: String?,
        hasPassphrase: Bool, createdAt: Timestamp, expiresAt: Timestamp, revokedAt: Timestamp?, state: State,
        recipients: [Recipient]
    ) {
        self.id = id
        self.callLogID = callLogID
        self.createdBy = createdBy
        self.createdByEmail = createdByEmail
        self.createdByName = createdByName
        self.message = message
        self.hasPassphrase = hasPassphrase
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.revokedAt = revokedAt
        self.state = state
        self.recipients = recipients
    }

    /// Whether a share's links still show its call.
    /// - Parameters:
    ///   - revokedAt: when somebody ended it.
    ///   - expiresAt: when its links end.
    ///   - callExpiresAt: when its call is kept no longer.
    ///   - isCallKept: whether the call is there.
    ///   - now: by `app_now()`.
    public static func state(
        revokedAt: Timestamp?, expiresAt: Timestamp, callExpiresAt: Timestamp, isCallKept: Bool, now: Timestamp
    ) -> State {
        if revokedAt != nil { return .revoked }
        // a share that ends with its call ended because of the call
        if expiresAt <= now { return callExpiresAt <= expiresAt ? .callExpired : .expired }
        return isCallKept && callExpiresAt > now ? .active : .callExpired
    }
}

/// A share that is about to be made.
public struct NewShare: Sendable {
    /// The call.
    public var callLogID: UUID
    /// Whom it is for; each once.
    public var recipients: [EmailAddress]
    /// How long.
    public var hours: Int
    /// Some words to it.
    public var message: String?
    /// What the page asks for.
    public var passphrase: String?

    /// Describes a share; see the properties.
    public init(
        callLogID: UUID, recipients: [EmailAddress], hours: Int = Share.usualHours, message: String? = nil,
        passphrase: String? = nil
    ) {
        self.callLogID = callLogID
        self.recipients = recipients
        self.hours = hours
        self.message = message
        self.passphrase = passphrase
    }
}

/// Something that was done with a share.
public struct ShareEvent: Sendable, Hashable {
    /// Under which code it stands in the audit log.
    public var code: AuditCode
    /// In words.
    public var what: String
    /// When.
    public var occurredAt: Timestamp
    /// Whose link it was; nil for what the sharer did.
    public var recipient: String?
    /// Where the request came from.
    public var remoteAddress: String?

    /// Puts an event together; see the properties.
    public init(code: AuditCode, what: String, occurredAt: Timestamp, recipient: String?, remoteAddress: String?) {
        self.code = code
        self.what = what
        self.occurredAt = occurredAt
        self.recipient = recipient
        self.remoteAddress = remoteAddress
    }
}
