public import Foundation

/// Something that happened to a connection, kept with it.
public struct ConnectionEvent: Sendable, Hashable {
    /// What can happen.
    public enum Kind: String, Sendable, CaseIterable {
        case created
        /// A person authorised it; its nodes are attached again.
        case authorised
        /// Its credentials were replaced.
        case credentialsChanged = "credentials_changed"
        case broken
        case degraded
        case recovered
        case disabled
        case enabled
    }

    /// What happened.
    public var kind: Kind
    /// When, by `app_now()`.
    public var at: Timestamp
    /// In words; nil when the kind says it all.
    public var detail: String?
    /// Who did it; nil when nobody in particular did.
    public var userID: UUID?

    /// Describes an event; see the properties.
    public init(_ kind: Kind, at: Timestamp, detail: String? = nil, userID: UUID? = nil) {
        self.kind = kind
        self.at = at
        self.detail = detail
        self.userID = userID
    }
}

/// What is hit when a connection does not work.
public struct ConnectionImpact: Sendable, Hashable {
    /// Since when.
    public var since: Timestamp
    /// Calls with it that failed since then.
    public var failedCalls: Int
    /// Bots whose calls with it failed, by the client's own ids, the most failing first.
    public var bots: [Bot]
    /// End users whose calls failed.
    public var users: Int
    /// Whether there may be more: not all calls were looked at.
    public var isLowerBound: Bool

    /// A bot, and how many of its calls failed.
    public struct Bot: Sendable, Hashable {
        /// The client's own id.
        public var id: String
        /// For people.
        public var name: String
        /// Calls that failed.
        public var failedCalls: Int

        /// Describes a bot; see the properties.
        public init(id: String, name: String, failedCalls: Int) {
            self.id = id
            self.name = name
            self.failedCalls = failedCalls
        }
    }

    /// Puts it together; see the properties.
    public init(since: Timestamp, failedCalls: Int, bots: [Bot], users: Int, isLowerBound: Bool) {
        self.since = since
        self.failedCalls = failedCalls
        self.bots = bots
        self.users = users
        self.isLowerBound = isLowerBound
    }
}
