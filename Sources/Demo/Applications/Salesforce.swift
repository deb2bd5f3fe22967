import Domain

// Source of the forms: Salesforce, "REST API Developer Guide": sObject Rows, Query, Status codes and error responses.
extension DemoTraffic {
    mutating func salesforce(_ situation: DemoSituation) -> DemoExchange {
        let request = salesforceRequest(situation)
        let headers = responseHeaders(
            situation,
            type: "application/json;charset=UTF-8",
            [
                ("Sforce-Limit-Info", "api-usage=\(random.number(1200...88_000))/100000"),
                ("Set-Cookie", "BrowserId=\(random.alphanumerics(22)); domain=.salesforce.com; path=/; Secure"),
                ("Vary", "Accept-Encoding"),
            ]
        )
        switch situation.fault {
        case .unavailable, .slow: return gatewayAnswer(request, situation)
        case .unauthorised:
            return salesforceError(
                request,
                headers,
                401,
                "INVALID_SESSION_ID",
                "Session expired or invalid",
                type: "unauthorized"
            )
        case .rateLimited:
            return salesforceError(
                request,
                headers,
                403,
                "REQUEST_LIMIT_EXCEEDED",
                "TotalRequests Limit exceeded.",
                type: "rate_limited"
            )
        case .hidden:
            return salesforceError(
                request,
                headers,
                400,
                "UNABLE_TO_LOCK_ROW",
                "unable to obtain exclusive access to this record",
                type: "conflict",
                fields: ",\"fields\":[]"
            )
        case .rejected:
            guard situation.node.purpose == .create else {
                return salesforceError(
                    request,
                    headers,
                    400,
                    "MALFORMED_QUERY",
                    "unexpected token: 'ORDER'",
                    type: "invalid_request"
                )
            }
            return salesforceError(
                request,
                headers,
                400,
                "REQUIRED_FIELD_MISSING",
                "Required fields are missing: [Company]",
                type: "invalid_request",
                fields: ",\"fields\":[\"Company\"]"
            )
        case nil: break
        }
        guard situation.node.purpose == .create else {
            return request.answered(200, headers, salesforceRecords(situation))
        }
        let id = "00Q5f00000" + random.alphanumerics(8)
        let location = HeaderField(name: "Location", value: "/services/data/v60.0/sobjects/Lead/\(id)")
        return request.answered(201, headers + [location], #"{"id":"\#(id)","success":true,"errors":[]}"#)
    }

    private mutating func salesforceRequest(_ situation: DemoSituation) -> DemoExchange {
        let user = situation.user
        let type = situation.node.purpose == .create ? "application/json" : nil
        let headers = requestHeaders(type, authorization: "Bearer 00D5f!" + situation.secret)
        let base = "https://acme.my.salesforce.com/services/data/v60.0"
        guard situation.node.purpose == .create else {
            let query = """
                SELECT Id, Name, Email, Phone, MailingCity, LastActivityDate, Account.Name FROM Contact \
                WHERE Email = '\(user.email)' ORDER BY LastModifiedDate DESC LIMIT 5
                """
            return DemoExchange(.get, "\(base)/query?q=\(query.formEncoded)", headers: headers)
        }
        let names = user.name.split(separator: " ")
        let body = """
            {"FirstName":\(String(names.first ?? "").quoted),"LastName":\(String(names.last ?? "").quoted),\
            "Company":\((user.city + " " + random.pick(Self.companyForms)).quoted),"Email":"\(user.email)",\
            "Phone":"\(user.phone)","City":\(user.city.quoted),"LeadSource":"Chatbot","Rating":\
            "\(random.pick(["Hot", "Warm", "Cold"]))","Description":\(text(user, random.number(1...4)).quoted),\
            "Conversation_Id__c":"\(random.uuid())","Interest__c":\(random.pick(DemoSentence.products).quoted)}
            """
        return DemoExchange(.post, "\(base)/sobjects/Lead", headers: headers, body: body)
    }

    private mutating func salesforceRecords(_ situation: DemoSituation) -> String {
        let count = random.pick([0, 1, 1, 1, 2, 3])
        let records = (0..<count).map { index in
            let id = "0035f00000" + random.alphanumerics(8)
            let user = index == 0 ? situation.user : random.pick(users)
            return """
                {"attributes":{"type":"Contact","url":"/services/data/v60.0/sobjects/Contact/\(id)"},"Id":"\(id)",\
                "Name":\(user.name.quoted),"Email":"\(user.email)","Phone":"\(user.phone)",\
                "MailingCity":\(user.city.quoted),"LastActivityDate":"\(situation.time.wholeSeconds.prefix(10))",\
                "Account":{"attributes":{"type":"Account","url":"/services/data/v60.0/sobjects/Account/\
                0015f00000\(random.alphanumerics(8))"},\
                "Name":\((user.city + " " + random.pick(Self.companyForms)).quoted)}}
                """
        }
        return #"{"totalSize":\#(count),"done":true,"records":[\#(records.joined(separator: ","))]}"#
    }

    private func salesforceError(
        _ request: DemoExchange,
        _ headers: [HeaderField],
        _ status: Int,
        _ code: String,
        _ words: String,
        type: String,
        fields: String = ""
    ) -> DemoExchange {
        let body = #"[{"message":"\#(words)","errorCode":"\#(code)"\#(fields)}]"#
        return request.answered(status, headers, body, error: type, words)
    }

    static let companyForms = [
        "Bikes", "Foods", "Logistics", "Garden Supplies", "Print Shop", "Dental Studio", "Hostel",
    ]
}
