public import Domain
import Foundation

extension ConnectionState {
    /// The state as people read it.
    public var words: String {
        switch self {
        case .healthy: "Healthy"
        case .degraded: "Degraded"
        case .needsReauth: "Needs reauthorisation"
        case .disabled: "Switched off"
        }
    }

    var standing: Standing {
        switch self {
        case .healthy: .success
        case .degraded: .warning
        case .needsReauth: .error
        case .disabled: .neutral
        }
    }

    var badge: Badge { Badge(words, standing) }
}

extension ConnectionAuth {
    /// What proves who calls, as people read it.
    var words: String {
        switch self {
        case .oauth2: "Sign-in at the application"
        case .apiKey: "API key"
        case .basic: "User and password"
        }
    }
}

extension ConnectionEvent.Kind {
    var badge: Badge {
        switch self {
        case .created: Badge("Made", .neutral)
        case .authorised: Badge("Authorised", .success)
        case .credentialsChanged: Badge("Credentials replaced", .neutral)
        case .broken: Badge("Broke", .error)
        case .degraded: Badge("Degraded", .warning)
        case .recovered: Badge("Works again", .success)
        case .disabled: Badge("Switched off", .neutral)
        case .enabled: Badge("Switched on", .neutral)
        }
    }
}

extension Connection {
    /// Its page.
    public var path: String { "/connections/\(id.uuidString.lowercased())" }

    /// Its failed calls in the logs.
    var failedCallsPath: String { "/logs?status=error&connection=\(id.uuidString.lowercased())" }
}

/// The name of a credential or setting as people read it: `api_key` is "API key".
func fieldWords(_ name: String) -> String {
    let capitals: Set = ["api", "url", "id", "sid"]
    let words = name.split(separator: "_").map { capitals.contains(String($0)) ? $0.uppercased() : String($0) }
    let text = words.joined(separator: " ")
    return text.prefix(1).uppercased() + text.dropFirst()
}
