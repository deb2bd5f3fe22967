/// How a transaction begins: isolation, access, and settings that end with it.
public struct TransactionSettings: Sendable {
    /// What a transaction sees of others.
    public enum Isolation: String, Sendable {
        /// Each statement sees what was committed before it.
        case readCommitted = "read committed"
        /// Every statement sees what was committed before the first.
        case repeatableRead = "repeatable read"
        /// As if transactions ran one after another.
        case serializable
    }

    /// The role to act as, by `set local role`; nil keeps the session's.
    public var role: String?
    /// Further settings, by `set local`, in this order. A value is one string, not a list.
    ///
    /// A longer `statement_timeout` also needs a longer `responseTimeout` of the connection.
    public var local: [(name: String, value: String)]
    /// nil is the database's default.
    public var isolation: Isolation?
    /// Whether writing is refused.
    public var readOnly: Bool

    /// How a transaction begins.
    /// - Parameters:
    ///   - role: to act as; nil keeps the session's.
    ///   - local: further settings, by `set local`, in this order.
    ///   - isolation: nil is the database's default.
    ///   - readOnly: whether writing is refused.
    public init(
        role: String? = nil,
        local: [(name: String, value: String)] = [],
        isolation: Isolation? = nil,
        readOnly: Bool = false
    ) {
        self.role = role
        self.local = local
        self.isolation = isolation
        self.readOnly = readOnly
    }

    /// The `begin` statement.
    var begin: String {
        guard isolation != nil || readOnly else { return "begin" }
        let level = isolation.map { " isolation level \($0.rawValue)" } ?? ""
        return "begin" + level + (readOnly ? " read only" : "")
    }

    /// The `set local` statements. Not `set_config()`, which does not travel to the other nodes of a cluster.
    var statements: [String] {
        var statements: [String] = []
        statements.reserveCapacity(local.count + 1)
        if let role { statements.append("set local role " + SQL.quoted(identifier: role)) }
        for setting in local {
            let name = setting.name.split(separator: ".", omittingEmptySubsequences: false)
                .map { SQL.quoted(identifier: String($0)) }.joined(separator: ".")
            statements.append("set local \(name) = \(SQL.quoted(literal: setting.value))")
        }
        return statements
    }
}
