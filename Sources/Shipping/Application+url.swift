import Domain

extension Application {
    /// The application that a URL belongs to, as far as its host tells; `json_api` for any other.
    /// - Parameter url: absolute.
    init(calledURL url: String) {
        let rest = url.drop { $0 != "/" }.drop { $0 == "/" }
        let authority = rest.prefix { !"/?#".contains($0) }
        let path = rest.dropFirst(authority.count)
        let host = authority.split(separator: "@").last?.prefix { $0 != ":" }.lowercased() ?? ""
        func isUnder(_ domain: String) -> Bool { host == domain || host.hasSuffix("." + domain) }
        if isUnder("twilio.com") {
            self = .twilio
        } else if isUnder("zendesk.com") {
            self = .zendesk
        } else if isUnder("freshdesk.com") {
            self = .freshdesk
        } else if isUnder("salesforce.com") || isUnder("force.com") {
            self = .salesforce
        } else if host == "sheets.googleapis.com" || host == "content-sheets.googleapis.com" {
            self = .googleSheets
        } else if isUnder("googleapis.com"), path.hasPrefix("/calendar/") {
            self = .googleCalendar
        } else if isUnder("clickatell.com") {
            self = .clickatell
        } else if host.split(separator: ".").contains("floatchat") {
            self = .floatchat
        } else {
            self = .jsonAPI
        }
    }
}
