public import Foundation

/// A tenant's access to an application: what its bots' nodes call with.
///
/// Its secrets are not here: they are sealed in the store and opened for a call alone.
public struct Connection: Sendable {
    /// Its id; stays the same however often it is authorised anew.
    public var id: UUID
    /// As people named it.
    public var name: String
    /// What it gives access to.
    public var application: Application
    /// How it proves who calls.
    public var auth: ConnectionAuth
    /// How it is, by what checks and calls found.
    public var health: ConnectionHealth
    /// What is not secret of its credentials, such as a subdomain.
    public var settings: [String: String]
    /// Whose account at the application it is, in words; nil until that is known.
    public var account: String?
    /// When what it calls with runs out; nil when it does not, or nothing is known.
    public var expiresAt: Timestamp?
    /// When the next check is due; nil when none is.
    public var nextCheckAt: Timestamp?
    /// When a person last authorised it; nil before the first time.
    public var authorisedAt: Timestamp?
    /// When it was made.
    public var createdAt: Timestamp
    /// What calls with it; empty in lists.
    public var nodes: [ConnectionNode]

    /// Puts a connection together; see the properties.
    public init(
        id: UUID, name: String, application: Application, auth: ConnectionAuth, health: ConnectionHealth,
        settings: [String: String], account: String?, expiresAt: Timestamp?, nextCheckAt: Timestamp?,
        authorisedAt: Timestamp?, createdAt: Timestamp, nodes: [ConnectionNode] = []
    ) {
        self.id = id
        self.name = name
        self.application = application
        self.auth = auth
        self.health = health
        self.settings = settings
        self.account = account
        self.expiresAt = expiresAt
        self.nextCheckAt = nextCheckAt
        self.authorisedAt = authorisedAt
        self.createdAt = createdAt
        self.nodes = nodes
    }

    /// The most connections of a tenant.
    public static let mostOfATenant = 20_000
    /// The most nodes of a connection, explicit and learnt.
    public static let mostNodes = 1_000
}

/// How a connection proves who calls.
public enum ConnectionAuth: String, Sendable, CaseIterable {
    case oauth2
    case apiKey = "api_key"
    case basic
}

/// A node of a bot's flow that calls with a connection.
public struct ConnectionNode: Sendable, Hashable {
    /// Whether the node can call.
    public enum State: String, Sendable, CaseIterable {
        /// It calls with the connection.
        case attached
        /// It fails until the connection is authorised again.
        case broken
    }

    /// The client's own id of the bot.
    public var botID: String
    /// The client's own id of the node; empty where calls name a path alone.
    public var nodeID: String
    /// Where in the bot it is, for people.
    public var path: String?
    /// Whether it can call.
    public var state: State
    /// Whether it was learnt from calls rather than told.
    public var isLearnt: Bool

    /// Names a node; see the properties.
    public init(botID: String, nodeID: String, path: String?, state: State = .attached, isLearnt: Bool = false) {
        self.botID = botID
        self.nodeID = nodeID
        self.path = path
        self.state = state
        self.isLearnt = isLearnt
    }
}

/// What is kept of a connection to prove who calls: secret, sealed at rest.
public struct ConnectionSecrets: Sendable, Codable, Hashable {
    /// What was typed in: an API key, user name and password, an own OAuth client. By the names of the catalogue.
    public var credentials: [String: String]
    /// What the application granted; nil without OAuth, and before it was authorised.
    public var grant: OAuthGrant?

    /// Puts secrets together.
    /// - Parameters:
    ///   - credentials: what was typed in.
    ///   - grant: what the application granted.
    public init(credentials: [String: String], grant: OAuthGrant? = nil) {
        self.credentials = credentials
        self.grant = grant
    }
}

/// What an application granted by OAuth 2.0.
public struct OAuthGrant: Sendable, Codable, Hashable {
    /// What calls carry.
    public var accessToken: String
    /// What buys the next access token; nil when none was given.
    public var refreshToken: String?
    /// Microseconds since 1970 at which the access token runs out; nil when that was not said.
    public var expiresAtMicroseconds: Int64?
    /// When it is time for another access token; before it runs out.
    public var renewAtMicroseconds: Int64?
    /// What it may be used for, as the application said.
    public var scope: String?
    /// What else came with the tokens and is needed for calls, such as `instance_url`.
    public var extras: [String: String]

    /// Puts a grant together; see the properties.
    public init(
        accessToken: String, refreshToken: String?, expiresAt: Timestamp?, renewAt: Timestamp?, scope: String?,
        extras: [String: String] = [:]
    ) {
        self.accessToken = accessToken
        self.refreshToken = refreshToken
        expiresAtMicroseconds = expiresAt?.microseconds
        renewAtMicroseconds = renewAt?.microseconds
        self.scope = scope
        self.extras = extras
    }

    /// When the access token runs out; nil when that was not said.
    public var expiresAt: Timestamp? { expiresAtMicroseconds.map(Timestamp.init(microseconds:)) }
    /// When it is time for another access token.
    public var renewAt: Timestamp? { renewAtMicroseconds.map(Timestamp.init(microseconds:)) }
}
