/// What a source gave of a request's body and libcurl has not taken yet: the pipe from the source to the loop's thread.
/// Pure.
///
/// It holds less than `limit` bytes and one chunk. libcurl never gets more bytes than were announced, and gets the last
/// ones only when the source has said that there are no others: a request of another length never looks complete.
struct HTTPUploadBuffer {
    typealias Sender = CheckedContinuation<Void, any Error>

    enum Read {
        case bytes(Int)
        /// Nothing may be sent yet; libcurl is to be told when there is.
        case starved
        case end
        /// The upload was given up.
        case abort
    }

    /// Bytes that may wait before the source has to.
    let limit: Int
    /// Nil when it was not announced.
    let length: Int?
    /// Whether libcurl asked in vain.
    private(set) var isStarved = false
    /// Whether libcurl has taken anything.
    private(set) var hasBegun = false
    private(set) var isClosed = false
    private var chunks: [[UInt8]] = []
    /// Bytes of the first chunk that libcurl has taken.
    private var position = 0
    private var waitingBytes = 0
    private var acceptedBytes = 0
    private var isEnded = false
    private var sender: Sender?

    init(limit: Int, length: Int?) {
        self.limit = limit
        self.length = length
    }

    /// Whether libcurl has all there is.
    var isDone: Bool { isEnded && waitingBytes == 0 }

    /// - Returns: what to answer libcurl, and the sender for which there is room now.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> (Read, Sender?) {
        guard !isClosed else { return (.abort, nil) }
        guard isEnded || waitingBytes > 0 && acceptedBytes != length else {
            isStarved = true
            return (.starved, nil)
        }
        guard waitingBytes > 0 else { return (.end, nil) }
        let count = fill(buffer)
        hasBegun = true
        waitingBytes -= count
        return (.bytes(count), waitingBytes < limit ? sender.take() : nil)
    }

    private mutating func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        var filled = 0
        var finishedChunks = 0
        while filled < buffer.count, finishedChunks < chunks.count {
            let part = chunks[finishedChunks][position...].prefix(buffer.count - filled)
            UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]).copyBytes(from: part)
            filled += part.count
            position += part.count
            guard position == chunks[finishedChunks].count else { break }
            finishedChunks += 1
            position = 0
        }
        chunks.removeFirst(finishedChunks)
        return filled
    }

    /// Takes a chunk from the source.
    /// - Returns: whether libcurl waits for it.
    /// - Throws: `TransferError.invalidRequest` for more than was announced; `CancellationError` when it was given up.
    mutating func append(_ chunk: [UInt8]) throws -> Bool {
        guard !isClosed else { throw CancellationError() }
        if let length, chunk.count > length - acceptedBytes {
            throw TransferError.invalidRequest("the body is longer than the \(length) bytes announced")
        }
        guard !chunk.isEmpty else { return false }
        chunks.append(chunk)
        waitingBytes += chunk.count
        acceptedBytes += chunk.count
        return acceptedBytes != length && wakes()
    }

    /// Keeps the sender until there is room.
    /// - Returns: the sender back when there is room already, or never will be.
    mutating func wait(_ sender: Sender) -> Sender? {
        guard !isClosed, waitingBytes >= limit, acceptedBytes != length else { return sender }
        self.sender = sender
        return nil
    }

    /// Notes that the source has given everything.
    /// - Returns: whether libcurl waits for it.
    /// - Throws: `TransferError.invalidRequest` for less than was announced; `CancellationError` when it was given up.
    mutating func end() throws -> Bool {
        guard !isClosed else { throw CancellationError() }
        if let length, acceptedBytes < length {
            throw TransferError.invalidRequest("the body ended after \(acceptedBytes) of the \(length) bytes announced")
        }
        isEnded = true
        return wakes()
    }

    /// Gives the upload up.
    /// - Returns: the sender that waits, to be told outside the lock.
    mutating func close() -> Sender? {
        isClosed = true
        chunks = []
        waitingBytes = 0
        return sender.take()
    }

    private mutating func wakes() -> Bool {
        defer { isStarved = false }
        return isStarved
    }
}
