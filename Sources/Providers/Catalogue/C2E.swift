import Domain

extension Provider {
    /// C2E. Its address differs per installation: the connection or the operator gives it, and perhaps nothing to
    /// check by.
    static let c2e = Provider(
        application: .c2e,
        methods: [
            AuthMethod(
                .basic, .basic(user: "{username}", password: "{password}"),
                fields: [.username, .password, .apiURL, .probeURL]),
            AuthMethod(
                .apiKey, .header(name: "Authorization", value: "Bearer {api_key}"),
                fields: [.apiKey("The API key."), .apiURL, .probeURL]),
        ],
        probeAnswersJSON: false
    )
}
