import Domain

extension Provider {
    /// Google Calendar: events of the calendars that the account sees.
    static let googleCalendar = google(
        .googleCalendar, scope: "https://www.googleapis.com/auth/calendar.events",
        apiURL: "https://www.googleapis.com/calendar/v3")
}
