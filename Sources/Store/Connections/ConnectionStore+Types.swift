public import Domain
public import Foundation

/// A connection that is to be made.
public struct NewConnection: Sendable {
    /// As people name it: 1…200 characters, once in a tenant.
    public var name: String
    /// What it gives access to.
    public var application: Application
    /// How it proves who calls.
    public var auth: ConnectionAuth
    /// What is not secret of its credentials.
    public var settings: [String: String]
    /// What is; by the names of the catalogue.
    public var credentials: [String: String]
    /// What calls with it, as far as that is known.
    public var nodes: [ConnectionNode]

    /// Puts it together; see the properties.
    public init(
        name: String, application: Application, auth: ConnectionAuth, settings: [String: String] = [:],
        credentials: [String: String] = [:], nodes: [ConnectionNode] = []
    ) {
        self.name = name
        self.application = application
        self.auth = auth
        self.settings = settings
        self.credentials = credentials
        self.nodes = nodes
    }
}

/// A place in the list of connections: behind one of them, which may be gone by the time of the next page.
public struct ConnectionPosition: Sendable, Hashable {
    /// When the connection was made.
    public var createdAt: Timestamp
    /// The connection.
    public var id: UUID

    /// The place behind a connection.
    /// - Parameter connection: the last one of a page.
    public init(_ connection: Connection) {
        createdAt = connection.createdAt
        id = connection.id
    }

    /// Reads a place that `text` wrote; nil for any other text.
    /// - Parameter text: `microseconds:id`.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, let microseconds = Int64(parts[0]), let id = UUID(uuidString: String(parts[1])) else {
            return nil
        }
        createdAt = Timestamp(microseconds: microseconds)
        self.id = id
    }

    /// As a cursor holds it.
    public var text: String { "\(createdAt.microseconds):\(id.uuidString)" }
}

/// What to change of a connection; nil leaves it.
public struct ConnectionChange: Sendable {
    /// Another name.
    public var name: String?
    /// The nodes that were told, instead of those told before; what was learnt from calls stays.
    public var nodes: [ConnectionNode]?
    /// Other settings.
    public var settings: [String: String]?
    /// Other credentials; what the application granted stays.
    public var credentials: [String: String]?
    /// Whether it may be used.
    public var isEnabled: Bool?

    /// Changes nothing.
    public init() {}

    /// The names of the fields that it changed; credentials are secrets and count as other ones.
    func fields(from before: Connection, to after: Connection) -> [String] {
        func told(_ connection: Connection) -> Set<[String]> {
            Set(connection.nodes.filter { !$0.isLearnt }.map { [$0.botID, $0.nodeID, $0.path ?? ""] })
        }
        let isDisabled = (before: before.health.state == .disabled, after: after.health.state == .disabled)
        return (before.name == after.name ? [] : ["name"]) + (told(before) == told(after) ? [] : ["nodes"])
            + (before.settings == after.settings ? [] : ["settings"]) + (credentials == nil ? [] : ["credentials"])
            + (isDisabled.before == isDisabled.after ? [] : ["enabled"])
    }
}

/// A connection with its secrets, for whoever calls with it.
public struct StoredSecrets: Sendable {
    /// The connection, without its nodes.
    public var connection: Connection
    /// What it calls with.
    public var secrets: ConnectionSecrets
    /// Raised by every change of the secrets.
    public var version: Int64
    /// Whose account at the application it is, by its id there; nil when that is not known.
    public var accountID: String?
    /// Whether somebody began to buy another access token and was never heard of again: the application may have taken the
    /// refresh token back and given another one that nobody has.
    public var interruptedRefresh: Bool
}

/// What became of asking to be the one who buys another access token.
public enum RefreshClaim: Sendable {
    /// The caller is, for `ConnectionStore.refreshSeconds`, and has to keep the grant or to release the claim.
    case claimed(StoredSecrets, claim: UUID)
    /// Somebody else is, until then at most.
    case busy(until: Timestamp)
    /// The secrets are others by now; they are to be read again.
    case changed
    /// There is no such connection any more.
    case gone
}
