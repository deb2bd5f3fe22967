/// What came of an answer's body and has not been read yet: the pipe from the loop's thread to the reader. Pure.
///
/// It holds at most `limit` bytes and what libcurl hands over at once (16 KiB).
struct HTTPDownloadBuffer {
    typealias Reader = CheckedContinuation<[UInt8]?, any Error>

    enum Offer {
        case stored
        /// Nothing was taken; the same bytes are to come again when the transfer goes on.
        case paused
        /// Outside the lock, give the bytes to the reader.
        case handOver(Reader)
    }

    enum Read {
        /// - mustResume: the transfer is paused and has room again.
        case chunk([UInt8], mustResume: Bool)
        case end
        case failed(any Error)
        /// Nothing is there yet.
        case empty
        /// Somebody else waits already.
        case taken
    }

    /// Bytes that may wait unread before the transfer is paused.
    let limit: Int
    private(set) var isPaused = false
    private var waiting: [UInt8] = []
    private var reader: Reader?
    private var ending: Result<Void, any Error>?

    init(limit: Int) { self.limit = limit }

    /// Whether the transfer has ended, though bytes may still wait.
    var isOver: Bool { ending != nil }

    mutating func offer(_ bytes: UnsafeRawBufferPointer) -> Offer {
        if let reader = reader.take() { return .handOver(reader) }
        guard waiting.count < limit else {
            isPaused = true
            return .paused
        }
        waiting.append(contentsOf: bytes)
        return .stored
    }

    /// Takes all that waits.
    mutating func read() -> Read {
        if !waiting.isEmpty {
            defer {
                waiting = []
                isPaused = false
            }
            return .chunk(waiting, mustResume: isPaused)
        }
        switch ending {
        case .success: return .end
        case .failure(let error): return .failed(error)
        case nil: return .empty
        }
    }

    /// Takes all that waits, or waits itself.
    /// - Returns: `.empty` when the reader is kept and will be answered.
    mutating func read(orWait reader: Reader) -> Read {
        let read = read()
        guard case .empty = read else { return read }
        guard self.reader == nil else { return .taken }
        self.reader = reader
        return .empty
    }

    /// Notes the end of the transfer; only the first one counts.
    /// - Returns: the reader that waits, to be told outside the lock.
    mutating func finish(_ ending: Result<Void, any Error>) -> Reader? {
        guard self.ending == nil else { return nil }
        self.ending = ending
        return reader.take()
    }

    /// Forgets what waits, for a reader that went away.
    mutating func discard() {
        guard !waiting.isEmpty else { return }
        waiting = []
        // Without these bytes the rest must not look like the whole, to whoever reads again.
        if case .success = ending { ending = .failure(CancellationError()) }
    }
}
