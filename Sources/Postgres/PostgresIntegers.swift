extension Bool: PostgresArrayElement {
    /// The column type a value is bound as.
    public static var postgresType: PostgresType { .bool }
    /// The column type of an array.
    public static var postgresArrayType: PostgresType { .boolArray }

    /// Appends the binary form.
    public func encode(into buffer: inout PostgresBuffer) { buffer.append(byte: self ? 1 : 0) }

    /// Reads the binary form.
    public static func decode(_ bytes: UnsafeRawBufferPointer?, type: PostgresType) throws -> Bool {
        guard let bytes, type == .bool, bytes.count == 1 else {
            throw DatabaseError.mismatch(Bool.self, type, isNull: bytes == nil)
        }
        return bytes[0] != 0
    }
}

/// Reads any of PostgreSQL's integers, and whole numerics, into one that must be wide enough for the value.
private func decodeInteger<Value: FixedWidthInteger>(
    _ bytes: UnsafeRawBufferPointer?,
    type: PostgresType
) throws -> Value {
    guard let bytes else { throw DatabaseError.mismatch(Value.self, type, isNull: true) }
    let wide: Int64?
    switch type {
    case .int8: wide = bytes.bigEndianInteger(Int64.self)
    case .int4: wide = bytes.bigEndianInteger(Int32.self).map(Int64.init)
    case .int2: wide = bytes.bigEndianInteger(Int16.self).map(Int64.init)
    case .oid: wide = bytes.bigEndianInteger(UInt32.self).map(Int64.init)
    case .numeric: wide = PostgresNumeric(bytes)?.integer
    default: wide = nil
    }
    guard let wide else { throw DatabaseError.mismatch(Value.self, type, isNull: false) }
    guard let value = Value(exactly: wide) else {
        throw DatabaseError.decoding("the column's number does not fit \(Value.self)")
    }
    return value
}

extension Int16: PostgresArrayElement {
    /// The column type a value is bound as.
    public static var postgresType: PostgresType { .int2 }
    /// The column type of an array.
    public static var postgresArrayType: PostgresType { .int2Array }

    /// Appends the binary form.
    public func encode(into buffer: inout PostgresBuffer) { buffer.append(integer: self) }

    /// Reads the binary form.
    public static func decode(_ bytes: UnsafeRawBufferPointer?, type: PostgresType) throws -> Int16 {
        try decodeInteger(bytes, type: type)
    }
}

extension Int32: PostgresArrayElement {
    /// The column type a value is bound as.
    public static var postgresType: PostgresType { .int4 }
    /// The column type of an array.
    public static var postgresArrayType: PostgresType { .int4Array }

    /// Appends the binary form.
    public func encode(into buffer: inout PostgresBuffer) { buffer.append(integer: self) }

    /// Reads the binary form.
    public static func decode(_ bytes: UnsafeRawBufferPointer?, type: PostgresType) throws -> Int32 {
        try decodeInteger(bytes, type: type)
    }
}

extension Int64: PostgresArrayElement {
    /// The column type a value is bound as.
    public static var postgresType: PostgresType { .int8 }
    /// The column type of an array.
    public static var postgresArrayType: PostgresType { .int8Array }

    /// Appends the binary form.
    public func encode(into buffer: inout PostgresBuffer) { buffer.append(integer: self) }

    /// Reads the binary form.
    public static func decode(_ bytes: UnsafeRawBufferPointer?, type: PostgresType) throws -> Int64 {
        try decodeInteger(bytes, type: type)
    }
}

extension Int: PostgresArrayElement {
    /// The column type a value is bound as.
    public static var postgresType: PostgresType { .int8 }
    /// The column type of an array.
    public static var postgresArrayType: PostgresType { .int8Array }

    /// Appends the binary form.
    public func encode(into buffer: inout PostgresBuffer) { buffer.append(integer: Int64(self)) }

    /// Reads the binary form.
    public static func decode(_ bytes: UnsafeRawBufferPointer?, type: PostgresType) throws -> Int {
        try decodeInteger(bytes, type: type)
    }
}

extension Double: PostgresArrayElement {
    /// The column type a value is bound as.
    public static var postgresType: PostgresType { .float8 }
    /// The column type of an array.
    public static var postgresArrayType: PostgresType { .float8Array }

    /// Appends the binary form.
    public func encode(into buffer: inout PostgresBuffer) { buffer.append(integer: bitPattern) }

    /// Reads the binary form.
    public static func decode(_ bytes: UnsafeRawBufferPointer?, type: PostgresType) throws -> Double {
        guard let bytes else { throw DatabaseError.mismatch(Double.self, type, isNull: true) }
        switch type {
        case .float8:
            if let bits = bytes.bigEndianInteger(UInt64.self) { return Double(bitPattern: bits) }
        case .float4:
            if let bits = bytes.bigEndianInteger(UInt32.self) { return Double(Float(bitPattern: bits)) }
        case .numeric:
            if let number = PostgresNumeric(bytes) { return number.double }
        case .int2, .int4, .int8:
            return Double(try Int64.decode(bytes, type: type))
        default: break
        }
        throw DatabaseError.mismatch(Double.self, type, isNull: false)
    }
}
