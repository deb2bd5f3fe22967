internal import CLibPQ

extension Channel {
    /// `PGCOPY\n\377\r\n\0`, no flags, no extension. Source: "Binary Format" in the documentation of COPY.
    private static let binaryHeader: [UInt8] = [
        0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00, 0, 0, 0, 0, 0, 0, 0, 0,
    ]

    /// A row of -1 columns.
    private static let binaryTrailer: [UInt8] = [0xFF, 0xFF]

    /// Sends `COPY … FROM STDIN` and its data.
    /// - Returns: the rows copied.
    func copyIn(_ statement: String, _ chunks: some Sequence<[UInt8]>) throws -> Int {
        try send(script: statement)
        guard let ready = try nextResult() else {
            markBroken()
            throw DatabaseError(.protocolViolation, "no answer to COPY")
        }
        guard ready.status == PGRES_COPY_IN else {
            let failure =
                ready.status == PGRES_FATAL_ERROR
                ? DatabaseError(result: ready.pointer) : .misuse("the statement is no COPY … FROM STDIN")
            while try nextResult() != nil {}
            throw failure
        }
        let isBinary = PQbinaryTuples(ready.pointer) == 1
        if isBinary { try put(Channel.binaryHeader) }
        for chunk in chunks where !chunk.isEmpty {
            guard !mustStop() else {
                guard PQputCopyEnd(handle, "cancelled") == 1 else { throw copyFailure() }
                return try finishCommand().affectedRows
            }
            try put(chunk)
        }
        if isBinary { try put(Channel.binaryTrailer) }
        // The server tells of a bad row only here, and skips what follows it until then.
        guard PQputCopyEnd(handle, nil) == 1 else { throw copyFailure() }
        return try finishCommand().affectedRows
    }

    /// Bytes sent between two looks at whether the server keeps up.
    private static let portion = 1 << 20

    private func put(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let portion = UnsafeRawBufferPointer(rebasing: rest.prefix(Channel.portion))
                let start = portion.baseAddress?.assumingMemoryBound(to: CChar.self)
                guard PQputCopyData(handle, start, Int32(portion.count)) == 1 else { throw copyFailure() }
                // libpq would gather everything in memory; this lets the server set the pace.
                try flush()
                rest = rest.dropFirst(Channel.portion)
            }
        }
    }

    /// Half a COPY can't be taken back.
    private func copyFailure() -> DatabaseError {
        markBroken()
        return sendFailure()
    }
}
