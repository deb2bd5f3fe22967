import Domain

extension Provider {
    /// Clickatell's platform: the key stands bare in `Authorization`.
    static let clickatell = Provider(
        application: .clickatell,
        methods: [
            AuthMethod(
                .apiKey, .header(name: "Authorization", value: "{api_key}"),
                fields: [.apiKey("The API key of the SMS integration, from Clickatell's portal.")])
        ],
        probeURL: "https://platform.clickatell.com/public-client/balance",
        apiURL: "https://platform.clickatell.com",
        errorShapes: [message, flat, nested]
    )

    /// `{"errorCode":"108","errorDescription":"Invalid or missing API key"}`.
    private static let flat = ErrorShape { json, _ in
        guard let code = json["errorCode"]?.word ?? json["errorDescription"]?.word else { return nil }
        return ErrorReading(code: json["errorCode"] == nil ? nil : code, sentence: json["errorDescription"]?.text)
    }

    /// `{"messages":[{"accepted":false,"error":{"code":105,"description":"…"}}]}`, under a success too.
    private static let message = ErrorShape { json, _ in
        guard
            let refused = json["messages"]?.elements?.first(where: {
                $0["accepted"] == .truth(false) || $0["errorCode"] != nil || $0["error"] != nil
            })
        else { return nil }
        let error = refused["error"]
        return ErrorReading(
            code: refused["errorCode"]?.word ?? error?["code"]?.word,
            sentence: refused["errorDescription"]?.text ?? error?["description"]?.text ?? error?.text)
    }

    /// `{"error":{"code":"001","description":"…"}}`.
    private static let nested = ErrorShape { json, _ in
        guard let error = json["error"], let code = error["code"]?.word else { return nil }
        return ErrorReading(code: code, sentence: error["description"]?.text)
    }
}
