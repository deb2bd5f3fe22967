import Domain

// Source of the forms: Clickatell, "One API: Send messages" and its errors table.
extension DemoTraffic {
    mutating func clickatell(_ situation: DemoSituation) -> DemoExchange {
        let user = situation.user
        let receiver = String(user.phone.dropFirst())
        let words = text(user, random.number(1...2))
        let message = "fc-" + random.hex(16)
        let body = """
            {"messages":[{"channel":"\(random.pick(["sms", "whatsapp"]))","to":"\(receiver)","content":\(words.quoted),\
            "clientMessageId":"\(message)",\
            "callbackUrl":"https://hooks.floatchat.example/clickatell/\(random.hex(8))"}]}
            """
        let request = DemoExchange(
            .post,
            "https://platform.clickatell.com/v1/message",
            headers: requestHeaders("application/json", authorization: situation.secret + "=="),
            body: body
        )
        let headers = responseHeaders(
            situation,
            type: "application/json",
            [("X-Correlation-Id", random.uuid()), ("Vary", "Accept-Encoding")]
        )
        switch situation.fault {
        case .unavailable, .slow: return gatewayAnswer(request, situation)
        case .rateLimited:
            return request.answered(
                429,
                headers,
                clickatellError(11, "Rate limit exceeded"),
                error: "rate_limited",
                "Rate limit exceeded"
            )
        case .unauthorised:
            let words = "The API key is not valid"
            return request.answered(401, headers, clickatellError(1, words), error: "unauthorized", words)
        case .rejected, .hidden:
            let words = random.pick(["Invalid destination address.", "User opted out", "Content length exceeded"])
            let body = """
                {"messages":[{"apiMessageId":null,"accepted":false,"to":"\(receiver)","clientMessageId":"\(message)",\
                "error":{"code":\(random.number(12...29)),"description":"\(words)"}}],"error":null}
                """
            return request.answered(
                situation.fault == .hidden ? 207 : 400,
                headers,
                body,
                error: "invalid_request",
                words,
                carriesError: situation.fault == .hidden
            )
        case nil:
            let body = """
                {"messages":[{"apiMessageId":"\(random.hex(32))","accepted":true,"to":"\(receiver)",\
                "clientMessageId":"\(message)","error":null}],"error":null}
                """
            return request.answered(202, headers, body)
        }
    }

    private func clickatellError(_ code: Int, _ words: String) -> String {
        #"{"messages":[],"error":{"code":\#(code),"description":"\#(words)"}}"#
    }
}
