public import Domain

/// A connection as calls need it: what it is for and what it calls with.
public struct ProviderTarget: Sendable {
    /// What it gives access to.
    public var application: Application
    /// How it proves who calls.
    public var auth: ConnectionAuth
    /// What is not secret of its credentials.
    public var settings: [String: String]
    /// What is secret, opened.
    public var secrets: ConnectionSecrets

    /// Puts a target together; see the properties.
    public init(
        application: Application, auth: ConnectionAuth, settings: [String: String], secrets: ConnectionSecrets
    ) {
        self.application = application
        self.auth = auth
        self.settings = settings
        self.secrets = secrets
    }

    /// What was typed in under a name, secret or not; nil when nothing was.
    func given(_ name: String) -> String? {
        let value = settings[name] ?? secrets.credentials[name]
        return value?.isEmpty == true ? nil : value
    }

    /// All that must not be repeated in words.
    var secretValues: [String] {
        let ofGrant = [secrets.grant?.accessToken, secrets.grant?.refreshToken].compactMap(\.self)
        return Array(secrets.credentials.values) + ofGrant
    }
}
