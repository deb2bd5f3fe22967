import Domain

// The API trigger: another system starts a flow of the platform by a webhook.
extension DemoTraffic {
    mutating func apiTrigger(_ situation: DemoSituation) -> DemoExchange {
        let user = situation.user
        let event = random.pick([
            "parcel.out_for_delivery", "parcel.delivered", "parcel.delayed", "parcel.at_pickup_point",
        ])
        let body = """
            {"event":"\(event)","event_id":"evt_\(random.alphanumerics(20))",\
            "occurred_at":"\(situation.time.description)",\
            "recipient":{"name":\(user.name.quoted),"phone":"\(user.phone)","locale":"\(user.language.rawValue)"},\
            "parcel":{"tracking":"\(random.digits(14))","order":\(orderNumber().quoted),"weight_g":\
            \(random.number(120...18_000)),"depot":\(random.pick(users).city.quoted),"window":{"from":\
            "\(situation.time.hour.advanced(bySeconds: 3600).wholeSeconds)","to":\
            "\(situation.time.hour.advanced(bySeconds: 10_800).wholeSeconds)"}},"contents":\
            [\(random.pick(DemoSentence.products).quoted),\(random.pick(DemoSentence.products).quoted)],\
            "note":\(text(user, random.below(3)).quoted)}
            """
        let headers = [
            HeaderField(name: "Content-Type", value: "application/json"),
            HeaderField(name: "User-Agent", value: "ParcelEvents/2.4"),
            HeaderField(name: "X-Delivery-Id", value: random.uuid()),
            HeaderField(name: "X-Hub-Signature", value: "sha256=" + random.hex(64)),
        ]
        let request = DemoExchange(
            .post,
            "https://hooks.floatchat.example/v1/triggers/trg_8Kx2mVq4TzR1",
            headers: headers,
            body: body
        )
        let answer = responseHeaders(situation, [("X-Request-Id", random.uuid())])
        switch situation.fault {
        case .unavailable, .slow: return gatewayAnswer(request, situation)
        case .unauthorised:
            return request.answered(401, answer, #"{"error":"bad signature"}"#, error: "unauthorized", "bad signature")
        case .rateLimited:
            return request.answered(429, answer, #"{"error":"flow is busy"}"#, error: "rate_limited", "flow is busy")
        case .rejected, .hidden:
            let body = #"{"error":"missing variable","variable":"parcel.window","flow":"parcel-events"}"#
            return request.answered(400, answer, body, error: "invalid_request", "missing variable parcel.window")
        case nil:
            let body = """
                {"accepted":true,"run_id":"run_\(random.alphanumerics(18))","flow":"parcel-events","version":\
                \(random.number(31...34)),"queued_ms":\(random.below(60))}
                """
            return request.answered(202, answer, body)
        }
    }
}
