public import Foundation

/// Links that people get, below the address by which their browsers know this server.
public struct PublicLinks: Sendable {
    /// Without a slash at its end.
    private let base: String

    /// Links below an address.
    /// - Parameter publicURL: without a slash at its end.
    public init(publicURL: String) { base = publicURL }

    /// Where a new person chooses a password.
    public func setup(_ token: String) -> String { "\(base)/setup/\(token)" }

    /// Where somebody who forgot their password chooses another.
    public func reset(_ token: String) -> String { "\(base)/reset/\(token)" }

    /// Where an invited person joins.
    public func invitation(_ token: String) -> String { "\(base)/invitation/\(token)" }

    /// Where a call is shown.
    public func entry(_ id: UUID) -> String { "\(base)/logs/\(id.uuidString.lowercased())" }

    /// Where a bot's calls are listed.
    public func calls(ofBot id: String) -> String { "\(base)/logs?bot=\(Self.escaped(id))" }

    /// Where a connection is shown and authorised.
    public func connection(_ id: UUID) -> String { "\(base)/connections/\(id.uuidString.lowercased())" }

    /// Where an application sends people back to who have authorised a connection.
    public func oauthCallback(_ application: Application) -> String {
        "\(base)/oauth/callback/\(application.rawValue)"
    }

    /// Where a call is shown to somebody whom it was shared with.
    public func share(_ token: String) -> String { "\(base)/s/\(token)" }

    /// The path of what `share` gives: without scheme and host.
    public func sharePath(_ token: String) -> String {
        "/" + share(token).split(separator: "/", omittingEmptySubsequences: false).dropFirst(3).joined(separator: "/")
    }

    /// Where a tenant's owners, and everybody for themselves, set what is told to whom.
    public var notificationSettings: String { "\(base)/settings/notifications" }

    /// What switches a kind of mail off for whoever got it.
    public func unsubscribe(_ token: String) -> String { "\(base)/n/\(token)/unsubscribe" }

    /// The image that tells that a mail was opened.
    public func opened(_ token: String) -> String { "\(base)/n/\(token)/opened.gif" }

    /// As a value in a query: everything but unreserved characters (RFC 3986) is escaped.
    private static func escaped(_ text: String) -> String {
        let unreserved = CharacterSet(
            charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
        return text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }
}
