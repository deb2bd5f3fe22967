import Domain

extension Provider {
    /// What Google's applications have in common.
    ///
    /// A refresh token comes only with `access_type=offline`, and again only with `prompt=consent`; a refresh brings
    /// none, so the first one is kept.
    static func google(_ application: Application, scope: String, apiURL: String) -> Provider {
        Provider(
            application: application,
            methods: [AuthMethod(.oauth2, .bearer, fields: [])],
            oauth: OAuthEndpoints(
                authorizeURL: "https://accounts.google.com/o/oauth2/v2/auth",
                tokenURL: "https://oauth2.googleapis.com/token",
                revokeURL: "https://oauth2.googleapis.com/revoke",
                scopes: ["openid", "email", scope],
                authorizeParameters: [("access_type", "offline"), ("prompt", "consent")],
                issuer: "https://accounts.google.com",
                assumedLifetime: 3_600),
            probeURL: "https://openidconnect.googleapis.com/v1/userinfo",
            apiURL: apiURL,
            errorShapes: [.errorObject, .errorText],
            rateLimitCodes: [
                "rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded",
                "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED",
            ],
            account: AccountPlaces(ids: [["sub"]], names: [["email"]]))
    }
}
