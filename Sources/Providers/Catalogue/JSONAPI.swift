import Domain

extension Provider {
    /// Any API that speaks JSON: all that is known of it comes with the connection.
    static let jsonAPI = Provider(
        application: .jsonAPI,
        methods: [
            AuthMethod(
                .apiKey, .chosenHeader,
                fields: [
                    .apiKey("The API key."),
                    CredentialField(
                        "header", "The header that carries the key; Authorization where nothing is given.",
                        need: .never, format: .headerName, fallback: "Authorization"),
                    CredentialField(
                        "prefix", "What stands before the key; Bearer in Authorization, else nothing.", need: .never,
                        format: .headerPrefix),
                    .apiURL, .probeURL,
                ]),
            AuthMethod(
                .basic, .basic(user: "{username}", password: "{password}"),
                fields: [.username, .password, .apiURL, .probeURL]),
            AuthMethod(.oauth2, .bearer, fields: ownEndpoints + [.apiURL, .probeURL]),
        ],
        oauth: OAuthEndpoints(),
        probeAnswersJSON: false
    )

    private static let ownEndpoints =
        [
            CredentialField(
                "authorize_url", "The URL at which people agree.", need: .unlessKnown(.authorizeURL), format: .url),
            CredentialField(
                "token_url", "The URL that turns codes into tokens.", need: .unlessKnown(.tokenURL), format: .url),
            CredentialField("revoke_url", "The URL that ends a token (RFC 7009).", need: .never, format: .url),
            CredentialField("scopes", "What to ask for, with spaces between.", need: .never, format: .scopes),
            CredentialField(
                "client_authentication", "How the client proves itself: body (usual) or basic.", need: .never,
                format: .oneOf(OAuthEndpoints.ClientAuthentication.allCases.map(\.rawValue))),
        ] + CredentialField.ownClient("The id of the OAuth client that was registered there.")
}
