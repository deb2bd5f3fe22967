extension String: PostgresArrayElement {
    /// The column type a value is bound as.
    public static var postgresType: PostgresType { .text }
    /// The column type of an array.
    public static var postgresArrayType: PostgresType { .textArray }

    /// Appends the binary form.
    public func encode(into buffer: inout PostgresBuffer) { buffer.append(utf8: self) }

    /// Reads the binary form.
    public static func decode(_ bytes: UnsafeRawBufferPointer?, type: PostgresType) throws -> String {
        guard let bytes else { throw DatabaseError.mismatch(String.self, type, isNull: true) }
        if type == .jsonb { return String(decoding: try PostgresJSON.content(bytes), as: UTF8.self) }
        guard type.isTextual else { throw DatabaseError.mismatch(String.self, type, isNull: false) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension [UInt8] {
    fileprivate static func decodeBytes(_ bytes: UnsafeRawBufferPointer, type: PostgresType) throws -> [UInt8] {
        switch type {
        case .bytea: return [UInt8](bytes)
        case .jsonb: return [UInt8](try PostgresJSON.content(bytes))
        case _ where type.isTextual: return [UInt8](bytes)
        default: throw DatabaseError.mismatch([UInt8].self, type, isNull: false)
        }
    }
}

// `[UInt8]` is `bytea`; the array conformance asks the element, and a byte answers with this.
extension UInt8: PostgresArrayElement {
    /// A byte stands alone as `smallint`: PostgreSQL has no one-byte integer.
    public static var postgresType: PostgresType { .int2 }
    /// The column type of an array.
    public static var postgresArrayType: PostgresType { .bytea }

    /// Appends the binary form.
    public func encode(into buffer: inout PostgresBuffer) { buffer.append(integer: Int16(self)) }

    /// Reads the binary form.
    public static func decode(_ bytes: UnsafeRawBufferPointer?, type: PostgresType) throws -> UInt8 {
        guard let value = UInt8(exactly: try Int16.decode(bytes, type: type)) else {
            throw DatabaseError.decoding("the column's number does not fit UInt8")
        }
        return value
    }

    /// Appends the binary form of an array.
    public static func encodeArray(_ array: [UInt8], into buffer: inout PostgresBuffer) { buffer.append(bytes: array) }

    /// Reads the binary form of an array.
    public static func decodeArray(_ bytes: UnsafeRawBufferPointer, type: PostgresType) throws -> [UInt8] {
        try [UInt8].decodeBytes(bytes, type: type)
    }
}

/// A document bound to, or read from, a `jsonb` column: its JSON text.
public struct PostgresJSON: Sendable, Hashable {
    /// The JSON text in UTF-8.
    public var text: [UInt8]

    /// A document.
    /// - Parameter text: JSON in UTF-8; the server refuses what is not JSON.
    public init(_ text: [UInt8]) { self.text = text }

    /// A document.
    /// - Parameter text: JSON; the server refuses what is not JSON.
    public init(_ text: String) { self.text = Array(text.utf8) }

    /// The version byte that leads jsonb's binary form. Source: `jsonb_recv` in PostgreSQL's `jsonb.c`.
    private static let version: UInt8 = 1

    fileprivate static func content(_ bytes: UnsafeRawBufferPointer) throws -> UnsafeRawBufferPointer {
        guard bytes.first == version else { throw DatabaseError.decoding("jsonb of an unknown version") }
        return UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
    }
}

extension PostgresJSON: PostgresArrayElement {
    /// The column type a value is bound as.
    public static var postgresType: PostgresType { .jsonb }
    /// The column type of an array.
    public static var postgresArrayType: PostgresType { .jsonbArray }

    /// Appends the binary form.
    public func encode(into buffer: inout PostgresBuffer) {
        buffer.append(byte: PostgresJSON.version)
        buffer.append(bytes: text)
    }

    /// Reads the binary form.
    public static func decode(_ bytes: UnsafeRawBufferPointer?, type: PostgresType) throws -> PostgresJSON {
        guard let bytes, type == .jsonb || type.isTextual else {
            throw DatabaseError.mismatch(PostgresJSON.self, type, isNull: bytes == nil)
        }
        return PostgresJSON(try [UInt8].decodeBytes(bytes, type: type))
    }
}
