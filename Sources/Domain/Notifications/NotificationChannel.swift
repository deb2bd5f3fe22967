public import Foundation

/// A hook that notifications go to besides mail.
public struct NotificationChannel: Sendable, Hashable {
    /// How what is posted looks.
    public enum Kind: String, Sendable, CaseIterable {
        /// JSON, signed as Standard Webhooks has it.
        case webhook
        /// A message for an incoming webhook of Slack.
        case slack

        /// The word of it in the ledger.
        public var medium: NotificationMedium {
            switch self {
            case .webhook: .webhook
            case .slack: .slack
            }
        }
    }

    /// What a channel may be told about.
    public enum Event: String, Sendable, CaseIterable {
        /// The first error of a bot in 24 hours.
        case firstError = "first_error"
        /// A connection that lost its authorisation, or has it back.
        case reauthorise
    }

    /// The most channels of a tenant.
    public static let mostOfATenant = 20

    /// Its id.
    public var id: UUID
    /// How what is posted looks.
    public var kind: Kind
    /// For people.
    public var name: String
    /// Scheme, host and port of its address; the rest is a secret.
    public var origin: String
    /// What it is told about.
    public var events: Set<Event>
    /// Deliveries that failed since the last one that did not.
    public var failures: Int
    /// The first of them.
    public var failingSince: Timestamp?
    /// The last delivery that was taken.
    public var lastOKAt: Timestamp?
    /// Since when nothing is sent there; nil while something is.
    public var disabledAt: Timestamp?
    /// Why, in words.
    public var disabledReason: String?
    /// Who made it.
    public var createdBy: UUID?
    /// When.
    public var createdAt: Timestamp

    /// Puts a channel together; see the properties.
    public init(
        id: UUID, kind: Kind, name: String, origin: String, events: Set<Event>, failures: Int, failingSince: Timestamp?,
        lastOKAt: Timestamp?, disabledAt: Timestamp?, disabledReason: String?, createdBy: UUID?, createdAt: Timestamp
    ) {
        self.id = id
        self.kind = kind
        self.name = name
        self.origin = origin
        self.events = events
        self.failures = failures
        self.failingSince = failingSince
        self.lastOKAt = lastOKAt
        self.disabledAt = disabledAt
        self.disabledReason = disabledReason
        self.createdBy = createdBy
        self.createdAt = createdAt
    }
}
