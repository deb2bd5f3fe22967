import Domain

extension Provider {
    /// floatchat's own APIs. Their address differs per installation: the connection or the operator gives it.
    static let floatchat = Provider(
        application: .floatchat,
        methods: [
            AuthMethod(
                .apiKey, .header(name: "Authorization", value: "Bearer {api_key}"),
                fields: [.apiKey("The API key of the floatchat account."), .apiURL, .probeURL])
        ],
        probeAnswersJSON: false
    )
}
