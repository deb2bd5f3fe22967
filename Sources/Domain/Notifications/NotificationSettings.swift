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

    /// When the quiet hours that hold a time end: the first full minute that is not quiet any more. Nil when it is not quiet
    /// then.
    ///
    /// The clock on the wall counts: in the night of a change of time the hours are longer or shorter. A zone that this machine
    /// does not know is UTC's.
    /// - Parameter time: the time.
    public func end(holding time: Timestamp) -> Timestamp? {
        let zone = TimeZone(identifier: timeZone) ?? .gmt
        let minute: Int64 = 60_000_000
        guard isQuiet(time, zone) else { return nil }
        // minute by minute: whatever changes of time lie on the way. Two days and a change of time bound it.
        var end = Timestamp(microseconds: (time.microseconds / minute + 1) * minute)
        for _ in 0..<(50 * 60) where isQuiet(end, zone) { end = end.advanced(bySeconds: 60) }
        return end
    }

    private func isQuiet(_ time: Timestamp, _ zone: TimeZone) -> Bool {
        let seconds = time.microseconds / 1_000_000
        let offset = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))
        let minute = Int(((seconds + Int64(offset)) % 86_400 + 86_400) % 86_400 / 60)
        return from.minutes < to.minutes
            ? (from.minutes..<to.minutes).contains(minute) : minute >= from.minutes || minute < to.minutes
    }

    /// Whether a zone is known.
    /// - Parameter name: as in the IANA database.
    public static func isKnown(timeZone name: String) -> Bool {
        if name == "UTC" { return true }
        // abbreviations such as "CET", offsets such as "GMT+1" and the database's own folders are no places where somebody
        // sleeps
        let isPlain = name.utf8.allSatisfy { byte in
            byte == UInt8(ascii: "/") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
                || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        }
        return isPlain && name.contains("/") && !name.hasPrefix("posix/") && !name.hasPrefix("right/")
            && !name.hasPrefix("Etc/") && TimeZone(identifier: name) != nil
    }
}
