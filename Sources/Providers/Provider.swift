public import Domain

/// How an application is authorised, asked and called. A value: one per application, in `Catalogue`.
public struct Provider: Sendable {
    /// Whose access this is about.
    public let application: Application
    /// The ways to prove who calls, with what each wants typed in.
    public internal(set) var methods: [AuthMethod]
    /// Where OAuth 2.0 is spoken; nil where it is not.
    public var oauth: OAuthEndpoints?
    /// What a check calls, with `{…}` for settings and what came with a grant; nil when nothing is known to ask.
    public var probeURL: String?
    /// What a proxied call's path is put behind, as `probeURL`; nil when only the connection can say.
    public var apiURL: String?

    /// Whether a probe that succeeds is answered in JSON; false where people choose the URL themselves.
    let probeAnswersJSON: Bool
    /// How its errors read, the first that fits.
    let errorShapes: [ErrorShape]
    /// Codes of errors that mean "later", whatever their status.
    let rateLimitCodes: Set<String>
    /// Whose account an answer of the probe is about.
    let account: AccountPlaces

    init(
        application: Application, methods: [AuthMethod], oauth: OAuthEndpoints? = nil, probeURL: String? = nil,
        apiURL: String? = nil, probeAnswersJSON: Bool = true, errorShapes: [ErrorShape] = [],
        rateLimitCodes: Set<String> = [], account: AccountPlaces = AccountPlaces()
    ) {
        self.application = application
        self.methods = methods
        self.oauth = oauth
        self.probeURL = probeURL
        self.apiURL = apiURL
        self.probeAnswersJSON = probeAnswersJSON
        self.errorShapes = errorShapes
        self.rateLimitCodes = rateLimitCodes
        self.account = account
    }

    /// The way to prove who calls; nil when the application has no such way.
    /// - Parameter auth: as a connection names it.
    public func method(_ auth: ConnectionAuth) -> AuthMethod? { methods.first { $0.auth == auth } }

    /// What an answer says went wrong, also under a 200; nil when it says nothing of the kind.
    /// - Parameter answer: any.
    public func reading(of answer: ProviderAnswer) -> ErrorReading? {
        guard let json = answer.json else { return nil }
        for shape in errorShapes + ErrorShape.common {
            guard var reading = shape.read(json, answer.isSuccess) else { continue }
            reading.isRateLimit = reading.codes.contains { rateLimitCodes.contains($0) }
            return reading
        }
        return nil
    }
}

// MARK: - With the operator's overrides

extension Provider {
    /// Lays an operator's block over what the catalogue knows.
    ///
    /// Where it names an authorise and a token URL, the application is authorised by OAuth 2.0 even if the catalogue
    /// knows nothing of it.
    mutating func apply(_ block: ProvidersFile.Block) {
        probeURL = block.probeURL ?? probeURL
        apiURL = block.apiURL ?? apiURL
        if oauth == nil, block.authorizeURL != nil, block.tokenURL != nil {
            oauth = OAuthEndpoints()
            methods.append(AuthMethod(.oauth2, .bearer, fields: [.probeURL, .apiURL]))
        }
        oauth?.apply(block)
    }

    /// Decides which fields have to be given, now that the URLs are known.
    mutating func settleFields() {
        for method in methods.indices {
            let auth = methods[method].auth
            for field in methods[method].fields.indices {
                methods[method].fields[field].isRequired = isRequired(methods[method].fields[field], of: auth)
            }
        }
    }

    private func isRequired(_ field: CredentialField, of auth: ConnectionAuth) -> Bool {
        switch field.need {
        case .always: true
        case .never: false
        case .unlessKnown(let member): value(of: member) == nil
        case .inURLs: urls(of: auth).contains { URLTemplate($0).names.contains(field.name) }
        }
    }

    private func value(of member: CredentialField.Member) -> String? {
        switch member {
        case .authorizeURL: oauth?.authorizeURL
        case .tokenURL: oauth?.tokenURL
        case .client: oauth?.client?.id
        }
    }

    /// The names that its templates may hold: what is typed in and not secret, and what comes with a grant.
    var placeholders: Set<String> {
        let fields = methods.flatMap(\.fields).filter { !$0.isSecret }.map(\.name)
        return Set(fields).union(oauth?.extras ?? [])
    }

    /// Every template that a connection of this kind is called by.
    func urls(of auth: ConnectionAuth) -> [String] {
        let ofOAuth = auth == .oauth2 ? [oauth?.authorizeURL, oauth?.tokenURL, oauth?.revokeURL] : []
        return (ofOAuth + [probeURL, apiURL]).compactMap(\.self)
    }
}
