/// Writes rows for `COPY … (FORMAT BINARY)`, without an allocation per field.
public struct CopyEncoder: Sendable {
    /// The rows written so far.
    public private(set) var buffer: PostgresBuffer
    /// Number of rows begun.
    public private(set) var rowCount = 0

    /// An encoder without rows.
    /// - Parameter capacity: bytes to reserve.
    public init(capacity: Int = 0) { buffer = PostgresBuffer(capacity: capacity) }

    /// The rows written so far, a chunk for `copyIn`.
    public var bytes: [UInt8] { buffer.bytes }

    /// Begins a row: exactly this many fields must follow.
    /// - Parameter columns: as many as the COPY statement names.
    public mutating func row(columns: Int) {
        buffer.append(integer: Int16(truncatingIfNeeded: columns))
        rowCount += 1
    }

    /// Writes a field; its type must be the column's own, for COPY converts nothing.
    /// - Parameter value: nil is NULL.
    public mutating func field<Value: PostgresEncodable>(_ value: Value?) {
        buffer.append(lengthPrefixed: value)
    }

    /// Writes a field; its type must be the column's own, for COPY converts nothing.
    /// - Parameter value: the value.
    public mutating func field<Value: PostgresEncodable>(_ value: Value) {
        let start = buffer.count
        buffer.append(integer: Int32(0))
        value.encode(into: &buffer)
        buffer.replaceLength(at: start)
    }

    // The types that most fields have, spelt out: generic code is not specialised across targets, and this is the inner loop.

    /// Writes a text field.
    /// - Parameter text: nil is NULL.
    public mutating func field(_ text: String?) {
        guard var text else { return null() }
        text.withUTF8 { utf8 in
            buffer.append(integer: Int32(clamping: utf8.count))
            buffer.append(unsafe: utf8)
        }
    }

    /// Writes an `int2` field.
    /// - Parameter number: nil is NULL.
    public mutating func field(_ number: Int16?) {
        guard let number else { return null() }
        buffer.append(integer: Int32(2))
        buffer.append(integer: number)
    }

    /// Writes an `int4` field.
    /// - Parameter number: nil is NULL.
    public mutating func field(_ number: Int32?) {
        guard let number else { return null() }
        buffer.append(integer: Int32(4))
        buffer.append(integer: number)
    }

    /// Writes an `int8` field, or one of a type with that form.
    /// - Parameter number: nil is NULL.
    public mutating func field(_ number: Int64?) {
        guard let number else { return null() }
        buffer.append(integer: Int32(8))
        buffer.append(integer: number)
    }

    /// Writes a field that is in binary form already.
    /// - Parameter content: for `text` and `bytea` the bytes themselves.
    public mutating func field<Bytes: Collection>(bytes content: Bytes) where Bytes.Element == UInt8 {
        buffer.append(integer: Int32(clamping: content.count))
        buffer.append(bytes: content)
    }

    /// Writes NULL.
    public mutating func null() { buffer.append(integer: Int32(-1)) }

    /// Appends rows that another encoder wrote.
    /// - Parameter other: its rows follow this one's.
    public mutating func append(_ other: CopyEncoder) {
        buffer.append(bytes: other.buffer.bytes)
        rowCount += other.rowCount
    }

    /// Forgets the rows and keeps the storage.
    public mutating func removeAll() {
        buffer.removeAll()
        rowCount = 0
    }
}
