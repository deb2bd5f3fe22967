extension PostgresArrayElement {
    // Dimensions, a flag for NULLs, the element type, then elements with lengths.
    // Source: `array_send` in PostgreSQL's `arrayfuncs.c`.
    /// Appends the binary form of an array.
    public static func encodeArray(_ array: [Self], into buffer: inout PostgresBuffer) {
        buffer.append(integer: Int32(array.isEmpty ? 0 : 1))
        buffer.append(integer: Int32(0))
        buffer.append(integer: postgresType.rawValue)
        guard !array.isEmpty else { return }
        buffer.append(integer: Int32(array.count))
        buffer.append(integer: Int32(1))
        for element in array { buffer.append(lengthPrefixed: element) }
    }

    /// Reads the binary form of an array.
    public static func decodeArray(_ bytes: UnsafeRawBufferPointer, type: PostgresType) throws -> [Self] {
        try PostgresArrayReader.elements(bytes) { try Self.decode($0, type: $1) }
    }
}

/// Walks the binary form of an array.
enum PostgresArrayReader {
    static func elements<Element>(
        _ bytes: UnsafeRawBufferPointer,
        _ decode: (UnsafeRawBufferPointer?, PostgresType) throws -> Element
    ) throws -> [Element] {
        var offset = 0
        func take(_ length: Int) throws -> UnsafeRawBufferPointer {
            guard length >= 0, bytes.count - offset >= length else { throw DatabaseError.decoding("a malformed array") }
            defer { offset += length }
            return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
        }
        func integer() throws -> Int { Int(try take(4).bigEndianInteger(Int32.self) ?? 0) }

        let dimensions = try integer()
        _ = try integer()
        let element = PostgresType(rawValue: UInt32(truncatingIfNeeded: try integer()))
        guard dimensions > 0 else { return [] }
        guard dimensions == 1 else { throw DatabaseError.decoding("an array of more than one dimension") }
        let count = try integer()
        _ = try integer()
        // Each element takes at least its length, so a wrong count can't make this allocate without bound.
        guard count >= 0, count <= bytes.count / 4 else { throw DatabaseError.decoding("a malformed array") }
        var result: [Element] = []
        result.reserveCapacity(count)
        for _ in 0..<count {
            let length = try integer()
            result.append(try decode(length < 0 ? nil : try take(length), element))
        }
        return result
    }
}

extension Array: PostgresEncodable where Element: PostgresArrayElement {
    /// The column type a value is bound as.
    public static var postgresType: PostgresType { Element.postgresArrayType }

    /// Appends the binary form.
    public func encode(into buffer: inout PostgresBuffer) { Element.encodeArray(self, into: &buffer) }
}

extension Array: PostgresDecodable where Element: PostgresArrayElement {
    /// Reads the binary form.
    public static func decode(_ bytes: UnsafeRawBufferPointer?, type: PostgresType) throws -> [Element] {
        guard let bytes else { throw DatabaseError.mismatch([Element].self, type, isNull: true) }
        return try Element.decodeArray(bytes, type: type)
    }
}

/// An array that may hold NULLs, read or bound.
public struct PostgresNullableArray<Element: PostgresArrayElement>: PostgresEncodable, PostgresDecodable {
    /// The elements; nil is NULL.
    public var elements: [Element?]

    /// An array that may hold NULLs.
    /// - Parameter elements: nil is NULL.
    public init(_ elements: [Element?]) { self.elements = elements }

    /// The column type a value is bound as.
    public static var postgresType: PostgresType { Element.postgresArrayType }

    /// Appends the binary form.
    public func encode(into buffer: inout PostgresBuffer) {
        buffer.append(integer: Int32(elements.isEmpty ? 0 : 1))
        buffer.append(integer: Int32(elements.contains { $0 == nil } ? 1 : 0))
        buffer.append(integer: Element.postgresType.rawValue)
        guard !elements.isEmpty else { return }
        buffer.append(integer: Int32(elements.count))
        buffer.append(integer: Int32(1))
        for element in elements { buffer.append(lengthPrefixed: element) }
    }

    /// Reads the binary form.
    public static func decode(_ bytes: UnsafeRawBufferPointer?, type: PostgresType) throws -> Self {
        guard let bytes else { throw DatabaseError.mismatch(Self.self, type, isNull: true) }
        return Self(try PostgresArrayReader.elements(bytes) { try Element?.decode($0, type: $1) })
    }
}
