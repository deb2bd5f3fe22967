/// Where and how an application speaks OAuth 2.0 (RFC 6749). URLs may hold `{…}` for a connection's settings.
public struct OAuthEndpoints: Sendable {
    /// How the client proves itself at the token endpoint (RFC 6749, section 2.3.1).
    public enum ClientAuthentication: String, Sendable, CaseIterable {
        /// By the header `Authorization`.
        case basic
        /// By `client_id` and `client_secret` in the form.
        case body
    }

    /// How a grant is given back.
    public enum Revocation: Sendable {
        /// The token in a form, as RFC 7009 has it.
        case form
        /// DELETE with the access token as bearer.
        case delete
    }

    /// Where people agree; nil when only the connection can say.
    public var authorizeURL: String?
    /// Where codes and refresh tokens are turned into access tokens; nil when only the connection can say.
    public var tokenURL: String?
    /// Where a grant is given back; nil where that can't be done.
    public var revokeURL: String?
    /// What is asked for.
    public var scopes: [String]
    /// Further parameters of the authorise URL.
    public var authorizeParameters: [(name: String, value: String)]
    /// How the client proves itself.
    public var clientAuthentication: ClientAuthentication
    /// The one value of `iss` (RFC 9207) that is right where it comes back; nil when it has to fit the authorise URL.
    public var issuer: String?
    /// Whether each refresh brings another refresh token and ends the old one.
    public var rotatesRefreshTokens: Bool
    /// Seconds that an access token is assumed to last where its answer does not say; nil when nothing is assumed.
    public var assumedLifetime: Int64?
    /// How a grant is given back.
    public var revocation: Revocation
    /// What else of a token answer is kept, since calls need it or it says whose grant it is.
    let extras: [String]
    /// The operator's client; nil when there is none.
    var client: OAuthClient?

    init(
        authorizeURL: String? = nil, tokenURL: String? = nil, revokeURL: String? = nil, scopes: [String] = [],
        authorizeParameters: [(name: String, value: String)] = [], clientAuthentication: ClientAuthentication = .body,
        issuer: String? = nil, rotatesRefreshTokens: Bool = false, assumedLifetime: Int64? = nil,
        revocation: Revocation = .form, extras: [String] = []
    ) {
        self.authorizeURL = authorizeURL
        self.tokenURL = tokenURL
        self.revokeURL = revokeURL
        self.scopes = scopes
        self.authorizeParameters = authorizeParameters
        self.clientAuthentication = clientAuthentication
        self.issuer = issuer
        self.rotatesRefreshTokens = rotatesRefreshTokens
        self.assumedLifetime = assumedLifetime
        self.revocation = revocation
        self.extras = extras
    }

    /// Whether the operator's client stands ready; without it a connection has to bring its own.
    public var hasClient: Bool { client != nil }

    mutating func apply(_ block: ProvidersFile.Block) {
        if let url = block.authorizeURL {
            authorizeURL = url
            // another server has another name
            issuer = nil
        }
        tokenURL = block.tokenURL ?? tokenURL
        if let url = block.revokeURL {
            revokeURL = url
            // a server of the operator's choice speaks the standard, unless it is the application's own under another
            // name
            if !url.contains("/oauth/tokens/current") { revocation = .form }
        }
        scopes = block.scopes ?? scopes
        client = block.clientID.map { OAuthClient(id: $0, secret: block.clientSecret) }
    }
}

/// An OAuth client as an application knows it.
struct OAuthClient: Sendable, Hashable {
    var id: String
    /// Nil for a client that can't keep one.
    var secret: String?
}
