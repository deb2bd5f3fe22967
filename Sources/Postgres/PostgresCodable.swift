/// A value that travels to the server in PostgreSQL's binary format.
public protocol PostgresEncodable: Sendable {
    /// The type the server is told; the binary form must be that type's.
    static var postgresType: PostgresType { get }

    /// Appends the binary form, without a length: the caller writes that.
    /// - Parameter buffer: to append to; never to be shortened.
    func encode(into buffer: inout PostgresBuffer)
}

/// A value read from a column in PostgreSQL's binary format.
public protocol PostgresDecodable: Sendable {
    /// Reads one column.
    /// - Parameters:
    ///   - bytes: exactly the column's bytes, valid during the call only; nil is NULL.
    ///   - type: what the server says the column is.
    /// - Returns: the value.
    /// - Throws: `DatabaseError` of kind `.decoding`.
    static func decode(_ bytes: UnsafeRawBufferPointer?, type: PostgresType) throws -> Self
}

/// A value that may stand in a one-dimensional array.
public protocol PostgresArrayElement: PostgresEncodable, PostgresDecodable {
    /// The type of an array of these.
    static var postgresArrayType: PostgresType { get }

    /// Appends the binary form of an array of these; the default is PostgreSQL's array form.
    /// - Parameters:
    ///   - array: the elements.
    ///   - buffer: to append to.
    static func encodeArray(_ array: [Self], into buffer: inout PostgresBuffer)

    /// Reads an array of these; the default reads a one-dimensional array without NULLs.
    /// - Parameters:
    ///   - bytes: exactly the column's bytes.
    ///   - type: what the server says the column is.
    /// - Returns: the elements.
    /// - Throws: `DatabaseError` of kind `.decoding`.
    static func decodeArray(_ bytes: UnsafeRawBufferPointer, type: PostgresType) throws -> [Self]
}

extension PostgresEncodable where Self: RawRepresentable, RawValue: PostgresEncodable {
    /// The column type a value is bound as.
    public static var postgresType: PostgresType { RawValue.postgresType }

    /// Appends the binary form.
    public func encode(into buffer: inout PostgresBuffer) { rawValue.encode(into: &buffer) }
}

extension PostgresDecodable where Self: RawRepresentable, RawValue: PostgresDecodable {
    /// Reads the binary form.
    public static func decode(_ bytes: UnsafeRawBufferPointer?, type: PostgresType) throws -> Self {
        guard let value = Self(rawValue: try RawValue.decode(bytes, type: type)) else {
            throw DatabaseError.decoding("the column holds no known \(Self.self)")
        }
        return value
    }
}

extension PostgresArrayElement where Self: RawRepresentable, RawValue: PostgresArrayElement {
    /// The column type of an array.
    public static var postgresArrayType: PostgresType { RawValue.postgresArrayType }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    /// Reads the binary form.
    public static func decode(_ bytes: UnsafeRawBufferPointer?, type: PostgresType) throws -> Wrapped? {
        guard let bytes else { return nil }
        return try Wrapped.decode(bytes, type: type)
    }
}

extension UnsafeRawBufferPointer {
    /// The integer these bytes are, most significant first; nil when the length is another.
    @inline(__always)
    func bigEndianInteger<Value: FixedWidthInteger>(_: Value.Type) -> Value? {
        guard count == MemoryLayout<Value>.size else { return nil }
        return Value(bigEndian: loadUnaligned(as: Value.self))
    }
}

extension DatabaseError {
    static func mismatch<Value>(_: Value.Type, _ type: PostgresType, isNull: Bool) -> DatabaseError {
        isNull
            ? .decoding("NULL where \(Value.self) was expected")
            : .decoding("a column of type \(type.rawValue) can't be read as \(Value.self)")
    }
}
