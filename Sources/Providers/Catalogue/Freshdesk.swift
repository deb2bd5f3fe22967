import Domain

extension Provider {
    /// Freshdesk: an agent's API key as the user name of Basic authentication; the password is not looked at.
    static let freshdesk = Provider(
        application: .freshdesk,
        methods: [
            AuthMethod(.apiKey, .basic(user: "{api_key}", password: "X"), fields: [subdomain, apiKey]),
            AuthMethod(.basic, .basic(user: "{api_key}", password: "X"), fields: [subdomain, apiKey, unused]),
        ],
        probeURL: "https://{subdomain}.freshdesk.com/api/v2/agents/me",
        apiURL: "https://{subdomain}.freshdesk.com",
        errorShapes: [validation, .plain],
        account: AccountPlaces(ids: [["id"]], names: [["contact", "email"], ["contact", "name"]])
    )

    private static let subdomain = CredentialField(
        "subdomain", "The first part of the account's address, such as acme of acme.freshdesk.com.",
        aliases: ["domain"], need: .inURLs, format: .subdomain)

    private static let apiKey = CredentialField(
        "api_key", "The agent's API key, from the profile settings.", aliases: ["username", "key"], isSecret: true,
        format: .token)

    private static let unused = CredentialField(
        "password", "Not needed: Freshdesk looks at the API key alone.", isSecret: true, need: .never,
        format: .password)

    /// `{"description":"Validation failed","errors":[{"field":"email","message":"…","code":"missing_field"}]}`.
    private static let validation = ErrorShape { json, isSuccess in
        guard !isSuccess, let first = json["errors"]?.elements?.first, let code = first["code"]?.word else {
            return nil
        }
        let words = [json["description"]?.text, first["field"]?.text, first["message"]?.text].compactMap(\.self)
        return ErrorReading(code: code, sentence: words.joined(separator: ": "))
    }
}
