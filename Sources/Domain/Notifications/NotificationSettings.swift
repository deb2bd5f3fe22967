import Foundation

/// What a tenant's owners have set about notifications.
public struct NotificationSettings: Sendable, Hashable {
    /// Which roles are told of a bot's first error.
    public var firstErrorRoles: Set<Role>
    /// Which roles are told of a connection that lost its authorisation.
    public var reauthoriseRoles: Set<Role>
    /// When nobody is to be disturbed; nil for never.
    public var quietHours: QuietHours?

    /// The usual: the owners are told, at any hour.
    public static let usual = NotificationSettings(
        firstErrorRoles: [.owner], reauthoriseRoles: [.owner], quietHours: nil)

    /// Puts settings together; see the properties.
    public init(firstErrorRoles: Set<Role>, reauthoriseRoles: Set<Role>, quietHours: QuietHours?) {
        self.firstErrorRoles = firstErrorRoles
        self.reauthoriseRoles = reauthoriseRoles
        self.quietHours = quietHours
    }

    /// Which roles are told of an event.
    /// - Parameter event: the event.
    public func roles(for event: NotificationEvent) -> Set<Role> {
        switch event {
        case .firstError: firstErrorRoles
        case .reauthorise: reauthoriseRoles
        case .test: []
        }
    }
}

/// What a person has switched off for themselves.
public struct NotificationPreferences: Sendable, Hashable {
    /// Whether they want to be told of first errors, if their role is.
    public var firstError: Bool
    /// Whether they want to be told of connections, if their role is.
    public var reauthorise: Bool

    /// The usual: nothing is switched off.
    public static let usual = NotificationPreferences(firstError: true, reauthorise: true)

    /// Puts preferences together; see the properties.
    public init(firstError: Bool, reauthorise: Bool) {
        self.firstError = firstError
        self.reauthorise = reauthorise
    }

    /// Whether they want to be told of an event.
    /// - Parameter event: the event.
    public func wants(_ event: NotificationEvent) -> Bool {
        switch event {
        case .firstError: firstError
        case .reauthorise: reauthorise
        case .test: true
        }
    }
}

/// A time of day, to the minute.
public struct ClockTime: Sendable, Hashable {
    /// Minutes since midnight, 0…1439.
    public var minutes: Int

    /// A time of day.
    /// - Parameter minutes: since midnight, 0…1439.
    public init(minutes: Int) { self.minutes = minutes }

    /// Reads `22:00`; nil for anything else.
    /// - Parameter text: two digits, a colon, two digits.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let isPlain = parts.allSatisfy { $0.utf8.count == 2 && $0.utf8.allSatisfy { (48...57).contains($0) } }
        guard parts.count == 2, isPlain, let hour = Int(parts[0]), let minute = Int(parts[1]), hour < 24, minute < 60
        else { return nil }
        minutes = hour * 60 + minute
    }
}

extension ClockTime: CustomStringConvertible {
    /// As people write it: `22:00`.
    public var description: String {
        let (hour, minute) = minutes.quotientAndRemainder(dividingBy: 60)
        return (hour < 10 ? "0" : "") + "\(hour):" + (minute < 10 ? "0" : "") + "\(minute)"
    }
}

/// Hours of each day in which nobody is to be disturbed; over midnight when they end before they begin.
public struct QuietHours: Sendable, Hashable {
    /// When they begin.
    public var from: ClockTime
    /// When they end; another time than `from`.
    public var to: ClockTime
    /// Whose clock counts, by its name in the IANA database.
    public var timeZone: String

    /// Puts hours together; see the properties.
    public init(from: ClockTime, to: ClockTime, timeZone: String) {
        self.from = from
        self.to = to
        self.timeZone = timeZone
    }

    /// When the quiet hours that hold a time end; nil when it is not quiet then.
    ///
    /// The clock on the wall counts: in the night of a change of time the hours are longer or shorter. A zone that this machine
    /// does not know is UTC's.
    /// - Parameter time: the time.
    public func end(holding time: Timestamp) -> Timestamp? {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(identifier: timeZone) ?? .gmt
        let date = Date(timeIntervalSince1970: Double(time.microseconds) / 1_000_000)
        let parts = calendar.dateComponents([.hour, .minute], from: date)
        let minute = (parts.hour ?? 0) * 60 + (parts.minute ?? 0)
        let isQuiet =
            from.minutes < to.minutes
            ? (from.minutes..<to.minutes).contains(minute) : minute >= from.minutes || minute < to.minutes
        guard isQuiet else { return nil }
        let end = DateComponents(hour: to.minutes / 60, minute: to.minutes % 60, second: 0)
        return calendar.nextDate(after: date, matching: end, matchingPolicy: .nextTime).map(Timestamp.init)
    }

    /// Whether a zone is known.
    /// - Parameter name: as in the IANA database.
    public static func isKnown(timeZone name: String) -> Bool {
        // abbreviations such as "CET" and offsets such as "GMT+1" are no places where somebody sleeps
        name == "UTC" || (name.contains("/") && TimeZone(identifier: name) != nil)
    }
}
