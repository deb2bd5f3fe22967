public import Domain

/// One way to prove to an application who calls.
public struct AuthMethod: Sendable {
    /// As a connection names it.
    public let auth: ConnectionAuth
    /// What is typed in for it.
    public internal(set) var fields: [CredentialField]
    /// How calls carry it.
    let carriage: Carriage

    init(_ auth: ConnectionAuth, _ carriage: Carriage, fields: [CredentialField]) {
        self.auth = auth
        self.carriage = carriage
        self.fields = fields
    }

    /// How calls carry what proves who calls. Texts are templates over the fields.
    enum Carriage: Sendable {
        /// `Authorization: Bearer` with the access token.
        case bearer
        /// RFC 7617.
        case basic(user: String, password: String)
        /// A header.
        case header(name: String, value: String)
        /// A header whose name and prefix are fields too.
        case chosenHeader
    }

    /// The field of a name or an alias.
    func field(named name: String) -> CredentialField? {
        fields.first { $0.name == name } ?? fields.first { $0.aliases.contains(name) }
    }
}

/// Something that is typed in to make a connection.
public struct CredentialField: Sendable {
    /// Its name in `credentials`.
    public let name: String
    /// Other names that are understood.
    public let aliases: [String]
    /// Whether it is sealed, and never shown again.
    public let isSecret: Bool
    /// Whether it has to be given, as the URLs stand.
    public internal(set) var isRequired = false
    /// What it is and where it is found, in words.
    public let description: String
    let need: Need
    let format: CredentialFormat
    /// What stands in for it where it was not given.
    let fallback: String?

    /// When a field has to be given.
    enum Need: Sendable {
        case always
        case never
        /// Where a URL of the provider holds it.
        case inURLs
        /// Where neither the catalogue nor the operator gives it.
        case unlessKnown(Member)
    }

    /// What a provider may know by itself.
    enum Member: Sendable {
        case authorizeURL
        case tokenURL
        case client
    }

    init(
        _ name: String, _ description: String, aliases: [String] = [], isSecret: Bool = false, need: Need = .always,
        format: CredentialFormat = .text, fallback: String? = nil
    ) {
        self.name = name
        self.description = description
        self.aliases = aliases
        self.isSecret = isSecret
        self.need = need
        self.format = format
        self.fallback = fallback
    }
}

// MARK: - Fields that several applications share

extension CredentialField {
    static let probeURL = CredentialField(
        "probe_url", "The URL that checks call with the credentials; without it nothing can be checked.", need: .never,
        format: .url)

    static let apiURL = CredentialField(
        "api_url", "The URL that the path of a proxied call is put behind.", need: .never, format: .baseURL)

    static let username = CredentialField(
        "username", "The user name.", aliases: ["user"], format: .userName)

    static let password = CredentialField("password", "The password.", isSecret: true, format: .password)

    /// An API key.
    /// - Parameter description: where it is found.
    static func apiKey(_ description: String) -> CredentialField {
        CredentialField("api_key", description, aliases: ["key", "token"], isSecret: true, format: .token)
    }

    /// Fields of an OAuth client of the connection's own.
    /// - Parameter description: where it is made.
    static func ownClient(_ description: String) -> [CredentialField] {
        [
            CredentialField("client_id", description, need: .unlessKnown(.client), format: .token),
            CredentialField(
                "client_secret", "The secret of that OAuth client.", isSecret: true, need: .never, format: .password),
        ]
    }
}
