import Foundation

/// What a message about a connection says; it stands in the ledger as JSON. No secrets.
public struct ConnectionNews: Sendable, Codable, Hashable {
    /// The tenant's name.
    public var tenantName: String
    /// The connection's id.
    public var connectionID: String
    /// As people named it.
    public var connectionName: String
    /// The application's key.
    public var application: String
    /// The application's name.
    public var applicationName: String
    /// What happened.
    public var change: ConnectionHealth.Change
    /// How it is now.
    public var state: String
    /// Why, in a sentence.
    public var stateReason: String?
    /// Since when, RFC 3339.
    public var since: String
    /// For a recovery: since when it had not worked, RFC 3339.
    public var brokenSince: String?
    /// Names of bots whose calls failed, or whose nodes are bound to it.
    public var bots: [String]
    /// Bots beyond those named.
    public var moreBots: Int
    /// Places in the flows that call with it.
    public var nodes: [String]
    /// Nodes beyond those named.
    public var moreNodes: Int
    /// End users whose calls failed.
    public var users: Int
    /// Calls that failed since then.
    public var failedCalls: Int
    /// Where it is authorised.
    public var connectionURL: String

    enum CodingKeys: String, CodingKey {
        case tenantName = "tenant_name"
        case connectionID = "connection_id"
        case connectionName = "connection_name"
        case application
        case applicationName = "application_name"
        case change
        case state
        case stateReason = "state_reason"
        case since
        case brokenSince = "broken_since"
        case bots
        case moreBots = "more_bots"
        case nodes
        case moreNodes = "more_nodes"
        case users
        case failedCalls = "failed_calls"
        case connectionURL = "connection_url"
    }

    /// Names beyond this are counted only.
    static let mostNames = 5

    /// Puts the news together.
    /// - Parameters:
    ///   - connection: with its nodes.
    ///   - change: what happened.
    ///   - brokenSince: for a recovery, since when it had not worked.
    ///   - impact: what was hit; nil when that could not be found out.
    ///   - tenantName: whose it is.
    ///   - links: where people read more.
    public init(
        _ connection: Connection, _ change: ConnectionHealth.Change, brokenSince: Timestamp?, impact: ConnectionImpact?,
        tenantName: String, links: PublicLinks
    ) {
        self.tenantName = tenantName
        connectionID = connection.id.uuidString.lowercased()
        connectionName = connection.name
        application = connection.application.rawValue
        applicationName = connection.application.name
        self.change = change
        state = connection.health.state.rawValue
        stateReason = connection.health.reason
        since = connection.health.since.description
        self.brokenSince = brokenSince?.description
        var names = (impact?.bots ?? []).map { $0.name.isEmpty ? $0.id : $0.name }
        let counted = Set((impact?.bots ?? []).map(\.id))
        for node in connection.nodes where !counted.contains(node.botID) && !names.contains(node.botID) {
            names.append(node.botID)
        }
        bots = Array(names.prefix(Self.mostNames))
        moreBots = max(names.count - Self.mostNames, 0)
        let places = connection.nodes.map { $0.path ?? $0.nodeID }
        nodes = Array(places.prefix(Self.mostNames))
        moreNodes = max(places.count - Self.mostNames, 0)
        users = impact?.users ?? 0
        failedCalls = impact?.failedCalls ?? 0
        connectionURL = links.connection(connection.id)
    }
}
