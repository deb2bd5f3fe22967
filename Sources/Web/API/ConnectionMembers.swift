import Connections
import Domain
import Store

/// What bodies and forms say of connections.
extension BodyMembers {
    /// The members of a connection that is to be made.
    static let ofNewConnection: Set = ["application", "name", "auth", "credentials", "nodes"]
    /// The members of a connection that can be changed.
    static let ofConnection: Set = ["name", "nodes", "credentials", "enabled"]
    /// Bytes of one of the credentials.
    private static let longestCredential = 8 << 10

    /// A connection that is to be made.
    /// - Throws: `Problem` with all that is wrong.
    mutating func newConnection() throws(Problem) -> ConnectionService.Proposal {
        require("application", "name", "auth")
        let application = choice("application", of: Application.self)
        let auth = choice("auth", of: ConnectionAuth.self)
        let name = connectionName()
        let credentials = texts("credentials", longest: Self.longestCredential)
        let nodes = connectionNodes()
        try finish()
        guard let application, let auth, let name else {
            throw Problem(.invalidParameter, "application, name and auth are needed.")
        }
        return .init(
            application: application, auth: auth, name: name, credentials: credentials ?? [:], nodes: nodes ?? [])
    }

    /// What to change of a connection, its credentials apart.
    /// - Throws: `Problem` with all that is wrong.
    mutating func connectionChange() throws(Problem) -> (ConnectionChange, credentials: [String: String]?) {
        var change = ConnectionChange()
        change.name = connectionName()
        change.nodes = connectionNodes()
        change.isEnabled = truth("enabled")
        let credentials = texts("credentials", longest: Self.longestCredential)
        try finish()
        return (change, credentials)
    }

    /// A name; nil when absent.
    private mutating func connectionName() -> String? {
        guard let name = text("name") else { return nil }
        return name.isEmpty ? issue("name", "required", "a connection needs a name") : name
    }

    /// Nodes; nil when absent.
    private mutating func connectionNodes() -> [ConnectionNode]? {
        objects("nodes", most: Connection.mostNodes, allowing: ["bot_id", "node_id", "path"]) { node in
            let bot = node.requiredText("bot_id", longest: 128)
            let id = node.text("node_id", longest: 128)
            let path = node.text("path", longest: 1000)
            guard id != nil || path != nil else {
                return node.issue("node_id", "required", "a node has a node_id or a path")
            }
            return ConnectionNode(botID: bot, nodeID: id ?? "", path: path)
        }
    }
}
