import Domain

extension Provider {
    /// A flow that is started from outside. Its address differs per installation: the connection or the operator
    /// gives it.
    static let apiTrigger = Provider(
        application: .apiTrigger,
        methods: [
            AuthMethod(
                .apiKey, .header(name: "Authorization", value: "Bearer {api_key}"),
                fields: [.apiKey("The key that starts the flow."), .apiURL, .probeURL]),
            AuthMethod(
                .basic, .basic(user: "{username}", password: "{password}"),
                fields: [.username, .password, .apiURL, .probeURL]),
        ],
        probeAnswersJSON: false
    )
}
