import Domain

// Source of the forms: Freshdesk, "API v2: Tickets", "Error responses", "Rate limit".
extension DemoTraffic {
    mutating func freshdesk(_ situation: DemoSituation) -> DemoExchange {
        let ticket = random.number(4000...31_000)
        let subject = text(situation.user, 1)
        let words = text(situation.user, random.number(2...5))
        let request = freshdeskRequest(situation, ticket, subject, words)
        let headers = responseHeaders(
            situation,
            server: "fwe",
            [
                ("X-Freshdesk-API-Version", "latest=v2; requested=v2"), ("X-RateLimit-Total", "400"),
                ("X-RateLimit-Remaining", situation.fault == .rateLimited ? "0" : "\(random.number(40...399))"),
                ("X-RateLimit-Used-CurrentRequest", "1"), ("X-Request-Id", random.uuid()),
            ]
        )
        switch situation.fault {
        case .unavailable, .slow: return gatewayAnswer(request, situation)
        case .rateLimited:
            return request.answered(
                429,
                headers + [HeaderField(name: "Retry-After", value: "\(random.number(3...59))")],
                #"{"message":"You have exceeded the limit of requests per minute"}"#,
                error: "rate_limited",
                "You have exceeded the limit of requests per minute"
            )
        case .unauthorised:
            return request.answered(
                401,
                headers,
                #"{"code":"invalid_credentials","message":"You have to be logged in to perform this action."}"#,
                error: "unauthorized",
                "You have to be logged in to perform this action."
            )
        case .rejected, .hidden:
            let (field, words, code) = random.pick([
                ("email", "It should be a valid email address.", "invalid_value"),
                ("status", "It should be one of these values: '2,3,4,5'", "invalid_value"),
                ("cf_order_number", "It should be a/an String", "datatype_mismatch"),
                ("subject", "It should not be blank as this is a mandatory field", "invalid_value"),
            ])
            let body = """
                {"description":"Validation failed","errors":[{"field":"\(field)","message":"\(words)",\
                "code":"\(code)"}]}
                """
            return request.answered(400, headers, body, error: "invalid_request", "\(field): \(words)")
        case nil:
            let isNew = situation.node.purpose == .create
            return request.answered(isNew ? 201 : 200, headers, freshdeskTicket(situation, ticket, subject, words))
        }
    }

    private mutating func freshdeskRequest(
        _ situation: DemoSituation,
        _ ticket: Int,
        _ subject: String,
        _ words: String
    ) -> DemoExchange {
        let user = situation.user
        let headers = requestHeaders("application/json", authorization: "Basic " + situation.secret)
        guard situation.node.purpose == .create else {
            let body =
                """
                {"status":\(random.number(2...4)),"priority":\(random.number(1...4)),\
                "tags":["bot","\(random.pick(Self.topics))"]}
                """
            return DemoExchange(
                .put,
                "https://acme.freshdesk.com/api/v2/tickets/\(ticket)",
                headers: headers,
                body: body
            )
        }
        let body = """
            {"name":\(user.name.quoted),"email":"\(user.email)","phone":"\(user.phone)","subject":\(subject.quoted),\
            "description":\(("<div>" + words + "</div>").quoted),"status":2,\
            "priority":\(random.number(1...4)),"source":7,"tags":["bot","\(user.language.rawValue)"],\
            "custom_fields":{"cf_order_number":\(orderNumber().quoted),"cf_city":\(user.city.quoted)}}
            """
        return DemoExchange(.post, "https://acme.freshdesk.com/api/v2/tickets", headers: headers, body: body)
    }

    private mutating func freshdeskTicket(
        _ situation: DemoSituation,
        _ ticket: Int,
        _ subject: String,
        _ words: String
    ) -> String {
        let created = situation.time.wholeSeconds
        return """
            {"cc_emails":[],"fwd_emails":[],"reply_cc_emails":[],"ticket_cc_emails":[],"fr_escalated":false,\
            "spam":false,\
            "email_config_id":null,"group_id":8200\(random.digits(7)),"priority":\(random.number(1...4)),\
            "requester_id":8206\(random.digits(7)),\
            "responder_id":\(random.chance(0.5) ? "null" : "8201\(random.digits(7))"),\
            "source":7,"company_id":null,"status":2,"subject":\(subject.quoted),\
            "association_type":null,"support_email":null,"to_emails":null,"product_id":null,"id":\(ticket),\
            "type":"\(random.pick(["Question", "Incident", "Problem", "Refund"]))",\
            "due_by":"\(situation.time.advanced(bySeconds: 259_200).wholeSeconds)",\
            "fr_due_by":"\(situation.time.advanced(bySeconds: 86_400).wholeSeconds)","is_escalated":false,\
            "description":\(("<div>" + words + "</div>").quoted),"description_text":\(words.quoted),\
            "custom_fields":{"cf_order_number":\(orderNumber().quoted),"cf_city":\(situation.user.city.quoted)},\
            "created_at":"\(created)","updated_at":"\(created)","tags":["bot","\(random.pick(Self.topics))"],\
            "attachments":[],"nr_due_by":null,"nr_escalated":false}
            """
    }
}
