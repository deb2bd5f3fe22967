extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC: milliseconds when they say it all, else microseconds.
    public var description: String { String(unsafeUninitializedCapacity: 27) { rfc3339(into: $0) } }

    /// RFC 3339 in UTC, always with six digits behind the point.
    public var withMicroseconds: String {
        String(unsafeUninitializedCapacity: 27) { rfc3339(into: $0, alwaysMicroseconds: true) }
    }

    /// Writes RFC 3339 in UTC.
    /// - Parameters:
    ///   - buffer: at least 27 bytes.
    ///   - alwaysMicroseconds: also where milliseconds say it all.
    /// - Returns: the bytes written.
    public func rfc3339(into buffer: UnsafeMutableBufferPointer<UInt8>, alwaysMicroseconds: Bool = false) -> Int {
        let date = day.civil
        var rest = microseconds - day.start.microseconds
        let fraction = rest % 1_000_000
        rest /= 1_000_000
        var position = 0
        func put(_ value: Int, digits: Int) {
            var value = value
            for index in stride(from: position + digits - 1, through: position, by: -1) {
                buffer[index] = UInt8(ascii: "0") + UInt8(value % 10)
                value /= 10
            }
            position += digits
        }
        func put(_ character: Unicode.Scalar) {
            buffer[position] = UInt8(ascii: character)
            position += 1
        }
        put(date.year, digits: 4)
        put("-")
        put(date.month, digits: 2)
        put("-")
        put(date.day, digits: 2)
        put("T")
        put(Int(rest / 3600), digits: 2)
        put(":")
        put(Int(rest / 60 % 60), digits: 2)
        put(":")
        put(Int(rest % 60), digits: 2)
        put(".")
        if fraction % 1000 == 0, !alwaysMicroseconds {
            put(Int(fraction / 1000), digits: 3)
        } else {
            put(Int(fraction), digits: 6)
        }
        put("Z")
        return position
    }

    /// Reads RFC 3339: `YYYY-MM-DDThh:mm:ss[.f…](Z|±hh:mm)`. A zone is required; digits past the microsecond are cut;
    /// a leap second (`:60`) counts as the next second's start.
    /// - Parameter text: the whole text, no white space around it.
    public init?(rfc3339 text: some StringProtocol) {
        var text = String(text)
        let parsed = text.withUTF8 { Timestamp(rfc3339: $0) }
        guard let parsed else { return nil }
        self = parsed
    }

    /// Reads RFC 3339 from UTF-8; see `init(rfc3339:)`.
    /// - Parameter bytes: the whole text.
    public init?(rfc3339 bytes: UnsafeBufferPointer<UInt8>) {
        guard bytes.count >= 20, bytes.count <= 40 else { return nil }
        func number(_ start: Int, _ count: Int) -> Int? {
            guard start + count <= bytes.count else { return nil }
            var value = 0
            for index in start..<(start + count) {
                let digit = bytes[index] &- UInt8(ascii: "0")
                guard digit <= 9 else { return nil }
                value = value * 10 + Int(digit)
            }
            return value
        }
        func isAt(_ index: Int, _ character: Unicode.Scalar) -> Bool { bytes[index] == UInt8(ascii: character) }
        guard isAt(4, "-"), isAt(7, "-"), isAt(10, "T") || isAt(10, "t") || isAt(10, " "), isAt(13, ":"), isAt(16, ":"),
            let year = number(0, 4), let month = number(5, 2), let dayOfMonth = number(8, 2),
            let hour = number(11, 2), let minute = number(14, 2), let second = number(17, 2),
            let day = Day(year: year, month: month, day: dayOfMonth), hour < 24, minute < 60, second <= 60
        else { return nil }
        var position = 19
        var fraction: Int64 = 0
        if isAt(position, ".") {
            position += 1
            var scale: Int64 = 100_000
            let first = position
            while position < bytes.count, let digit = number(position, 1) {
                fraction += Int64(digit) * scale
                scale /= 10
                position += 1
            }
            guard position > first else { return nil }
        }
        guard position < bytes.count else { return nil }
        var offsetSeconds = 0
        if isAt(position, "Z") || isAt(position, "z") {
            guard position + 1 == bytes.count else { return nil }
        } else {
            guard isAt(position, "+") || isAt(position, "-"), position + 6 == bytes.count, isAt(position + 3, ":"),
                let hours = number(position + 1, 2), let minutes = number(position + 4, 2), hours < 24, minutes < 60
            else { return nil }
            offsetSeconds = (hours * 3600 + minutes * 60) * (isAt(position, "-") ? -1 : 1)
        }
        let seconds = Int64(hour * 3600 + minute * 60 + second - offsetSeconds)
        self.init(microseconds: day.start.microseconds + seconds * 1_000_000 + fraction)
    }
}

extension Day: CustomStringConvertible {
    /// `YYYY-MM-DD`.
    public var description: String { String(start.description.prefix(10)) }

    /// Reads `YYYY-MM-DD`.
    /// - Parameter text: the whole text.
    public init?(iso8601 text: some StringProtocol) {
        guard text.utf8.count == 10, let midnight = Timestamp(rfc3339: text + "T00:00:00Z") else { return nil }
        self = midnight.day
    }
}
