import Domain

extension Provider {
    /// Twilio: the account's own token, or an API key of it.
    static let twilio = Provider(
        application: .twilio,
        methods: [
            AuthMethod(
                .basic, .basic(user: "{account_sid}", password: "{auth_token}"),
                fields: [
                    accountSID(aliases: ["username"]),
                    CredentialField(
                        "auth_token", "The auth token, shown beside the account SID.", aliases: ["password"],
                        isSecret: true, format: .token),
                ]),
            AuthMethod(
                .apiKey, .basic(user: "{api_key_sid}", password: "{api_key_secret}"),
                fields: [
                    accountSID(aliases: []),
                    CredentialField(
                        "api_key_sid", "The SID of the API key, which begins with SK.", aliases: ["api_key"],
                        format: .identifier),
                    CredentialField(
                        "api_key_secret", "The secret of the API key, shown when it is made.", isSecret: true,
                        format: .token),
                ]),
        ],
        probeURL: "https://api.twilio.com/2010-04-01/Accounts/{account_sid}.json",
        apiURL: "https://api.twilio.com",
        errorShapes: [message, closedAccount, plain],
        rateLimitCodes: ["20429", "14107"],
        account: AccountPlaces(ids: [["sid"]], names: [["friendly_name"]])
    )

    private static func accountSID(aliases: [String]) -> CredentialField {
        CredentialField(
            "account_sid", "The account SID, which begins with AC, from the front page of Twilio's console.",
            aliases: aliases, format: .identifier)
    }

    /// `{"code":20003,"message":"Authenticate","more_info":"https://…","status":401}`.
    private static let plain = ErrorShape { json, isSuccess in
        guard !isSuccess || json["more_info"] != nil, let code = json["code"]?.word else { return nil }
        return ErrorReading(code: code, sentence: json["message"]?.text)
    }

    /// A message that was taken and then failed: `{"sid":"SM…","error_code":30003,"error_message":"…"}`.
    private static let message = ErrorShape { json, _ in
        guard let code = json["error_code"]?.word else { return nil }
        return ErrorReading(code: code, sentence: json["error_message"]?.text)
    }

    /// An account that may be looked at and nothing else.
    private static let closedAccount = ErrorShape { json, isSuccess in
        guard isSuccess, json["friendly_name"] != nil, let status = json["status"]?.text,
            status == "suspended" || status == "closed"
        else { return nil }
        return ErrorReading(code: status, sentence: "the account is \(status)")
    }
}
