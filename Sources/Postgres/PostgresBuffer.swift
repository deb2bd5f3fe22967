/// Growable bytes in network order: what binds and COPY rows are written into.
public struct PostgresBuffer: Sendable {
    /// The bytes written so far.
    public private(set) var bytes: [UInt8]

    /// An empty buffer.
    /// - Parameter capacity: bytes to reserve.
    public init(capacity: Int = 0) {
        bytes = []
        if capacity > 0 { bytes.reserveCapacity(capacity) }
    }

    /// Bytes written so far.
    public var count: Int { bytes.count }

    /// Whether nothing was written.
    public var isEmpty: Bool { bytes.isEmpty }

    /// Makes room ahead of writing.
    /// - Parameter capacity: total bytes the buffer is to hold without growing.
    public mutating func reserveCapacity(_ capacity: Int) { bytes.reserveCapacity(capacity) }

    /// Forgets the bytes and keeps the storage.
    public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    /// Appends an integer, most significant byte first.
    /// - Parameter value: of any fixed width.
    @inline(__always)
    public mutating func append<Value: FixedWidthInteger>(integer value: Value) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// Appends one byte.
    /// - Parameter byte: the byte.
    public mutating func append(byte: UInt8) { bytes.append(byte) }

    /// Appends bytes as they are.
    /// - Parameter content: any sequence of bytes.
    public mutating func append<Bytes: Sequence>(bytes content: Bytes) where Bytes.Element == UInt8 {
        bytes.append(contentsOf: content)
    }

    /// Appends bytes as they are, without the detour over a generic sequence.
    mutating func append(unsafe content: UnsafeBufferPointer<UInt8>) { bytes.append(contentsOf: content) }

    /// Appends a string in UTF-8, without a length and without a terminator.
    /// - Parameter text: the string.
    public mutating func append(utf8 text: String) {
        var text = text
        text.withUTF8 { bytes.append(contentsOf: $0) }
    }

    /// Appends a value preceded by its length, the form of a COPY field and of an array element.
    /// - Parameter value: nil is NULL.
    public mutating func append<Value: PostgresEncodable>(lengthPrefixed value: Value?) {
        guard let value else { return append(integer: Int32(-1)) }
        let start = bytes.count
        append(integer: Int32(0))
        value.encode(into: &self)
        replaceLength(at: start)
    }

    /// Writes the length of all that follows a four-byte placeholder into that placeholder.
    /// - Parameter position: where the placeholder starts.
    mutating func replaceLength(at position: Int) {
        let length = UInt32(truncatingIfNeeded: bytes.count - position - 4)
        bytes[position] = UInt8(truncatingIfNeeded: length >> 24)
        bytes[position + 1] = UInt8(truncatingIfNeeded: length >> 16)
        bytes[position + 2] = UInt8(truncatingIfNeeded: length >> 8)
        bytes[position + 3] = UInt8(truncatingIfNeeded: length)
    }
}
