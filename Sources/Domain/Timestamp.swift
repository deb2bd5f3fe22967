public import Foundation

/// A point in time: microseconds since 1970-01-01T00:00:00Z, PostgreSQL's resolution.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Microseconds since 1970-01-01T00:00:00Z.
    public var microseconds: Int64

    /// A point in time.
    /// - Parameter microseconds: since 1970-01-01T00:00:00Z.
    public init(microseconds: Int64) { self.microseconds = microseconds }

    /// A point in time.
    /// - Parameter date: Foundation's form of it.
    public init(_ date: Date) { microseconds = Int64((date.timeIntervalSince1970 * 1_000_000).rounded()) }

    /// Milliseconds since 1970, rounded down.
    public var milliseconds: Int64 { microseconds.flooringDivide(by: 1000) }

    /// This time without its microseconds: what a UUIDv7 can hold.
    public var wholeMilliseconds: Timestamp { Timestamp(microseconds: milliseconds * 1000) }

    /// The UTC day that holds this time.
    public var day: Day { Day(number: Int32(microseconds.flooringDivide(by: Day.microseconds))) }

    /// The start of the UTC hour that holds this time.
    public var hour: Timestamp {
        Timestamp(microseconds: microseconds.flooringDivide(by: 3_600_000_000) * 3_600_000_000)
    }

    /// This time moved.
    /// - Parameter seconds: positive is later.
    public func advanced(bySeconds seconds: Int64) -> Timestamp {
        Timestamp(microseconds: microseconds + seconds * 1_000_000)
    }

    /// Earlier before later.
    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }
}

/// A UTC day: the unit of partitioning and of retention.
public struct Day: Sendable, Hashable, Comparable {
    /// Microseconds in a day.
    public static let microseconds: Int64 = 86_400_000_000

    /// Days since 1970-01-01.
    public var number: Int32

    /// A day.
    /// - Parameter number: days since 1970-01-01.
    public init(number: Int32) { self.number = number }

    /// Midnight at which the day starts.
    public var start: Timestamp { Timestamp(microseconds: Int64(number) * Day.microseconds) }

    /// Another day.
    /// - Parameter days: positive is later.
    public func advanced(by days: Int32) -> Day { Day(number: number + days) }

    /// Year, month and day of the month in the Gregorian calendar.
    ///
    /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
    public var civil: (year: Int, month: Int, day: Int) {
        let shifted = Int(number) + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    /// The day of a date in the Gregorian calendar; nil when there is no such date.
    ///
    /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
    /// - Parameters:
    ///   - year: 0…9999.
    ///   - month: 1…12.
    ///   - day: 1…31.
    public init?(year: Int, month: Int, day: Int) {
        guard (0...9999).contains(year), (1...12).contains(month), (1...31).contains(day) else { return nil }
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        number = Int32(era * 146_097 + dayOfEra - 719_468)
        guard civil == (year, month, day) else { return nil }
    }

    /// Earlier before later.
    public static func < (left: Day, right: Day) -> Bool { left.number < right.number }
}

extension Int64 {
    /// Division that rounds towards negative infinity, so that times before 1970 fall into their own hour and day.
    func flooringDivide(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
