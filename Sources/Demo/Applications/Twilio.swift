import Domain

// Source of the forms: Twilio, "Programmable Messaging: Message resource", "Error and warning dictionary".
extension DemoTraffic {
    mutating func twilio(_ situation: DemoSituation) -> DemoExchange {
        let user = situation.user
        let account = twilioAccount
        let isWhatsApp = situation.node.path.contains("WhatsApp")
        let prefix = isWhatsApp ? "whatsapp:" : ""
        let words = text(user, random.number(1...2))
        let sender = "\(prefix)+12025550143"
        let receiver = prefix + user.phone
        let form = """
            Body=\(words.formEncoded)&From=\(sender.formEncoded)&To=\(receiver.formEncoded)&StatusCallback=\
            https%3A%2F%2Fhooks.floatchat.example%2Ftwilio%2F\(random.hex(10))
            """
        let url = "https://api.twilio.com/2010-04-01/Accounts/\(account)/Messages.json"
        let request = DemoExchange(
            .post,
            url,
            headers: requestHeaders("application/x-www-form-urlencoded", authorization: "Basic " + situation.secret),
            body: form
        )
        let headers = responseHeaders(
            situation,
            type: "application/json",
            [
                ("Twilio-Request-Id", "RQ" + random.hex(32)), ("Twilio-Request-Duration", "0.\(random.digits(3))"),
                ("Twilio-Concurrent-Requests", "\(random.number(1...9))"), ("X-API-Domain", "api.twilio.com"),
            ]
        )
        switch situation.fault {
        case .unavailable, .slow: return gatewayAnswer(request, situation)
        case .rateLimited:
            return twilioError(request, headers, 429, 20429, "Too Many Requests", "rate_limited")
        case .unauthorised:
            return twilioError(request, headers, 401, 20003, "Authenticate", "unauthorized")
        case .rejected:
            guard random.chance(0.5) else {
                return twilioError(
                    request,
                    headers,
                    400,
                    21610,
                    "Attempt to send to unsubscribed recipient",
                    "invalid_request"
                )
            }
            let words = "Invalid 'To' Phone Number: \(user.phone.prefix(8))XXXX"
            return twilioError(request, headers, 400, 21211, words, "invalid_request")
        case .hidden, nil: break
        }
        let isFiltered = situation.fault == .hidden
        let sid = "SM" + random.hex(32)
        let body = """
            {"account_sid":"\(account)","api_version":"2010-04-01","body":\(words.quoted),\
            "date_created":"\(situation.time.httpDate.dropLast(3))+0000","date_sent":null,\
            "date_updated":"\(situation.time.httpDate.dropLast(3))+0000","direction":"outbound-api",\
            "error_code":\(isFiltered ? "30007" : "null"),\
            "error_message":\(isFiltered ? "\"Message filtered\"" : "null"),\
            "from":"\(sender)","messaging_service_sid":null,"num_media":"0",\
            "num_segments":"\(words.utf8.count / 153 + 1)",\
            "price":null,"price_unit":"USD","sid":"\(sid)","status":"\(isFiltered ? "failed" : "queued")",\
            "subresource_uris":{"media":"/2010-04-01/Accounts/\(account)/Messages/\(sid)/Media.json"},\
            "to":"\(receiver)","uri":"/2010-04-01/Accounts/\(account)/Messages/\(sid).json"}
            """
        return request.answered(
            201,
            headers,
            body,
            error: isFiltered ? "message_filtered" : nil,
            isFiltered ? "30007 Message filtered" : nil,
            carriesError: isFiltered
        )
    }

    private func twilioError(
        _ request: DemoExchange,
        _ headers: [HeaderField],
        _ status: Int,
        _ code: Int,
        _ words: String,
        _ type: String
    ) -> DemoExchange {
        let body = """
            {"code":\(code),"message":\(words.quoted),"more_info":"https://www.twilio.com/docs/errors/\(code)",\
            "status":\(status)}
            """
        return request.answered(status, headers, body, error: type, "\(code) \(words)")
    }
}
