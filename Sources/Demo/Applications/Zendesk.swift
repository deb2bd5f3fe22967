import Domain

// Source of the forms: Zendesk, "Support API: Tickets", "Search", "Errors", "Rate limits".
extension DemoTraffic {
    mutating func zendesk(_ situation: DemoSituation) -> DemoExchange {
        let ticket = random.number(18_000...96_000)
        let subject = text(situation.user, 1)
        let words = text(situation.user, random.number(2...6))
        let request = zendeskRequest(situation, ticket, subject, words)
        let headers = zendeskHeaders(situation)
        switch situation.fault {
        case .unavailable, .slow: return gatewayAnswer(request, situation)
        case .rateLimited:
            let wait = random.number(7...93)
            return request.answered(
                429,
                headers + [HeaderField(name: "Retry-After", value: "\(wait)")],
                #"{"error":"APIRateLimitExceeded","description":"Number of allowed API requests per minute exceeded"}"#,
                error: "rate_limited",
                "try again in \(wait) s"
            )
        case .unauthorised:
            return request.answered(
                401,
                headers,
                #"{"error":"Couldn't authenticate you"}"#,
                error: "unauthorized",
                "Couldn't authenticate you"
            )
        case .rejected, .hidden:
            return zendeskRejection(request, headers)
        case nil: break
        }
        switch situation.node.purpose {
        case .search: return request.answered(200, headers, zendeskSearch(situation))
        case .update:
            let body =
                zendeskChange(situation, ticket, "open", subject, words)
            return request.answered(200, headers, body)
        default:
            let location = HeaderField(
                name: "Location",
                value: "https://acme.zendesk.com/api/v2/tickets/\(ticket).json"
            )
            let body =
                zendeskChange(situation, ticket, "new", subject, words)
            return request.answered(201, headers + [location], body)
        }
    }

    private mutating func zendeskRequest(
        _ situation: DemoSituation,
        _ ticket: Int,
        _ subject: String,
        _ words: String
    ) -> DemoExchange {
        let user = situation.user
        let type = situation.node.purpose == .search ? nil : "application/json"
        let headers = requestHeaders(type, authorization: "Basic " + situation.secret)
        switch situation.node.purpose {
        case .search:
            let query = "type:ticket requester:\(user.email) status<solved".formEncoded
            let url = "https://acme.zendesk.com/api/v2/search.json?query=\(query)&sort_by=created_at&sort_order=desc"
            return DemoExchange(.get, url, headers: headers)
        case .update:
            let body = """
                {"ticket":{"status":"open","comment":{"body":\(text(user, random.number(1...3)).quoted),"public":true},\
                "custom_fields":[{"id":360012845\(random.digits(3)),"value":\(orderNumber().quoted)}]}}
                """
            return DemoExchange(
                .put,
                "https://acme.zendesk.com/api/v2/tickets/\(ticket).json",
                headers: headers,
                body: body
            )
        default:
            let body = """
                {"ticket":{"subject":\(subject.quoted),"comment":{"body":\(words.quoted)},\
                "requester":{"locale_id":\(random.pick(["1", "8", "16", "2"])),"name":\(user.name.quoted),\
                "email":"\(user.email)"},"priority":"\(random.pick(Self.priorities))","tags":["chatbot",\
                "\(user.language.rawValue)","\(random.pick(Self.topics))"],"external_id":"fc-\(random.hex(12))"}}
                """
            return DemoExchange(.post, "https://acme.zendesk.com/api/v2/tickets.json", headers: headers, body: body)
        }
    }

    private mutating func zendeskHeaders(_ situation: DemoSituation) -> [HeaderField] {
        responseHeaders(
            situation,
            server: "cloudflare",
            [
                ("X-Zendesk-API-Version", "v2"), ("X-Rate-Limit", "700"),
                ("X-Rate-Limit-Remaining", situation.fault == .rateLimited ? "0" : "\(random.number(120...698))"),
                ("X-Request-Id", random.hex(16)), ("CF-RAY", "\(random.hex(16))-FRA"),
            ]
        )
    }

    private mutating func zendeskRejection(_ request: DemoExchange, _ headers: [HeaderField]) -> DemoExchange {
        let (field, words, error) = random.pick([
            ("requester", "Requester: Email:  is not properly formatted", "InvalidFormat"),
            ("subject", "Subject: cannot be blank", "BlankValue"),
            ("base", "Description: cannot be blank", "BlankValue"),
            ("priority", "Priority: is not allowed", "InvalidValue"),
            ("custom_field_360012845117", "Return reason: is required when solving a ticket", "BlankValue"),
        ])
        let body = """
            {"error":"RecordInvalid","description":"Record validation errors","details":{"\(field)":[{"description":\
            "\(words)","error":"\(error)"}]}}
            """
        return request.answered(422, headers, body, error: "invalid_request", words)
    }

    private mutating func zendeskChange(
        _ situation: DemoSituation,
        _ id: Int,
        _ status: String,
        _ subject: String,
        _ words: String
    ) -> String {
        let ticket = zendeskTicket(situation, id, status, subject, words)
        return "{\"ticket\":\(ticket),\(zendeskAudit(situation, id))}"
    }

    private mutating func zendeskTicket(
        _ situation: DemoSituation,
        _ id: Int,
        _ status: String,
        _ subject: String,
        _ words: String
    ) -> String {
        let updated = situation.time.wholeSeconds
        let age = status == "new" ? 0 : random.number(4000...2_000_000)
        let created = situation.time.advanced(bySeconds: -Int64(age)).wholeSeconds
        let user = situation.user
        let subject = subject.quoted
        return """
            {"url":"https://acme.zendesk.com/api/v2/tickets/\(id).json","id":\(id),\
            "external_id":"fc-\(random.hex(12))",\
            "via":{"channel":"api","source":{"from":{},"to":{},"rel":null}},"created_at":"\(created)",\
            "updated_at":"\(updated)","type":null,"subject":\(subject),"raw_subject":\(subject),\
            "description":\(words.quoted),"priority":"\(random.pick(Self.priorities))",\
            "status":"\(status)","recipient":null,"requester_id":3869\(random.digits(8)),\
            "submitter_id":3869\(random.digits(8)),\
            "assignee_id":\(random.chance(0.4) ? "null" : "3712\(random.digits(8))"),\
            "organization_id":null,"group_id":3600\(random.digits(7)),"collaborator_ids":[],"follower_ids":[],\
            "email_cc_ids":[],"forum_topic_id":null,"problem_id":null,"has_incidents":false,"is_public":true,\
            "due_at":null,"tags":["chatbot","\(user.language.rawValue)","\(random.pick(Self.topics))"],\
            "custom_fields":[{"id":360012845117,"value":\(orderNumber().quoted)},{"id":360012845136,"value":null}],\
            "satisfaction_rating":null,"sharing_agreement_ids":[],"custom_status_id":\(random.number(1...6)),\
            "ticket_form_id":3600\(random.digits(7)),"brand_id":360002\(random.digits(6)),\
            "allow_channelback":false,"allow_attachments":true,"from_messaging_channel":false}
            """
    }

    private mutating func zendeskAudit(_ situation: DemoSituation, _ id: Int) -> String {
        """
        "audit":{"id":2127\(random.digits(9)),"ticket_id":\(id),"created_at":"\(situation.time.wholeSeconds)",\
        "author_id":3869\(random.digits(8)),"metadata":{"system":{"client":"FloatchatFlow/5.12",\
        "ip_address":"203.0.113.\(random.number(1...254))","latitude":50.\(random.digits(4)),\
        "longitude":8.\(random.digits(4))},"custom":{}},"events":[{"id":2127\(random.digits(9)),"type":"Comment",\
        "public":true,"attachments":[],"audit_id":2127\(random.digits(9))}]}
        """
    }

    private mutating func zendeskSearch(_ situation: DemoSituation) -> String {
        let count = random.pick([0, 1, 1, 2, 2, 3])
        let results = (0..<count).map { _ in
            let ticket = random.number(9000...90_000)
            let subject = text(situation.user, 1)
            let words = text(situation.user, random.number(1...4))
            return zendeskTicket(situation, ticket, random.pick(["open", "pending", "hold"]), subject, words)
        }
        return """
            {"results":[\(results.joined(separator: ","))],"facets":null,"next_page":null,"previous_page":null,\
            "count":\(count)}
            """
    }

    static let priorities = ["low", "normal", "normal", "normal", "high", "urgent"]
    static let topics = ["delivery", "returns", "invoice", "login", "product", "complaint", "address", "warranty"]
}
