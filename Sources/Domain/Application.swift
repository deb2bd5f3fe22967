/// An application that integrations call: one key of the catalogue.
///
/// The raw value is the key that clients send and that the database stores. `code` is its number in the hourly counts:
/// it is stored too, so a number is never given twice.
public enum Application: String, Sendable, CaseIterable, Hashable {
    case floatchat
    case jsonAPI = "json_api"
    case clickatell
    case twilio
    case googleCalendar = "google_calendar"
    case googleSheets = "google_sheets"
    case apiTrigger = "api_trigger"
    case salesforce
    case zendesk
    case freshdesk
    case c2e

    /// The name that people read.
    public var name: String {
        switch self {
        case .floatchat: "floatchat APIs"
        case .jsonAPI: "JSON API node"
        case .clickatell: "Clickatell"
        case .twilio: "Twilio"
        case .googleCalendar: "Google Calendar"
        case .googleSheets: "Google Sheets"
        case .apiTrigger: "API trigger"
        case .salesforce: "Salesforce"
        case .zendesk: "Zendesk"
        case .freshdesk: "Freshdesk"
        case .c2e: "C2E"
        }
    }

    /// The number that stands for the application in the hourly counts.
    public var code: Int16 {
        switch self {
        case .floatchat: 1
        case .jsonAPI: 2
        case .clickatell: 3
        case .twilio: 4
        case .googleCalendar: 5
        case .googleSheets: 6
        case .apiTrigger: 7
        case .salesforce: 8
        case .zendesk: 9
        case .freshdesk: 10
        case .c2e: 11
        }
    }

    /// The application with this number in the hourly counts.
    /// - Parameter code: as `code` gives it.
    public init?(code: Int16) {
        guard let found = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = found
    }
}
