import Domain

// The JSON API node calls whatever API a bot's builder enters: here a shop, a weather service and a loyalty programme.
extension DemoTraffic {
    mutating func jsonAPI(_ situation: DemoSituation) -> DemoExchange {
        let number = random.number(100_000...999_999)
        let request = jsonAPIRequest(situation, order: number)
        let headers = responseHeaders(
            situation,
            server: random.pick(["nginx/1.24.0", "Kestrel", "gunicorn"]),
            [("ETag", "W/\"\(random.hex(10))\""), ("X-Correlation-Id", random.uuid()), ("Cache-Control", "no-store")]
        )
        switch situation.fault {
        case .unavailable, .slow: return gatewayAnswer(request, situation)
        case .unauthorised:
            return request.answered(
                401,
                headers,
                #"{"message":"Invalid API key"}"#,
                error: "unauthorized",
                "Invalid API key"
            )
        case .rateLimited:
            return request.answered(
                429,
                headers + [HeaderField(name: "Retry-After", value: "\(random.number(1...20))")],
                #"{"message":"Slow down"}"#,
                error: "rate_limited",
                "Slow down"
            )
        case .rejected:
            let body = """
                {"type":"about:blank","title":"Not Found","status":404,"detail":"There is no such record.","trace":\
                "\(random.hex(32))"}
                """
            return request.answered(404, headers, body, error: "not_found", "There is no such record.")
        case .hidden:
            let body = """
                {"success":false,"data":null,"error":{"code":"BACKEND_\(random.number(100...140))","message":\
                "Inventory service did not answer, partial result withheld","trace":"\(random.hex(32))"}}
                """
            return request.answered(
                200,
                headers,
                body,
                error: "application_error",
                "Inventory service did not answer",
                carriesError: true
            )
        case nil: break
        }
        switch situation.node.purpose {
        case .weather: return request.answered(200, headers, weather(situation))
        case .points: return request.answered(200, headers, points(situation))
        default: return request.answered(200, headers, order(situation, number))
        }
    }

    private mutating func jsonAPIRequest(_ situation: DemoSituation, order: Int) -> DemoExchange {
        var headers = requestHeaders(nil)
        switch situation.node.purpose {
        case .weather:
            let url = """
                https://api.weather.example/v1/forecast?latitude=\(random.number(36...60)).\(random.digits(2))\
                &longitude=\
                \(random.number(1...20)).\(random.digits(2))&hourly=temperature_2m,precipitation&apikey=demo7f3c9a1e5b
                """
            return DemoExchange(.get, url, headers: headers)
        case .points:
            headers.append(HeaderField(name: "X-API-Key", value: "lk_demo_83jf72hs91kd64"))
            headers.append(HeaderField(name: "Content-Type", value: "application/json"))
            let body = #"{"member":{"email":"\#(situation.user.email)"},"include":["balance","history"]}"#
            return DemoExchange(.post, "https://loyalty.example.org/api/members/lookup", headers: headers, body: body)
        default:
            headers.append(HeaderField(name: "X-API-Key", value: "sk_demo_51gTq8Zr0WnEx4Yb"))
            let url = "https://shop.example.com/api/orders/\(order)?expand=lines,shipment"
            return DemoExchange(.get, url, headers: headers)
        }
    }

    private mutating func order(_ situation: DemoSituation, _ number: Int) -> String {
        let user = situation.user
        var total = 0
        let lines = (0..<random.number(1...5)).map { _ in
            let quantity = random.number(1...4)
            let cents = random.number(390...38_999)
            total += quantity * cents
            return """
                {"sku":"\(random.alphanumerics(3).uppercased())-\(random.digits(5))","name":\
                \(random.pick(DemoSentence.products).quoted),"quantity":\(quantity),"unit_price":\(cents.asAmount),\
                "tax_rate":\(random.pick(["0.19", "0.2", "0.07", "0.25"]))}
                """
        }
        let placed = situation.time.advanced(bySeconds: -Int64(random.number(4000...1_900_000)))
        return """
            {"success":true,"data":{"number":"#\(number)","state":\
            "\(random.pick(["paid", "packed", "shipped", "delivered", "returned"]))",\
            "placed_at":"\(placed.description)",\
            "customer":{"id":\(random.number(1000...99_999)),"name":\(user.name.quoted),"email":"\(user.email)"},\
            "lines":[\(lines.joined(separator: ","))],"total":\(total.asAmount),"currency":"EUR","shipment":{"carrier":\
            "\(random.pick(["DHL", "UPS", "PostNord", "GLS", "Colissimo"]))","tracking":"\(random.digits(14))","eta":\
            "\(situation.time.advanced(bySeconds: 86_400 * Int64(random.number(1...6))).wholeSeconds.prefix(10))",\
            "address":{"city":\(user.city.quoted),"postcode":"\(random.digits(5))"}}}}
            """
    }

    private mutating func weather(_ situation: DemoSituation) -> String {
        var hour = situation.time.hour
        var times: [String] = []
        var temperatures: [String] = []
        var rain: [String] = []
        var temperature = random.number(-40...260)
        for _ in 0..<36 {
            times.append("\"\(hour.wholeSeconds.prefix(16))\"")
            temperature += random.number(-9...9)
            temperatures.append("\(temperature / 10).\(abs(temperature % 10))")
            rain.append(random.chance(0.8) ? "0.0" : "\(random.below(4)).\(random.below(10))")
            hour = hour.advanced(bySeconds: 3600)
        }
        return """
            {"latitude":\(random.number(36...60)).\(random.digits(4)),"longitude":\(random.number(1...20)).\
            \(random.digits(4)),"generationtime_ms":0.\(random.digits(8)),"utc_offset_seconds":0,"timezone":"GMT",\
            "elevation":\(random.number(2...700)).0,"hourly_units":{"time":"iso8601","temperature_2m":"°C",\
            "precipitation":"mm"},"hourly":{"time":[\(times.joined(separator: ","))],"temperature_2m":\
            [\(temperatures.joined(separator: ","))],"precipitation":[\(rain.joined(separator: ","))]}}
            """
    }

    private mutating func points(_ situation: DemoSituation) -> String {
        let history = (0..<random.number(4...14)).map { _ in
            let time = situation.time.advanced(bySeconds: -Int64(random.number(100...9_000_000)))
            return """
                {"at":"\(time.description)","delta":\(random.number(-400...350)),"reason":\
                "\(random.pick(["purchase", "return", "birthday", "referral", "redeemed"]))","ref":"\(random.hex(12))"}
                """
        }
        return """
            {"member":{"id":"\(random.uuid())","name":\(situation.user.name.quoted),"tier":\
            "\(random.pick(["blue", "silver", "gold"]))","since":"20\(random.number(12...25))-\
            \(random.number(1...12).twoDigits)-\(random.number(1...28).twoDigits)"},"balance":\(random.below(12_000)),\
            "expiring":{"points":\(random.below(300)),\
            "on":"\(situation.time.advanced(bySeconds: 5_000_000).wholeSeconds.prefix(10))"},\
            "history":[\(history.joined(separator: ","))]}
            """
    }
}
