public import Domain

/// A place of the console that the rail leads to. The raw value names its icon.
public enum Section: String, Sendable, CaseIterable {
    case logs, connections, bots, shares, usage, audit, notifications, team
    case apiKeys = "keys"

    /// What the rail says.
    public var words: String {
        switch self {
        case .logs: "Logs"
        case .connections: "Connections"
        case .bots: "Bots"
        case .shares: "Shares"
        case .usage: "Usage"
        case .audit: "Audit"
        case .notifications: "Notifications"
        case .team: "Team"
        case .apiKeys: "API keys"
        }
    }

    /// Where it is.
    public var path: String {
        switch self {
        case .logs, .connections, .bots, .shares, .usage, .audit, .team: "/\(rawValue)"
        case .notifications: "/settings/notifications"
        case .apiKeys: "/api-keys"
        }
    }

    /// What it takes to see it.
    public var permission: Permission {
        switch self {
        case .logs: .callLogsRead
        case .connections: .connectionsRead
        case .bots: .callLogsRead
        case .shares: .callLogsShare
        case .usage: .callLogsRead
        case .audit: .auditRead
        case .notifications: .ownNotificationPreferences
        case .team: .teamManage
        case .apiKeys: .apiKeysManage
        }
    }

    /// Whether it stands under the heading "Settings".
    var isSetting: Bool {
        switch self {
        case .notifications, .team, .apiKeys: true
        case .logs, .connections, .bots, .shares, .usage, .audit: false
        }
    }
}

extension Role {
    /// The role as people read it.
    public var words: String {
        switch self {
        case .owner: "Owner"
        case .supervisor: "Supervisor"
        case .botBuilder: "Bot builder"
        case .agent: "Agent"
        }
    }
}
