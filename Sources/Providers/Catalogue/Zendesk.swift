import Domain

extension Provider {
    /// Zendesk. Each refresh ends the old refresh token; an access token lasts until it is revoked, unless its answer
    /// says otherwise.
    static let zendesk = Provider(
        application: .zendesk,
        methods: [
            AuthMethod(
                .oauth2, .bearer,
                fields: [subdomain]
                    + CredentialField.ownClient("The OAuth client's identifier, if it is not the operator's.")),
            AuthMethod(
                .basic, .basic(user: "{email}/token", password: "{api_token}"),
                fields: [
                    subdomain,
                    CredentialField(
                        "email", "The e-mail address of the agent.", aliases: ["username"], format: .userName),
                    CredentialField(
                        "api_token", "The API token, from Zendesk's Admin Center.", aliases: ["password"],
                        isSecret: true, format: .token),
                ]),
        ],
        oauth: OAuthEndpoints(
            authorizeURL: "https://{subdomain}.zendesk.com/oauth/authorizations/new",
            tokenURL: "https://{subdomain}.zendesk.com/oauth/tokens",
            revokeURL: "https://{subdomain}.zendesk.com/api/v2/oauth/tokens/current.json",
            scopes: ["read", "write"],
            rotatesRefreshTokens: true,
            revocation: .delete),
        probeURL: "https://{subdomain}.zendesk.com/api/v2/users/me.json",
        apiURL: "https://{subdomain}.zendesk.com",
        errorShapes: [anonymous, .errorObject, .errorText],
        account: AccountPlaces(ids: [["user", "id"]], names: [["user", "email"], ["user", "name"]])
    )

    private static let subdomain = CredentialField(
        "subdomain", "The first part of the account's address, such as acme of acme.zendesk.com.", need: .inURLs,
        format: .subdomain)

    /// Who is not signed in is shown as a user without an id, under a success.
    private static let anonymous = ErrorShape { json, isSuccess in
        guard isSuccess, case .object(let user)? = json["user"], user["id"] == .null else { return nil }
        return ErrorReading(code: nil, sentence: "nobody is signed in")
    }
}
