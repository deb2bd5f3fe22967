import Domain

extension Provider {
    /// Salesforce. Calls go to the instance that comes with the tokens. An access token's answer does not say how
    /// long it lasts: that is a setting of the organisation.
    static let salesforce = Provider(
        application: .salesforce,
        methods: [
            AuthMethod(
                .oauth2, .bearer,
                fields: [
                    CredentialField(
                        "login_host",
                        "Where people sign in: login.salesforce.com, for sandboxes test.salesforce.com, or an own one.",
                        need: .never, format: .salesforceHost, fallback: "login.salesforce.com")
                ]
                    + CredentialField.ownClient("The consumer key of the connected app, if it is not the operator's."))
        ],
        oauth: OAuthEndpoints(
            authorizeURL: "https://{login_host}/services/oauth2/authorize",
            tokenURL: "https://{login_host}/services/oauth2/token",
            revokeURL: "https://{login_host}/services/oauth2/revoke",
            scopes: ["api", "refresh_token", "openid"],
            extras: ["instance_url", "id"]),
        probeURL: "https://{login_host}/services/oauth2/userinfo",
        apiURL: "{instance_url}",
        errorShapes: [composite, .list, .errorText],
        rateLimitCodes: ["REQUEST_LIMIT_EXCEEDED", "rate_limit_exceeded", "SERVER_UNAVAILABLE", "UNABLE_TO_LOCK_ROW"],
        account: AccountPlaces(ids: [["user_id"], ["sub"]], names: [["preferred_username"], ["email"]])
    )

    /// `{"compositeResponse":[{"httpStatusCode":400,"body":[{"errorCode":"…","message":"…"}]}]}`, under a success.
    private static let composite = ErrorShape { json, _ in
        let failed = json["compositeResponse"]?.elements?.first { part in
            guard case .integer(let status) = part["httpStatusCode"] else { return false }
            return status >= 400
        }
        guard let first = failed?["body"]?.elements?.first else { return nil }
        return ErrorReading(code: first["errorCode"]?.word, sentence: first["message"]?.text)
    }
}
