import Domain

// Source of the forms: Google, "Sheets API v4: spreadsheets.values.append", "Calendar API v3: Events, Freebusy",
// "Errors" (google.rpc.Status). Google answers with indented JSON.
extension DemoTraffic {
    mutating func googleSheets(_ situation: DemoSituation) -> DemoExchange {
        let user = situation.user
        let isLead = situation.node.connection == "sheets-leads"
        let sheet =
            isLead ? "1nK4vQm0Zt7cXb2LrYp8WdHs5JfGu3EaTi6OoRk9MxUw" : "1aBq8Tz5RkYw3PmLd7VhXn2CsJf0GuEo6It4WrKx9ZyQ"
        let tab = isLead ? "Leads" : "Visits"
        let row = random.number(40...48_000)
        let values = [
            situation.time.wholeSeconds, user.name, user.email, user.phone, user.city,
            random.pick(DemoSentence.products),
            amount(), text(user, random.number(1...2)), "utm_" + random.alphanumerics(8),
        ]
        let cells = values.map(\.quoted).joined(separator: ",")
        let url = """
            https://sheets.googleapis.com/v4/spreadsheets/\(sheet)/values/\(tab)!A1:I1:append?\
            valueInputOption=USER_ENTERED&insertDataOption=INSERT_ROWS
            """
        let request = DemoExchange(
            .post,
            url,
            headers: googleRequestHeaders(situation),
            body: #"{"range":"\#(tab)!A1:I1","majorDimension":"ROWS","values":[[\#(cells)]]}"#
        )
        let headers = googleHeaders(situation)
        guard situation.fault == nil else {
            return googleError(request, situation, rejection: "Unable to parse range: \(tab)!A1:I1")
        }
        let body = """
            {
              "spreadsheetId": "\(sheet)",
              "tableRange": "\(tab)!A1:I\(row - 1)",
              "updates": {
                "spreadsheetId": "\(sheet)",
                "updatedRange": "\(tab)!A\(row):I\(row)",
                "updatedRows": 1,
                "updatedColumns": 9,
                "updatedCells": 9
              }
            }

            """
        return request.answered(200, headers, body)
    }

    mutating func googleCalendar(_ situation: DemoSituation) -> DemoExchange {
        situation.node.purpose == .freeTimes ? calendarFreeTimes(situation) : calendarEvent(situation)
    }

    private mutating func calendarFreeTimes(_ situation: DemoSituation) -> DemoExchange {
        let calendar = "c_188fq2m7k0v9hj3t5n1b4x6z8@group.calendar.google.com"
        let start = situation.time.hour.advanced(bySeconds: 3600)
        let request = DemoExchange(
            .post,
            "https://www.googleapis.com/calendar/v3/freeBusy",
            headers: googleRequestHeaders(situation),
            body: """
                {"timeMin":"\(start.wholeSeconds)","timeMax":"\(start.advanced(bySeconds: 5 * 86_400).wholeSeconds)",\
                "timeZone":"Europe/Berlin","items":[{"id":"\(calendar)"}]}
                """
        )
        guard situation.fault == nil else {
            return googleError(request, situation, rejection: "The requested time range is too long.")
        }
        var busy: [String] = []
        var time = start
        for _ in 0..<random.number(2...9) {
            time = time.advanced(bySeconds: Int64(random.number(1...16)) * 1800)
            let end = time.advanced(bySeconds: Int64(random.number(1...4)) * 1800)
            busy.append(
                """
                        {
                          "start": "\(time.wholeSeconds)",
                          "end": "\(end.wholeSeconds)"
                        }
                """
            )
            time = end
        }
        let body = """
            {
              "kind": "calendar#freeBusy",
              "timeMin": "\(start.description)",
              "timeMax": "\(start.advanced(bySeconds: 5 * 86_400).description)",
              "calendars": {
                "\(calendar)": {
                  "busy": [
            \(busy.joined(separator: ",\n"))
                  ]
                }
              }
            }

            """
        return request.answered(200, googleHeaders(situation), body)
    }

    private mutating func calendarEvent(_ situation: DemoSituation) -> DemoExchange {
        let user = situation.user
        let day = situation.time.day.advanced(by: Int32(random.number(1...20)))
        // From 7:00 to 15:30 UTC, on the half hour.
        let start = day.start.advanced(bySeconds: Int64(random.number(14...31)) * 1800)
        let kind = situation.node.path.hasPrefix("Holidays") ? "Absence" : "Appointment"
        let summary = "\(kind): \(user.name)".quoted
        let times = """
            "start":{"dateTime":"\(start.wholeSeconds)","timeZone":"Europe/Berlin"},\
            "end":{"dateTime":"\(start.advanced(bySeconds: 1800).wholeSeconds)","timeZone":"Europe/Berlin"}
            """
        let words = text(user, random.number(1...2))
        let request = DemoExchange(
            .post,
            "https://www.googleapis.com/calendar/v3/calendars/primary/events?sendUpdates=all",
            headers: googleRequestHeaders(situation),
            body: """
                {"summary":\(summary),"description":\(words.quoted),\
                "location":\(user.city.quoted),\(times),"attendees":[{"email":"\(user.email)"}],\
                "reminders":{"useDefault":false,"overrides":[{"method":"email","minutes":1440}]}}
                """
        )
        guard situation.fault == nil else {
            return googleError(request, situation, rejection: "Invalid attendee email.")
        }
        let id = random.hex(26)
        let body = """
            {
             "kind": "calendar#event",
             "etag": "\\"\(random.digits(16))\\"",
             "id": "\(id)",
             "status": "confirmed",
             "htmlLink": "https://www.google.com/calendar/event?eid=\(random.alphanumerics(48))",
             "created": "\(situation.time.wholeSeconds)",
             "updated": "\(situation.time.description)",
             "summary": \(summary),
             "description": \(words.quoted),
             "location": \(user.city.quoted),
             "creator": {
              "email": "bookings@example.com"
             },
             "organizer": {
              "email": "bookings@example.com",
              "self": true
             },
             "start": {
              "dateTime": "\(start.wholeSeconds)",
              "timeZone": "Europe/Berlin"
             },
             "end": {
              "dateTime": "\(start.advanced(bySeconds: 1800).wholeSeconds)",
              "timeZone": "Europe/Berlin"
             },
             "iCalUID": "\(id)@google.com",
             "sequence": 0,
             "attendees": [
              {
               "email": "\(user.email)",
               "responseStatus": "needsAction"
              }
             ],
             "reminders": {
              "useDefault": false
             },
             "eventType": "default"
            }

            """
        return request.answered(200, googleHeaders(situation), body)
    }

    private mutating func googleRequestHeaders(_ situation: DemoSituation) -> [HeaderField] {
        let token = "Bearer ya29.a0" + situation.secret + situation.secret.reversed()
        return requestHeaders("application/json", authorization: token)
    }

    private mutating func googleHeaders(_ situation: DemoSituation) -> [HeaderField] {
        responseHeaders(
            situation,
            server: "ESF",
            type: "application/json; charset=UTF-8",
            [
                ("Vary", "Origin, X-Origin, Referer"), ("Cache-Control", "private"),
                ("X-Content-Type-Options", "nosniff"), ("Alt-Svc", "h3=\":443\"; ma=2592000"),
            ]
        )
    }

    private mutating func googleError(
        _ request: DemoExchange,
        _ situation: DemoSituation,
        rejection: String
    ) -> DemoExchange {
        let status: (code: Int, name: String, words: String, type: String)
        switch situation.fault {
        case .unauthorised:
            let words = """
                Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other \
                valid authentication credential.
                """
            status = (401, "UNAUTHENTICATED", words, "unauthorized")
        case .rateLimited:
            let words =
                "Quota exceeded for quota metric 'Write requests' and limit 'Write requests per minute per user'"
            status = (429, "RESOURCE_EXHAUSTED", words, "rate_limited")
        case .hidden: status = (403, "PERMISSION_DENIED", "The caller does not have permission", "forbidden")
        case .unavailable: status = (503, "UNAVAILABLE", "The service is currently unavailable.", "provider_down")
        case .slow: status = (504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete.", "timeout")
        case .rejected, nil: status = (400, "INVALID_ARGUMENT", rejection, "invalid_request")
        }
        let body = """
            {
              "error": {
                "code": \(status.code),
                "message": "\(status.words)",
                "status": "\(status.name)"
              }
            }

            """
        return request.answered(status.code, googleHeaders(situation), body, error: status.type, status.words)
    }
}
