import Domain

extension Provider {
    /// Google Sheets: values and layout of the spreadsheets that the account sees.
    static let googleSheets = google(
        .googleSheets, scope: "https://www.googleapis.com/auth/spreadsheets", apiURL: "https://sheets.googleapis.com")
}
