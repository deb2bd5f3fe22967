import Domain

// The chat platform's own API.
extension DemoTraffic {
    mutating func floatchat(_ situation: DemoSituation) -> DemoExchange {
        let conversation = "cv_" + random.alphanumerics(16)
        let request = floatchatRequest(situation, conversation)
        let headers = responseHeaders(
            situation,
            [("X-Request-Id", random.uuid()), ("X-RateLimit-Remaining", "\(random.number(20...600))")]
        )
        switch situation.fault {
        case .unavailable, .slow: return gatewayAnswer(request, situation)
        case .unauthorised:
            return request.answered(
                401,
                headers,
                floatchatError("unauthorized", "Token expired"),
                error: "unauthorized"
            )
        case .rateLimited:
            return request.answered(
                429,
                headers + [HeaderField(name: "Retry-After", value: "1")],
                floatchatError("rate_limited", "Too many requests"),
                error: "rate_limited",
                "Too many requests"
            )
        case .rejected:
            return request.answered(
                404,
                headers,
                floatchatError("conversation_not_found", "Conversation \(conversation) does not exist"),
                error: "not_found",
                "Conversation \(conversation) does not exist"
            )
        case .hidden:
            return request.answered(
                200,
                headers,
                #"{"ok":false,"reason":"no_agent_available","queue_length":\#(random.number(9...40))}"#,
                error: "no_agent_available",
                "no agent took the conversation over",
                carriesError: true
            )
        case nil: break
        }
        switch situation.node.purpose {
        case .conversation: return request.answered(200, headers, floatchatConversation(situation, conversation))
        case .contact: return request.answered(200, headers, floatchatContact(situation))
        default:
            let agent = random.pick(DemoCast.agents)
            let body = """
                {"ok":true,"conversation_id":"\(conversation)","state":"assigned",\
                "assignee":{"name":\(agent.name.quoted),\
                "email":"\(agent.email)"},"queue":"\(random.pick(Self.topics))","position":\(random.below(5)),\
                "estimated_wait_s":\(random.number(5...420)),"assigned_at":"\(situation.time.description)"}
                """
            return request.answered(200, headers, body)
        }
    }

    private mutating func floatchatRequest(_ situation: DemoSituation, _ conversation: String) -> DemoExchange {
        let user = situation.user
        let base = "https://api.floatchat.example/v2"
        let type = situation.node.purpose == .conversation ? nil : "application/json"
        let headers = requestHeaders(type, authorization: "Bearer fc_demo_6hT2mQ9xLw4RkZ8vNc3BpYd7")
        switch situation.node.purpose {
        case .conversation:
            return DemoExchange(
                .get,
                "\(base)/conversations/\(conversation)?include=messages&limit=10",
                headers: headers
            )
        case .contact:
            let body = """
                {"name":\(user.name.quoted),"email":"\(user.email)","phone":"\(user.phone)",\
                "locale":"\(user.language.rawValue)","attributes":{"city":\(user.city.quoted),\
                "last_order":\(orderNumber().quoted),"points":\(random.below(9000)),"newsletter":\(random.chance(0.4))}}
                """
            return DemoExchange(.patch, "\(base)/contacts/\(user.id)", headers: headers, body: body)
        default:
            let body = """
                {"conversation_id":"\(conversation)","reason":"\(random.pick(Self.topics))","priority":\
                \(random.number(1...3)),"summary":\(text(user, random.number(2...5)).quoted),"skills":\
                ["\(user.language.rawValue)"],"business_hours":true}
                """
            return DemoExchange(.post, "\(base)/handover", headers: headers, body: body)
        }
    }

    private mutating func floatchatConversation(_ situation: DemoSituation, _ conversation: String) -> String {
        let user = situation.user
        var time = situation.time.advanced(bySeconds: -Int64(random.number(60...900)))
        let messages = (0..<random.number(3...10)).map { index in
            time = time.advanced(bySeconds: Int64(random.number(2...50)))
            return """
                {"id":"m_\(random.alphanumerics(12))","author":"\(index % 2 == 0 ? "user" : "bot")","type":"text",\
                "text":\((index % 2 == 0 ? text(user, 1) : random.pick(user.language.botReplies)).quoted),\
                "sent_at":"\(time.description)"}
                """
        }
        return """
            {"id":"\(conversation)","channel":"\(random.pick(["web", "whatsapp", "messenger", "telegram"]))",\
            "state":"open",\
            "contact":{"id":"\(user.id)","name":\(user.name.quoted),"locale":"\(user.language.rawValue)"},\
            "messages":[\(messages.joined(separator: ","))],"next_cursor":null}
            """
    }

    private mutating func floatchatContact(_ situation: DemoSituation) -> String {
        let firstSeen = situation.time.advanced(bySeconds: -Int64(random.number(90_000...30_000_000)))
        let user = situation.user
        return """
            {"id":"\(user.id)","name":\(user.name.quoted),"email":"\(user.email)","phone":"\(user.phone)","locale":\
            "\(user.language.rawValue)","attributes":{"city":\(user.city.quoted),"last_order":\(orderNumber().quoted),\
            "points":\(random.below(9000)),"newsletter":\(random.chance(0.4))},\
            "segments":["\(random.pick(Self.topics))",\
            "chatbot"],"first_seen_at":"\(firstSeen.description)",\
            "last_seen_at":"\(situation.time.description)","version":\(random.number(1...60))}
            """
    }

    private func floatchatError(_ code: String, _ words: String) -> String {
        #"{"ok":false,"error":{"code":"\#(code)","message":"\#(words)"}}"#
    }
}
