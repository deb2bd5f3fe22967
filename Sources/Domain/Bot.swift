/// A bot as the tenant's people see it. Bots register themselves by their first entry.
public struct Bot: Sendable, Hashable {
    /// The client's own id.
    public var id: String
    /// The name that people read.
    public var name: String
    /// Makes the link to a flow's node: `{bot_id}`, `{path}` and `{node_id}` are filled in.
    public var sourceURLTemplate: String?
    /// When its first entry came.
    public var createdAt: Timestamp

    /// Puts a bot together; see the properties.
    public init(id: String, name: String, sourceURLTemplate: String?, createdAt: Timestamp) {
        self.id = id
        self.name = name
        self.sourceURLTemplate = sourceURLTemplate
        self.createdAt = createdAt
    }
}
