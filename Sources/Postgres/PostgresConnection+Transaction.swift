extension PostgresConnection {
    /// Runs a closure in a transaction: commits when it returns, rolls back when it throws.
    ///
    /// `begin` and its settings take one round trip.
    /// - Parameters:
    ///   - settings: isolation, role and further settings, which end with the transaction.
    ///   - body: works on the connection it is given.
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws, or `DatabaseError`; of kind `.misuse` inside another transaction.
    @discardableResult
    public func transaction<Value: Sendable>(
        _ settings: TransactionSettings = .init(),
        _ body: (isolated PostgresConnection) throws -> Value
    ) throws -> Value {
        try refuseNesting()
        isInTransaction = true
        defer { isInTransaction = false }
        do {
            let script = ([settings.begin] + settingStatements(settings)).joined(separator: ";")
            try self.script(script)
            let value = try body(self)
            try commit()
            return value
        } catch {
            rollback()
            throw error
        }
    }

    /// Runs a closure of which only the changes are undone when it throws; the transaction around it goes on.
    /// - Parameter body: works on the connection it is given.
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws, or `DatabaseError`; of kind `.misuse` outside a transaction.
    @discardableResult
    public func savepoint<Value: Sendable>(_ body: (isolated PostgresConnection) throws -> Value) throws -> Value {
        guard isInTransaction else { throw DatabaseError.misuse("a savepoint outside a transaction") }
        savepoints += 1
        defer { savepoints -= 1 }
        let name = "savepoint_\(savepoints)"
        try script("savepoint \(name)")
        do {
            let value = try body(self)
            try script("release savepoint \(name)")
            return value
        } catch {
            try? cleanUp("rollback to savepoint \(name); release savepoint \(name)")
            throw error
        }
    }

    /// Runs one statement in a transaction of its own: begin, settings, statement and commit in one round trip.
    /// - Parameters:
    ///   - settings: isolation, role and further settings, which end with the transaction.
    ///   - sql: one statement.
    ///   - timeout: for the whole answer; nil is `responseTimeout`.
    ///   - decode: reads one row.
    /// - Returns: what `decode` made of the rows.
    /// - Throws: `DatabaseError`, or what `decode` throws, which comes after the commit.
    public func pipelined<Value>(
        _ settings: TransactionSettings,
        _ sql: SQL,
        timeout: Duration? = nil,
        _ decode: (Row) throws -> Value
    ) throws -> [Value] {
        guard let result = try runPipelined(settings, [sql], timeout: timeout).first else { return [] }
        return try PostgresConnection.rows(result, decode)
    }

    /// Runs statements and a query in a transaction of their own: begin, settings, statements, query and commit in one
    /// round trip.
    /// - Parameters:
    ///   - settings: isolation, role and further settings, which end with the transaction.
    ///   - statements: run in this order before the query; the first that fails undoes all.
    ///   - sql: one statement.
    ///   - timeout: for the whole answer; nil is `responseTimeout`.
    ///   - decode: reads one row of the query.
    /// - Returns: rows affected, per statement, and what `decode` made of the query's rows.
    /// - Throws: `DatabaseError`, or what `decode` throws, which comes after the commit.
    public func pipelined<Value>(
        _ settings: TransactionSettings,
        after statements: [SQL],
        _ sql: SQL,
        timeout: Duration? = nil,
        _ decode: (Row) throws -> Value
    ) throws -> (affected: [Int], rows: [Value]) {
        let results = try runPipelined(settings, statements + [sql], timeout: timeout)
        guard let last = results.last else { return ([], []) }
        return (results.dropLast().map(\.affectedRows), try PostgresConnection.rows(last, decode))
    }

    /// Runs statements in a transaction of their own: begin, settings, statements and commit in one round trip.
    /// - Parameters:
    ///   - settings: isolation, role and further settings, which end with the transaction.
    ///   - statements: run in this order; the first that fails undoes all.
    ///   - timeout: for the whole answer; nil is `responseTimeout`.
    /// - Returns: rows affected, per statement.
    /// - Throws: `DatabaseError`.
    @discardableResult
    public func pipelinedExecute(
        _ settings: TransactionSettings,
        _ statements: [SQL],
        timeout: Duration? = nil
    ) throws -> [Int] {
        try runPipelined(settings, statements, timeout: timeout).map(\.affectedRows)
    }

    private func runPipelined(
        _ settings: TransactionSettings,
        _ statements: [SQL],
        timeout: Duration?
    ) throws -> [QueryResult] {
        try refuseNesting()
        do {
            return try attemptPipelined(settings, statements, timeout: timeout)
        } catch let error as DatabaseError where error.isStalePlan && isIdle {
            for sql in statements { cache.forget(sql, isPrepared: true) }
            return try attemptPipelined(settings, statements, timeout: timeout)
        }
    }

    private func attemptPipelined(
        _ settings: TransactionSettings,
        _ statements: [SQL],
        timeout: Duration?
    ) throws -> [QueryResult] {
        let local = settingStatements(settings)
        for text in local { try PostgresConnection.refuseNUL(text) }
        for sql in statements { try PostgresConnection.check(sql) }
        var steps: [Channel.Step] = [.plain(settings.begin)]
        steps.reserveCapacity(local.count + statements.count + 4)
        for text in local { steps.append(.plain(text)) }
        for sql in statements { try plan(sql, into: &steps) }
        steps.append(.plain("commit"))
        let wasBroken = isBroken
        do {
            let outcome = try pipeline(steps, timeout: timeout)
            if let failure = outcome.failure { throw failure }
            let results = zip(steps, outcome.results).compactMap { step, result in
                if case .run = step { result } else { nil }
            }
            guard results.count == statements.count, let commit = outcome.results.last ?? nil else {
                throw DatabaseError(.protocolViolation, "a pipeline without an end")
            }
            try PostgresConnection.checkCommit(commit)
            return results
        } catch var error as DatabaseError {
            rollback()
            error.isCommitUncertain = isBroken && !wasBroken
            throw error
        }
    }

    /// Puts the session back to no transaction, whatever a borrower left; otherwise the connection is not to be used.
    func restoreIdle() {
        isInTransaction = false
        savepoints = 0
        responseTimeout = configuration.defaultResponseTimeout
        if !isBroken, !isIdle { rollback() }
    }

    private func settingStatements(_ settings: TransactionSettings) -> [String] {
        guard configuration.isSessionless else { return settings.statements }
        // Behind a pooler the session's settings are somebody else's, so the limits travel with each transaction.
        return TransactionSettings(local: configuration.serverSettings).statements + settings.statements
    }

    private func refuseNesting() throws {
        guard !isInTransaction, isIdle || isBroken else {
            throw DatabaseError.misuse("a transaction inside a transaction")
        }
    }

    private func commit() throws {
        let tag: QueryResult
        do {
            tag = try exchange(timeout: nil) { channel in
                try channel.send(script: "commit")
                return try channel.finishCommand()
            }
        } catch var error as DatabaseError {
            error.isCommitUncertain = isBroken
            throw error
        }
        try PostgresConnection.checkCommit(tag)
    }

    private static func checkCommit(_ result: QueryResult) throws {
        guard result.commandTag == "COMMIT" else {
            throw DatabaseError(.transactionAborted, "the transaction was rolled back: an error in it was swallowed")
        }
    }

    private func rollback() {
        guard !isBroken, !isIdle else { return }
        try? cleanUp("rollback")
        // A session whose state is unknown must not reach the next borrower.
        if !isIdle { close() }
    }

    private func cleanUp(_ text: String) throws {
        _ = try exchange(timeout: configuration.cancelTimeout, isCleanup: true) { channel in
            try channel.send(script: text)
            return try channel.finishCommand()
        }
    }
}
