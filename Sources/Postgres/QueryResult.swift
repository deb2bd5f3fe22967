internal import CLibPQ

/// Owns a `PGresult`, which no longer changes once it is here.
final class QueryResult {
    let pointer: OpaquePointer
    let rowCount: Int
    let columnCount: Int

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
        rowCount = Int(PQntuples(pointer))
        columnCount = Int(PQnfields(pointer))
    }

    deinit { PQclear(pointer) }

    var status: ExecStatusType { PQresultStatus(pointer) }

    /// Rows changed, copied or returned; 0 for statements that have no such count.
    var affectedRows: Int { PQcmdTuples(pointer).flatMap { Int(String(cString: $0)) } ?? 0 }

    /// The command's tag, such as `COMMIT`.
    var commandTag: String { PQcmdStatus(pointer).map { String(cString: $0) } ?? "" }

    func columnIndex(named name: String) -> Int? {
        let index = Int(PQfnumber(pointer, SQL.quoted(identifier: name)))
        return index >= 0 ? index : nil
    }

    func columnName(_ column: Int) -> String { PQfname(pointer, Int32(column)).map { String(cString: $0) } ?? "" }

    func type(_ column: Int) -> PostgresType { PostgresType(rawValue: PQftype(pointer, Int32(column))) }

    /// The column's bytes, alive as long as this object; nil is NULL.
    func bytes(row: Int, column: Int) -> UnsafeRawBufferPointer? {
        guard PQgetisnull(pointer, Int32(row), Int32(column)) == 0 else { return nil }
        let length = Int(PQgetlength(pointer, Int32(row), Int32(column)))
        return UnsafeRawBufferPointer(start: PQgetvalue(pointer, Int32(row), Int32(column)), count: length)
    }

    /// Whether the columns come in binary format, the only one the decoders read.
    var isBinary: Bool { columnCount == 0 || PQfformat(pointer, 0) == 1 }
}

extension DatabaseError {
    /// The error a result holds.
    init(result: OpaquePointer) {
        func field(_ code: Character) -> String? {
            guard let ascii = code.asciiValue, let value = PQresultErrorField(result, Int32(ascii)) else { return nil }
            return String(cString: value)
        }
        // The codes are PG_DIAG_* of postgres_ext.h, which are characters there.
        let sqlState = field("C")
        self.init(.server, field("M") ?? DatabaseError.trimmed(PQresultErrorMessage(result)), sqlState: sqlState)
        severity = field("V") ?? field("S")
        detail = field("D")
        hint = field("H")
        constraint = field("n")
        table = field("t")
        column = field("c")
        routine = field("R")
        position = field("P").flatMap { Int($0) }
        if isConnectionLoss { kind = .connection }
    }

    /// The error a connection holds, on one line.
    static func connection(_ handle: OpaquePointer?) -> DatabaseError {
        DatabaseError(.connection, trimmed(PQerrorMessage(handle)))
    }

    static func trimmed(_ message: UnsafePointer<CChar>?) -> String {
        guard let message else { return "the connection is closed" }
        let lines = String(cString: message).split(whereSeparator: \.isNewline)
        let text = lines.map { $0.trimmingPrefix(while: \.isWhitespace) }.joined(separator: " ")
        return text.isEmpty ? "the connection is closed" : text
    }
}
