import Domain

/// A row of a mail's table.
struct MailFact {
    var label: String
    /// The label, with room behind it, for plain text.
    var paddedLabel: String
    var value: String
    /// Lines below the value.
    var more: [String]

    /// What stands below a label in plain text.
    static let padding = String(repeating: " ", count: 13)

    /// A row.
    /// - Parameters:
    ///   - label: at most 12 characters.
    ///   - value: one line.
    ///   - more: lines below it.
    init(_ label: String, _ value: String, more: [String] = []) {
        self.label = label
        paddedLabel = label + String(Self.padding.dropFirst(min(label.count, Self.padding.count - 1)))
        self.value = value
        self.more = more
    }
}

extension Timestamp {
    /// `20 Nov 2026, 06:58:16 UTC`.
    var mailText: String { mailTime(clockCharacters: 8) }

    /// `20 Nov 2026, 06:58 UTC`.
    var mailMinute: String { mailTime(clockCharacters: 5) }

    private func mailTime(clockCharacters: Int) -> String {
        let (year, month, day) = self.day.civil
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        return "\(day) \(months[month - 1]) \(year), \(description.dropFirst(11).prefix(clockCharacters)) UTC"
    }

    /// How long it was until a later time, in its two largest units: `2 hours 13 minutes`; nil when that was not later.
    func mailDuration(until end: Timestamp) -> String? {
        guard end >= self else { return nil }
        let minutes = Int((end.microseconds - microseconds) / 60_000_000)
        guard minutes > 0 else { return "less than a minute" }
        let units = [(minutes / 1440, "day"), (minutes / 60 % 24, "hour"), (minutes % 60, "minute")]
        // the minutes of days tell nobody anything
        let parts = units.drop { $0.0 == 0 }.prefix(2).filter { $0.0 > 0 }
        return parts.map { $0.0.counting($0.1) }.joined(separator: " ")
    }
}

extension Int {
    /// `1,204`.
    var grouped: String {
        var digits = String(magnitude)
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return (self < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
    }

    /// `1 call`, `1,204 calls`.
    /// - Parameter noun: one of them; an `s` makes it several.
    func counting(_ noun: String) -> String { "\(grouped) \(noun)\(self == 1 ? "" : "s")" }
}
