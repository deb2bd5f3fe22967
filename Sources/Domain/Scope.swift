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
