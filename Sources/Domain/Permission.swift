/// Something that a request may need.
public enum Permission: String, Sendable, CaseIterable {
    case callLogsRead = "call_logs.read"
    case callLogsExport = "call_logs.export"
    case callLogsWrite = "call_logs.write"
    case callLogsShare = "call_logs.share"
    case botsManage = "bots.manage"
    case connectionsRead = "connections.read"
    case connectionsReauthorise = "connections.reauthorise"
    case connectionsManage = "connections.manage"
    case connectionsToken = "connections.token"
    case auditRead = "audit.read"
    case auditWrite = "audit.write"
    case notificationSettingsManage = "notification_settings.manage"
    case ownNotificationPreferences = "notification_preferences.own"
    case teamManage = "team.manage"
    case apiKeysManage = "api_keys.manage"
    case tenantManage = "tenant.manage"

    /// Whether people of a role have this permission: the matrix of roles.
    /// - Parameter role: the person's role in the tenant of the request.
    public func isGranted(to role: Role) -> Bool {
        switch self {
        case .callLogsRead, .callLogsExport, .connectionsRead, .connectionsReauthorise, .botsManage:
            switch role {
            case .owner, .supervisor, .botBuilder: true
            case .agent: false
            }
        case .callLogsShare, .connectionsManage, .auditRead:
            switch role {
            case .owner, .supervisor: true
            case .botBuilder, .agent: false
            }
        case .notificationSettingsManage, .teamManage, .apiKeysManage, .tenantManage:
            switch role {
            case .owner: true
            case .supervisor, .botBuilder, .agent: false
            }
        case .ownNotificationPreferences:
            switch role {
            case .owner, .supervisor, .botBuilder, .agent: true
            }
        // programs do these, by key
        case .callLogsWrite, .auditWrite, .connectionsToken:
            switch role {
            case .owner, .supervisor, .botBuilder, .agent: false
            }
        }
    }

    /// Whether keys of a scope have this permission.
    /// - Parameter scope: one of the key's scopes.
    public func isGranted(to scope: Scope) -> Bool {
        switch self {
        case .callLogsRead, .callLogsExport: scope == .callLogsRead
        case .callLogsWrite: scope == .callLogsWrite
        case .auditRead: scope == .auditRead
        case .auditWrite: scope == .auditWrite
        case .connectionsRead: scope == .connectionsRead
        case .connectionsToken: scope == .connectionsToken
        case .connectionsManage, .connectionsReauthorise: scope == .connectionsWrite
        // people do these
        case .callLogsShare, .botsManage, .notificationSettingsManage, .ownNotificationPreferences, .teamManage,
            .apiKeysManage, .tenantManage:
            false
        }
    }

    /// Whether the tenant's plan must include call logs.
    public var needsCallLogs: Bool {
        switch self {
        case .callLogsRead, .callLogsExport, .callLogsWrite, .callLogsShare: true
        case .botsManage, .connectionsRead, .connectionsReauthorise, .connectionsManage, .connectionsToken, .auditRead,
            .auditWrite, .notificationSettingsManage, .ownNotificationPreferences, .teamManage, .apiKeysManage,
            .tenantManage:
            false
        }
    }
}
