/// Comma-separated values (RFC 4180) for spreadsheets.
enum CSV {
    /// One line with its end.
    ///
    /// A cell that a spreadsheet would take for a formula gets an apostrophe in front: it shows as text.
    /// - Parameter cells: any texts.
    static func line(_ cells: [String]) -> String {
        cells.map(cell).joined(separator: ",") + "\r\n"
    }

    private static func cell(_ text: String) -> String {
        let startsFormula = text.unicodeScalars.first.map { "=+-@\t\r".unicodeScalars.contains($0) } ?? false
        let safe = startsFormula ? "'" + text : text
        guard safe.unicodeScalars.contains(where: { "\",\r\n".unicodeScalars.contains($0) }) else { return safe }
        return "\"" + safe.replacing("\"", with: "\"\"") + "\""
    }
}
