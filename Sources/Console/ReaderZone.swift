public import Domain
import Foundation

/// The time zone in which a reader is shown times: their browser's, as its script told by a cookie; UTC without script.
public struct ReaderZone: Sendable {
    /// By its name in the IANA database.
    public let identifier: String
    private let zone: TimeZone

    /// Coordinated universal time.
    public static let utc = ReaderZone(identifier: "UTC", zone: .gmt)

    private init(identifier: String, zone: TimeZone) {
        self.identifier = identifier
        self.zone = zone
    }

    /// The zone of a name; UTC when there is no such zone.
    /// - Parameter name: as the cookie holds it.
    public init(_ name: String?) {
        guard let name, name.utf8.count <= 64, name.contains("/"), let zone = TimeZone(identifier: name) else {
            self = .utc
            return
        }
        self.init(identifier: name, zone: zone)
    }

    /// A time as a clock in this zone shows it, still counted as if it were UTC's.
    private func shifted(_ time: Timestamp) -> Timestamp {
        let date = Date(timeIntervalSince1970: Double(time.microseconds) / 1_000_000)
        return time.advanced(bySeconds: Int64(zone.secondsFromGMT(for: date)))
    }

    /// `12:04:31`.
    public func clock(_ time: Timestamp) -> String { String(shifted(time).description.dropFirst(11).prefix(8)) }

    /// The day in which a time lies here.
    public func day(_ time: Timestamp) -> Day { shifted(time).day }

    /// `20 Nov 2026, 12:04:31`.
    public func full(_ time: Timestamp) -> String { "\(Self.words(day(time))), \(clock(time))" }

    /// `20 Nov 2026, 12:04`.
    func minute(_ time: Timestamp) -> String { String(full(time).dropLast(3)) }

    /// `20 Nov 2026`.
    public static func words(_ day: Day) -> String {
        let (year, month, dayOfMonth) = day.civil
        return "\(dayOfMonth) \(months[month - 1]) \(year)"
    }

    /// `Friday, 20 November`, with the year where it is another than that of `today`.
    public static func heading(_ day: Day, today: Day) -> String {
        if day == today { return "Today" }
        if day == today.advanced(by: -1) { return "Yesterday" }
        // 1970-01-01 was a Thursday
        let weekday = weekdays[((Int(day.number) % 7) + 7 + 4) % 7]
        return "\(weekday), \(words(day))"
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    private static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
}
