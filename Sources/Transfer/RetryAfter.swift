public import Foundation

/// The header by which a server says when to ask again (RFC 9110, section 10.2.3).
public enum RetryAfter {
    /// More is not waited for, seconds.
    public static let most: Int64 = 3600

    /// Seconds to wait.
    /// - Parameters:
    ///   - value: the header: seconds, or a date in its preferred form.
    ///   - now: what a date is compared to.
    /// - Returns: 0…`most`; nil when there is no header or it can't be understood.
    public static func seconds(_ value: String?, now: Date) -> Int64? {
        guard let text = value?.trimmingCharacters(in: .whitespaces), !text.isEmpty else { return nil }
        if text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return min(Int64(text) ?? most, most) }
        let format = Date.VerbatimFormatStyle(
            format: """
                \(weekday: .abbreviated), \(day: .twoDigits) \(month: .abbreviated) \(year: .padded(4)) \
                \(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits):\
                \(second: .twoDigits) GMT
                """,
            locale: Locale(identifier: "en_US_POSIX"), timeZone: .gmt, calendar: Calendar(identifier: .gregorian))
        guard let date = try? Date(text, strategy: format.parseStrategy) else { return nil }
        return min(max(Int64(date.timeIntervalSince(now).rounded(.up)), 0), most)
    }
}
