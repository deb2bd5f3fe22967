public import Foundation

/// PostgreSQL counts from 2000-01-01, Foundation from 2001-01-01: a leap year of seconds between.
private let secondsBetweenEpochs: Double = 366 * 86_400

extension Date: PostgresArrayElement {
    /// The column type a value is bound as.
    public static var postgresType: PostgresType { .timestamptz }
    /// The column type of an array.
    public static var postgresArrayType: PostgresType { .timestamptzArray }

    /// Appends microseconds since 2000; a time too far away becomes PostgreSQL's `infinity` or `-infinity`.
    /// - Parameter buffer: to append to.
    public func encode(into buffer: inout PostgresBuffer) {
        let microseconds = ((timeIntervalSinceReferenceDate + secondsBetweenEpochs) * 1_000_000).rounded()
        // Past this PostgreSQL itself has no dates (the year 294276).
        let limit: Double = 9_223_371_331_200_000_000
        guard microseconds < limit else { return buffer.append(integer: Int64.max) }
        guard microseconds > -211_813_488_000_000_000 else { return buffer.append(integer: Int64.min) }
        buffer.append(integer: Int64(microseconds))
    }

    /// Reads the binary form.
    public static func decode(_ bytes: UnsafeRawBufferPointer?, type: PostgresType) throws -> Date {
        guard let bytes else { throw DatabaseError.mismatch(Date.self, type, isNull: true) }
        switch type {
        case .timestamptz, .timestamp:
            guard let microseconds = bytes.bigEndianInteger(Int64.self) else { break }
            guard microseconds != .max else { return .distantFuture }
            guard microseconds != .min else { return .distantPast }
            return Date(timeIntervalSinceReferenceDate: Double(microseconds) / 1_000_000 - secondsBetweenEpochs)
        case .date:
            return try PostgresDay.decode(bytes, type: type).start
        default: break
        }
        throw DatabaseError.mismatch(Date.self, type, isNull: false)
    }
}

/// A calendar day: PostgreSQL's `date`.
public struct PostgresDay: Sendable, Hashable, Comparable {
    /// Days since 2000-01-01.
    public var daysSince2000: Int32

    /// A day.
    /// - Parameter daysSince2000: days since 2000-01-01, negative before.
    public init(daysSince2000: Int32) { self.daysSince2000 = daysSince2000 }

    /// A day.
    /// - Parameter daysSince1970: days since 1970-01-01.
    public init(daysSince1970: Int32) { daysSince2000 = daysSince1970 - 10_957 }

    /// The UTC day that holds a time.
    /// - Parameter date: any time of the day.
    public init(_ date: Date) {
        let days = ((date.timeIntervalSinceReferenceDate + secondsBetweenEpochs) / 86_400).rounded(.down)
        daysSince2000 = Int32(clamping: Int64(max(-1e9, min(1e9, days))))
    }

    /// Days since 1970-01-01.
    public var daysSince1970: Int32 { daysSince2000 + 10_957 }

    /// Midnight UTC, at which the day starts.
    public var start: Date {
        Date(timeIntervalSinceReferenceDate: Double(daysSince2000) * 86_400 - secondsBetweenEpochs)
    }

    /// Whether the left is the earlier.
    public static func < (left: PostgresDay, right: PostgresDay) -> Bool { left.daysSince2000 < right.daysSince2000 }
}

extension PostgresDay: PostgresArrayElement {
    /// The column type a value is bound as.
    public static var postgresType: PostgresType { .date }
    /// The column type of an array.
    public static var postgresArrayType: PostgresType { .dateArray }

    /// Appends the binary form.
    public func encode(into buffer: inout PostgresBuffer) { buffer.append(integer: daysSince2000) }

    /// Reads the binary form.
    public static func decode(_ bytes: UnsafeRawBufferPointer?, type: PostgresType) throws -> PostgresDay {
        guard type == .date, let days = bytes?.bigEndianInteger(Int32.self) else {
            throw DatabaseError.mismatch(PostgresDay.self, type, isNull: bytes == nil)
        }
        return PostgresDay(daysSince2000: days)
    }
}

extension UUID: PostgresArrayElement {
    /// The column type a value is bound as.
    public static var postgresType: PostgresType { .uuid }
    /// The column type of an array.
    public static var postgresArrayType: PostgresType { .uuidArray }

    /// Appends the binary form.
    public func encode(into buffer: inout PostgresBuffer) {
        withUnsafeBytes(of: uuid) { buffer.append(bytes: $0) }
    }

    /// Reads the binary form.
    public static func decode(_ bytes: UnsafeRawBufferPointer?, type: PostgresType) throws -> UUID {
        guard let bytes, type == .uuid, bytes.count == 16 else {
            throw DatabaseError.mismatch(UUID.self, type, isNull: bytes == nil)
        }
        return UUID(uuid: bytes.loadUnaligned(as: uuid_t.self))
    }
}
