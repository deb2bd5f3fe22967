/// What a person is within a tenant.
public enum Role: String, Sendable, CaseIterable {
    case owner
    case supervisor
    case botBuilder = "bot_builder"
    case agent

    /// What people of this role may do.
    public var permissions: Set<Permission> {
        Set(Permission.allCases.filter { $0.isGranted(to: self) })
    }
}

/// Something that a request may need.
public enum Permission: String, Sendable, CaseIterable {
    case callLogsRead = "call_logs.read"
    case callLogsExport = "call_logs.export"
    case callLogsWrite = "call_logs.write"
    case botsManage = "bots.manage"

    /// Whether people of a role have this permission; the matrix of roles.
    /// - Parameter role: the person's role in the tenant of the request.
    public func isGranted(to role: Role) -> Bool {
        switch (self, role) {
        case (.callLogsRead, .owner), (.callLogsRead, .supervisor), (.callLogsRead, .botBuilder): true
        case (.callLogsExport, .owner), (.callLogsExport, .supervisor), (.callLogsExport, .botBuilder): true
        case (.botsManage, .owner), (.botsManage, .supervisor), (.botsManage, .botBuilder): true
        case (.callLogsRead, .agent), (.callLogsExport, .agent), (.botsManage, .agent): false
        // entries come from the platform's own backend, by key
        case (.callLogsWrite, .owner), (.callLogsWrite, .supervisor), (.callLogsWrite, .botBuilder): false
        case (.callLogsWrite, .agent): false
        }
    }

    /// Whether keys of a scope have this permission.
    /// - Parameter scope: one of the key's scopes.
    public func isGranted(to scope: Scope) -> Bool {
        switch self {
        case .callLogsRead, .callLogsExport: scope == .callLogsRead
        case .callLogsWrite: scope == .callLogsWrite
        case .botsManage: false
        }
    }

    /// Whether the tenant's plan must include call logs.
    public var needsCallLogs: Bool {
        switch self {
        case .callLogsRead, .callLogsExport, .callLogsWrite, .botsManage: true
        }
    }
}

/// What an API key may do.
public enum Scope: String, Sendable, CaseIterable {
    case callLogsWrite = "call_logs:write"
    case callLogsRead = "call_logs:read"
    case auditRead = "audit:read"
    case auditWrite = "audit:write"
    case connectionsRead = "connections:read"
    case connectionsToken = "connections:token"
    case connectionsWrite = "connections:write"
}
