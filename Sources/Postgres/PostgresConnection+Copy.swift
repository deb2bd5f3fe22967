extension PostgresConnection {
    /// Copies rows in.
    ///
    /// In binary format header and trailer are written here; the chunks hold nothing but rows.
    /// - Parameters:
    ///   - statement: `copy t (a, b) from stdin (format binary)`; never anything a user typed.
    ///   - chunks: rows as `CopyEncoder` writes them; a chunk may end anywhere.
    ///   - timeout: for the whole of it; nil is `responseTimeout`.
    /// - Returns: the rows copied.
    /// - Throws: `DatabaseError`; the connection stays usable and no row is kept.
    @discardableResult
    public func copyIn(
        _ statement: String,
        _ chunks: some Sequence<[UInt8]>,
        timeout: Duration? = nil
    ) throws -> Int {
        try PostgresConnection.refuseNUL(statement)
        return try exchange(timeout: timeout) { try $0.copyIn(statement, chunks) }
    }
}
