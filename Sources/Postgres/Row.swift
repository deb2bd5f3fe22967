public import Foundation

/// One row of a result, to be read inside the closure it is given to.
public struct Row {
    private let result: QueryResult
    private let index: Int

    init(_ result: QueryResult, _ index: Int) {
        self.result = result
        self.index = index
    }

    /// Number of columns.
    public var columnCount: Int { result.columnCount }

    /// The columns' names, in order.
    public var columnNames: [String] { (0..<result.columnCount).map(result.columnName) }

    /// Reads the leading columns: `let (id, name) = try row.decode(Int64.self, String.self)`.
    /// - Parameter types: one per column, from the first; an optional type takes NULL.
    /// - Returns: the values.
    /// - Throws: `DatabaseError` of kind `.decoding`, which names the column.
    public func decode<each Value: PostgresDecodable>(
        _ types: repeat (each Value).Type
    ) throws -> (repeat each Value) {
        var column = 0
        func next<Next: PostgresDecodable>(_ type: Next.Type) throws -> Next {
            defer { column += 1 }
            return try decode(type, at: column)
        }
        return (repeat try next((each types)))
    }

    /// Reads a column by its position.
    /// - Parameters:
    ///   - type: an optional type takes NULL.
    ///   - column: from 0.
    /// - Returns: the value.
    /// - Throws: `DatabaseError` of kind `.decoding`, which names the column.
    public func decode<Value: PostgresDecodable>(_ type: Value.Type, at column: Int) throws -> Value {
        guard column >= 0, column < result.columnCount else {
            throw DatabaseError.decoding("the row has \(result.columnCount) columns, number \(column) was asked for")
        }
        do {
            return try Value.decode(result.bytes(row: index, column: column), type: result.type(column))
        } catch var error as DatabaseError {
            if error.column == nil { error.column = result.columnName(column) }
            throw error
        }
    }

    /// Reads a column by its name.
    /// - Parameters:
    ///   - type: an optional type takes NULL.
    ///   - name: as the server returns it; the first of that name.
    /// - Returns: the value.
    /// - Throws: `DatabaseError` of kind `.decoding`, which names the column.
    public func decode<Value: PostgresDecodable>(_ type: Value.Type, named name: String) throws -> Value {
        guard let column = result.columnIndex(named: name) else {
            throw DatabaseError.decoding("the row has no column named \(name)")
        }
        return try decode(type, at: column)
    }
}

// The types that most columns have, spelt out: generic code is not specialised across targets, and reading a list is one
// call for each of its columns and rows.
extension Row {
    /// Reads a text column.
    /// - Parameter column: from 0.
    /// - Returns: nil for NULL.
    /// - Throws: `DatabaseError` of kind `.decoding`.
    public func text(at column: Int) throws -> String? { try decode(String?.self, at: column) }

    /// Reads an `int2` column.
    /// - Parameter column: from 0.
    /// - Returns: nil for NULL.
    /// - Throws: `DatabaseError` of kind `.decoding`.
    public func int16(at column: Int) throws -> Int16? { try decode(Int16?.self, at: column) }

    /// Reads an `int4` column.
    /// - Parameter column: from 0.
    /// - Returns: nil for NULL.
    /// - Throws: `DatabaseError` of kind `.decoding`.
    public func int32(at column: Int) throws -> Int32? { try decode(Int32?.self, at: column) }

    /// Reads an `int8` column.
    /// - Parameter column: from 0.
    /// - Returns: nil for NULL.
    /// - Throws: `DatabaseError` of kind `.decoding`.
    public func int64(at column: Int) throws -> Int64? { try decode(Int64?.self, at: column) }

    /// Reads a `uuid` column.
    /// - Parameter column: from 0.
    /// - Returns: nil for NULL.
    /// - Throws: `DatabaseError` of kind `.decoding`.
    public func uuid(at column: Int) throws -> UUID? { try decode(UUID?.self, at: column) }

    /// The bytes of a column as the server sent them, and what they are.
    /// - Parameter column: from 0.
    /// - Returns: bytes that are valid inside the closure that the row was given to; nil for NULL.
    /// - Throws: `DatabaseError` of kind `.decoding`.
    public func field(at column: Int) throws -> (type: PostgresType, bytes: UnsafeRawBufferPointer?) {
        guard column >= 0, column < result.columnCount else {
            throw DatabaseError.decoding("the row has \(result.columnCount) columns, number \(column) was asked for")
        }
        return (result.type(column), result.bytes(row: index, column: column))
    }

    /// The bytes of a text column, where no text has to be made of them.
    /// - Parameter column: from 0.
    /// - Returns: UTF-8, valid inside the closure that the row was given to; nil for NULL.
    /// - Throws: `DatabaseError` of kind `.decoding`.
    public func utf8(at column: Int) throws -> UnsafeBufferPointer<UInt8>? {
        let field = try field(at: column)
        guard field.type.isTextual else { throw DatabaseError.mismatch(String.self, field.type, isNull: false) }
        return field.bytes?.assumingMemoryBound(to: UInt8.self)
    }
}

// A row belongs to the connection's thread: decode it into sendable values there.
@available(*, unavailable)
extension Row: Sendable {}

/// A value made of a whole row.
public protocol RowDecodable: Sendable {
    /// Reads the row.
    /// - Parameter row: valid during the call only.
    /// - Throws: `DatabaseError` of kind `.decoding`.
    init(row: Row) throws
}
