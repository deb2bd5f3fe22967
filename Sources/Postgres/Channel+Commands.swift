internal import CLibPQ

extension Channel {
    /// Sends a statement with its binds.
    ///
    /// libpq reads the values during the call only, so pointers into the one buffer of the binds are enough.
    /// - Parameters:
    ///   - sql: the statement.
    ///   - name: under which it was prepared; nil sends the text.
    /// - Throws: `DatabaseError` when nothing was sent.
    func send(_ sql: SQL, preparedAs name: String?) throws {
        let binds = sql.binds.list
        let status = sql.binds.values.bytes.withUnsafeBytes { values in
            withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: binds.count) { pointers in
                withUnsafeTemporaryAllocation(of: Int32.self, capacity: binds.count * 2) { numbers in
                    withUnsafeTemporaryAllocation(of: Oid.self, capacity: binds.count) { types in
                        // An empty value needs an address too, or it would be NULL; nothing is read there.
                        let empty = UnsafeRawPointer(numbers.baseAddress)
                        var offset = 0
                        for (index, bind) in binds.enumerated() {
                            let length = Int(max(0, bind.length))
                            let address = length == 0 ? empty : values.baseAddress.map { $0 + offset }
                            offset += length
                            pointers.initializeElement(
                                at: index,
                                to: bind.length < 0 ? nil : address?.assumingMemoryBound(to: CChar.self)
                            )
                            numbers.initializeElement(at: index, to: Int32(length))
                            numbers.initializeElement(at: binds.count + index, to: 1)
                            types.initializeElement(at: index, to: bind.type.rawValue)
                        }
                        let formats = numbers.baseAddress.map { UnsafePointer($0 + binds.count) }
                        if let name {
                            return PQsendQueryPrepared(
                                handle,
                                name,
                                Int32(binds.count),
                                pointers.baseAddress,
                                numbers.baseAddress,
                                formats,
                                1
                            )
                        }
                        return PQsendQueryParams(
                            handle,
                            sql.text,
                            Int32(binds.count),
                            types.baseAddress,
                            pointers.baseAddress,
                            numbers.baseAddress,
                            formats,
                            1
                        )
                    }
                }
            }
        }
        guard status == 1 else { throw sendFailure() }
    }

    /// Sends text of one or several statements without binds, by the simple protocol.
    func send(script: String) throws {
        guard PQsendQuery(handle, script) == 1 else { throw sendFailure() }
    }

    private func send(prepare name: String, _ sql: SQL) throws {
        let types = sql.binds.list.map(\.type.rawValue)
        guard PQsendPrepare(handle, name, sql.text, Int32(types.count), types) == 1 else { throw sendFailure() }
    }

    /// Reads all results of a command and returns the last; an error is thrown when nothing is outstanding any more.
    func finishCommand() throws -> QueryResult {
        var last: QueryResult?
        var failure: DatabaseError?
        do {
            while let result = try nextResult() {
                switch result.status {
                case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: last = result
                case PGRES_COPY_IN:
                    failure = failure ?? .misuse("COPY goes through copyIn")
                    guard PQputCopyEnd(handle, "COPY is not expected here") == 1 else { throw sendFailure() }
                case PGRES_COPY_OUT, PGRES_COPY_BOTH:
                    markBroken()
                    throw DatabaseError.misuse("COPY … TO is not supported")
                default: failure = failure ?? DatabaseError(result: result.pointer)
                }
            }
        } catch {
            // What the server said before it hung up tells more than that it did.
            throw failure ?? error
        }
        if let failure { throw failure }
        guard let last else {
            markBroken()
            throw DatabaseError(.protocolViolation, "no answer to a statement")
        }
        return last
    }
}

extension Channel {
    /// One message of a pipeline.
    enum Step {
        /// A statement without binds.
        case plain(String)
        case deallocate(name: String)
        case prepare(name: String, SQL)
        /// A statement of the caller; nil sends the text.
        case run(SQL, name: String?)
    }

    /// What became of a pipeline's steps.
    struct PipelineOutcome {
        /// One per step; nil where the step failed or was skipped.
        var results: [QueryResult?]
        /// The first error.
        var failure: DatabaseError?
    }

    /// Sends all steps and one sync, then reads all answers: one round trip.
    ///
    /// Never to be given a COPY: libpq neither allows nor prevents it in pipeline mode.
    /// - Throws: only when the connection is lost.
    func pipeline(_ steps: [Step]) throws -> PipelineOutcome {
        guard PQenterPipelineMode(handle) == 1 else { throw sendFailure() }
        do {
            for step in steps { try send(step) }
            guard PQpipelineSync(handle) == 1 else { throw sendFailure() }
            return try readPipeline(steps.count)
        } catch {
            // Half a pipeline can't be taken back.
            markBroken()
            throw error
        }
    }

    private func send(_ step: Step) throws {
        switch step {
        case .plain(let text):
            guard PQsendQueryParams(handle, text, 0, nil, nil, nil, nil, 1) == 1 else { throw sendFailure() }
        case .deallocate(let name): try send(.plain("deallocate " + name))
        case .prepare(let name, let sql): try send(prepare: name, sql)
        case .run(let sql, let name): try send(sql, preparedAs: name)
        }
    }

    private func readPipeline(_ count: Int) throws -> PipelineOutcome {
        var outcome = PipelineOutcome(results: Array(repeating: nil, count: count))
        do {
            for index in 0..<count {
                while let result = try nextResult() {
                    switch result.status {
                    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: outcome.results[index] = result
                    case PGRES_PIPELINE_ABORTED: break
                    case PGRES_FATAL_ERROR:
                        outcome.failure = outcome.failure ?? DatabaseError(result: result.pointer)
                    default: throw DatabaseError(.protocolViolation, "an answer that has no place in a pipeline")
                    }
                }
            }
            guard let sync = try nextResult(), sync.status == PGRES_PIPELINE_SYNC, PQexitPipelineMode(handle) == 1
            else {
                throw DatabaseError(.protocolViolation, "a pipeline without an end")
            }
        } catch {
            throw outcome.failure ?? error
        }
        return outcome
    }
}
