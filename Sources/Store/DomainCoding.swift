public import Domain
public import Postgres

/// Microseconds between 1970-01-01 and PostgreSQL's epoch, 2000-01-01.
private let postgresEpochMicroseconds: Int64 = 946_684_800_000_000
/// Days between the same two.
private let postgresEpochDays: Int32 = 10957

extension Timestamp: PostgresArrayElement {
    /// The type's number in PostgreSQL.
    public static var postgresType: PostgresType { .timestamptz }
    /// The array type's number in PostgreSQL.
    public static var postgresArrayType: PostgresType { .timestamptzArray }

    /// Appends the binary form.
    public func encode(into buffer: inout PostgresBuffer) {
        buffer.append(integer: microseconds - postgresEpochMicroseconds)
    }

    /// Reads the binary form.
    public static func decode(_ bytes: UnsafeRawBufferPointer?, type: PostgresType) throws -> Timestamp {
        Timestamp(microseconds: try Int64.decode(bytes, type: .int8) + postgresEpochMicroseconds)
    }
}

extension Day: PostgresArrayElement {
    /// The type's number in PostgreSQL.
    public static var postgresType: PostgresType { .date }
    /// The array type's number in PostgreSQL.
    public static var postgresArrayType: PostgresType { .dateArray }

    /// Appends the binary form.
    public func encode(into buffer: inout PostgresBuffer) {
        buffer.append(integer: number - postgresEpochDays)
    }

    /// Reads the binary form.
    public static func decode(_ bytes: UnsafeRawBufferPointer?, type: PostgresType) throws -> Day {
        Day(number: try Int32.decode(bytes, type: .int4) + postgresEpochDays)
    }
}

extension TenantID: PostgresArrayElement {}

extension Day {
    /// `20261121`, the end of the names of the day's partitions.
    var suffix: String { description.filter { $0 != "-" } }
}
