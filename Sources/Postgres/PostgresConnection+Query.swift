internal import CLibPQ

extension PostgresConnection {
    /// Runs a statement and reads all its rows.
    /// - Parameters:
    ///   - sql: one statement.
    ///   - timeout: for the whole answer; nil is `responseTimeout`.
    ///   - decode: reads one row.
    /// - Returns: what `decode` made of the rows.
    /// - Throws: `DatabaseError`, or what `decode` throws.
    public func query<Value>(
        _ sql: SQL,
        timeout: Duration? = nil,
        _ decode: (Row) throws -> Value
    ) throws -> [Value] {
        try PostgresConnection.rows(try run(sql, timeout: timeout), decode)
    }

    /// Runs a statement and reads all its rows.
    /// - Parameters:
    ///   - sql: one statement.
    ///   - type: what a row is.
    ///   - timeout: for the whole answer; nil is `responseTimeout`.
    /// - Returns: one value a row.
    /// - Throws: `DatabaseError`.
    public func query<Value: RowDecodable>(_ sql: SQL, as type: Value.Type, timeout: Duration? = nil) throws -> [Value]
    {
        try query(sql, timeout: timeout) { try Value(row: $0) }
    }

    /// Runs a statement and reads its first row.
    /// - Parameters:
    ///   - sql: one statement.
    ///   - timeout: for the whole answer; nil is `responseTimeout`.
    ///   - decode: reads the row.
    /// - Returns: nil when there is no row.
    /// - Throws: `DatabaseError`, or what `decode` throws.
    public func first<Value>(
        _ sql: SQL,
        timeout: Duration? = nil,
        _ decode: (Row) throws -> Value
    ) throws -> Value? {
        let result = try run(sql, timeout: timeout)
        guard result.rowCount > 0 else { return nil }
        return try decode(Row(result, 0))
    }

    /// Runs a statement and reads its first row.
    /// - Parameters:
    ///   - sql: one statement.
    ///   - type: what a row is.
    ///   - timeout: for the whole answer; nil is `responseTimeout`.
    /// - Returns: nil when there is no row.
    /// - Throws: `DatabaseError`.
    public func first<Value: RowDecodable>(_ sql: SQL, as type: Value.Type, timeout: Duration? = nil) throws -> Value? {
        try first(sql, timeout: timeout) { try Value(row: $0) }
    }

    /// Runs a statement whose rows do not matter.
    /// - Parameters:
    ///   - sql: one statement.
    ///   - timeout: for the whole answer; nil is `responseTimeout`.
    /// - Returns: rows affected; 0 for statements that have no such count.
    /// - Throws: `DatabaseError`.
    @discardableResult
    public func execute(_ sql: SQL, timeout: Duration? = nil) throws -> Int {
        try run(sql, timeout: timeout).affectedRows
    }

    /// Runs text of one or several statements without binds, by the simple protocol.
    ///
    /// Several statements without `begin` are one transaction; a statement that refuses transactions must stand alone.
    /// - Parameters:
    ///   - text: raw SQL; never anything a user typed.
    ///   - timeout: for the whole answer; nil is `responseTimeout`.
    /// - Throws: `DatabaseError` of the first statement that failed; the rest was not run.
    public func script(_ text: String, timeout: Duration? = nil) throws {
        try PostgresConnection.refuseNUL(text)
        _ = try exchange(timeout: timeout) { channel in
            try channel.send(script: text)
            return try channel.finishCommand()
        }
    }

    static func rows<Value>(_ result: QueryResult, _ decode: (Row) throws -> Value) throws -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(result.rowCount)
        for index in 0..<result.rowCount { values.append(try decode(Row(result, index))) }
        return values
    }

    /// A C string ends at NUL: what stands behind it would silently not be run.
    static func refuseNUL(_ text: String) throws {
        guard !text.utf8.contains(0) else { throw DatabaseError.misuse("a NUL in the text of a statement") }
    }

    private func run(_ sql: SQL, timeout: Duration?) throws -> QueryResult {
        guard cache.capacity > 0 else {
            try PostgresConnection.check(sql)
            return try exchange(timeout: timeout) { channel in
                try channel.send(sql, preparedAs: nil)
                return try channel.finishCommand()
            }
        }
        guard let name = cache.name(of: sql) else { return try prepareAndRun(sql, timeout: timeout) }
        let mayRetry = isIdle
        do {
            return try exchange(timeout: timeout) { channel in
                try channel.send(sql, preparedAs: name)
                return try channel.finishCommand()
            }
        } catch let error as DatabaseError where error.isStalePlan {
            cache.forget(sql, isPrepared: error.sqlState != "26000")
            guard mayRetry, isIdle else { throw error }
            return try prepareAndRun(sql, timeout: timeout)
        }
    }

    private func prepareAndRun(_ sql: SQL, timeout: Duration?) throws -> QueryResult {
        var steps: [Channel.Step] = []
        try plan(sql, into: &steps)
        let outcome = try pipeline(steps, timeout: timeout)
        if let failure = outcome.failure { throw failure }
        guard case .some(.some(let result)) = outcome.results.last else {
            throw DatabaseError(.protocolViolation, "no answer to a statement")
        }
        return result
    }

    /// What no statement of the query methods may be.
    static func check(_ sql: SQL) throws {
        try refuseNUL(sql.text)
        guard sql.bindCount <= 65_535 else { throw DatabaseError.misuse("a statement takes 65,535 binds at most") }
        let start = sql.text.utf8.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }.prefix(4)
        guard !start.elementsEqual("copy".utf8, by: { $0 | 0x20 == $1 }) else {
            throw DatabaseError.misuse("COPY goes through copyIn")
        }
    }

    /// Adds the steps that run a statement: when it is new, the least used is deallocated and this one prepared before.
    func plan(_ sql: SQL, into steps: inout [Channel.Step]) throws {
        guard cache.capacity > 0 else {
            try PostgresConnection.check(sql)
            return steps.append(.run(sql, name: nil))
        }
        if let name = cache.name(of: sql) { return steps.append(.run(sql, name: name)) }
        try PostgresConnection.check(sql)
        let name = cache.insert(sql)
        steps += cache.takeSuperfluous().map { .deallocate(name: $0) }
        steps.append(.prepare(name: name, sql))
        steps.append(.run(sql, name: name))
    }

    /// Runs planned steps and puts the statement cache right afterwards.
    func pipeline(_ steps: [Channel.Step], timeout: Duration?) throws -> Channel.PipelineOutcome {
        do {
            let outcome = try exchange(timeout: timeout) { channel in
                var outcome = try channel.pipeline(steps)
                outcome.failure = outcome.failure.map(channel.translated)
                return outcome
            }
            settle(steps, outcome.results)
            return outcome
        } catch {
            settle(steps, Array(repeating: nil, count: steps.count))
            throw error
        }
    }

    private func settle(_ steps: [Channel.Step], _ results: [QueryResult?]) {
        for (step, result) in zip(steps, results) where result == nil {
            if case .deallocate(let name) = step { cache.keep(superfluous: [name]) }
        }
        // Afterwards, since a statement prepared in this very pipeline may have been pushed out in it as well.
        for (step, result) in zip(steps, results) where result == nil {
            if case .prepare(let name, _) = step { cache.forget(name: name) }
        }
    }
}
