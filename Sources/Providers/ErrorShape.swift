import Domain

/// One form in which errors are written as JSON.
struct ErrorShape: Sendable {
    /// Reads an answer; nil when it is not of this form. The second argument tells whether its status is a success:
    /// some forms are only then unmistakable when it is not.
    let read: @Sendable (_ json: JSONValue, _ isSuccess: Bool) -> ErrorReading?

    init(_ read: @escaping @Sendable (_ json: JSONValue, _ isSuccess: Bool) -> ErrorReading?) { self.read = read }

    /// What any application may answer, tried last.
    static let common = [notOK, errorObject, errorText, list, plain]

    /// `{"error":"invalid_grant","error_description":"…"}` (RFC 6749, section 5.2), and `description` as Zendesk has
    /// it.
    static let errorText = ErrorShape { json, _ in
        guard let code = json["error"]?.text, !code.isEmpty else { return nil }
        let sentence = json["error_description"]?.text ?? json["description"]?.text ?? json["message"]?.text
        return ErrorReading(code: code, sentence: sentence)
    }

    /// `{"error":{"code":403,"status":"PERMISSION_DENIED","message":"…","errors":[{"reason":"…"}]}}`, as Google has it.
    static let errorObject = ErrorShape { json, _ in
        guard let error = json["error"], case .object(let members) = error, !members.isEmpty else { return nil }
        let reasons = (error["errors"]?.elements ?? []).compactMap { $0["reason"]?.text }
        let details = (error["details"]?.elements ?? []).compactMap { $0["reason"]?.text }
        let own = [error["status"], error["title"], error["type"], error["code"]].compactMap { $0?.word }
        let codes = own.prefix(1) + reasons + details
        let sentence = [error["message"], error["description"], error["detail"]].compactMap { $0?.text }.first
        var reading = ErrorReading(code: codes.first, sentence: sentence)
        reading.furtherCodes = Array(codes.dropFirst())
        return reading
    }

    /// `[{"errorCode":"INVALID_SESSION_ID","message":"…"}]`, as Salesforce has it.
    static let list = ErrorShape { json, _ in
        guard case .array(let elements) = json, let first = elements.first,
            let code = first["errorCode"]?.word ?? first["statusCode"]?.word
        else { return nil }
        return ErrorReading(code: code, sentence: first["message"]?.text)
    }

    /// `{"ok":false,"error":"…"}` and `{"success":false,"errors":[…]}` under any status.
    static let notOK = ErrorShape { json, _ in
        guard json["ok"] == .truth(false) || json["success"] == .truth(false) else { return nil }
        let first = json["errors"]?.elements?.first
        let error = json["error"]
        let code =
            error?.word ?? error?["code"]?.word ?? first?["statusCode"]?.word ?? first?["code"]?.word
            ?? json["code"]?.word
        let places = [json["message"], json["error_description"], error?["message"], first?["message"], first]
        let sentence = places.compactMap { $0?.text }.first
        return ErrorReading(code: code, sentence: sentence)
    }

    /// `{"code":20003,"message":"…"}`: Twilio and Freshdesk; under a success it may be anything.
    static let plain = ErrorShape { json, isSuccess in
        guard !isSuccess else { return nil }
        let code = json["code"]?.word ?? json["error_code"]?.word ?? json["errorCode"]?.word
        let names = ["message", "error_message", "errorDescription", "detail", "title"]
        let sentence = names.compactMap { json[$0]?.text }.first
        guard code != nil || sentence != nil else { return nil }
        return ErrorReading(code: code, sentence: sentence)
    }
}

// MARK: - Looking into JSON

extension JSONValue {
    /// A member; nil where there is none or it is null.
    subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self, let member = members[name], member != .null else { return nil }
        return member
    }

    var text: String? {
        if case .text(let text) = self { text } else { nil }
    }

    var elements: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// A text that is not empty, or an integer as text.
    var word: String? {
        switch self {
        case .text(let text): text.isEmpty ? nil : text
        case .integer(let number): String(number)
        default: nil
        }
    }

    /// What lies at the end of some members.
    func at(_ path: [String]) -> JSONValue? {
        var value: JSONValue? = self
        for name in path { value = value?[name] }
        return value
    }
}
