import Domain

// C2E: the platform turns a chat into an e-mail.
extension DemoTraffic {
    mutating func chatToEmail(_ situation: DemoSituation) -> DemoExchange {
        let user = situation.user
        var time = situation.time.advanced(bySeconds: -Int64(random.number(120...1500)))
        let transcript = (0..<random.number(6...24)).map { index in
            time = time.advanced(bySeconds: Int64(random.number(3...90)))
            let words = index % 2 == 0 ? text(user, 1) : random.pick(user.language.botReplies)
            return "[\(time.wholeSeconds.dropFirst(11).prefix(5))] \(index % 2 == 0 ? user.name : "Bot"): \(words)"
        }
        let message = "\(random.hex(20))@c2e.floatchat.example"
        let body = """
            {"from":{"name":\(user.name.quoted),"email":"\(user.email)"},\
            "to":["\(random.pick(["support", "team", "hr"]))\
            @example.com"],"reply_to":"chat+\(random.hex(12))@c2e.floatchat.example","subject":\(text(user, 1).quoted),\
            "message_id":"<\(message)>","text":\(transcript.joined(separator: "\n").quoted),"attachments":[]}
            """
        let request = DemoExchange(
            .c2e,
            "https://c2e.floatchat.example/v1/messages",
            headers: requestHeaders("application/json"),
            body: body
        )
        let headers = responseHeaders(situation, [("X-Request-Id", random.uuid())])
        switch situation.fault {
        case .unavailable, .slow: return gatewayAnswer(request, situation)
        case .rejected, .hidden, .unauthorised, .rateLimited:
            let words = random.pick([
                "550 5.1.1 Recipient address rejected: User unknown", "552 5.2.2 Mailbox full",
                "554 5.7.1 Message rejected as spam",
            ])
            return request.answered(
                200,
                headers,
                #"{"delivered":false,"message_id":"<\#(message)>","smtp":"\#(words)"}"#,
                error: "not_delivered",
                words,
                carriesError: true
            )
        case nil:
            let body = """
                {"delivered":true,"message_id":"<\(message)>","smtp":"250 2.0.0 Ok: queued as \
                \(random.alphanumerics(12))","relay":"mx1.example.com","elapsed_ms":\(random.number(80...600))}
                """
            return request.answered(200, headers, body)
        }
    }
}
