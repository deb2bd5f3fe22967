import CCurl
import Synchronization

/// One transfer whose answer, and if so wanted whose request body, passes through in pieces.
///
/// `@unchecked Sendable`: the task that made it touches it until `TransferLoop.submit`, from then on only the loop's
/// thread does. What the reader and the source touch too lies behind `download`, `upload` and `shared`.
final class HTTPStreamExchange: TransferExchange, @unchecked Sendable {
    struct Head {
        var status: Int
        var headers: [HTTPTransferHeader]
        var reusedConnection: Bool
    }

    private struct Shared {
        var isCancelled = false
        /// Why this side ended the transfer.
        var abortion: (any Error)?
        /// What feeds the upload.
        var source: Task<Void, Never>?
        var isOver = false
    }

    /// Bytes that may wait, in each direction.
    static let bufferLimit = 256 << 10

    let handle: EasyHandle
    var isCancelled: Bool { shared.withLock { $0.isCancelled } }
    /// Answered with the head, and nil afterwards.
    var headContinuation: CheckedContinuation<Head, any Error>?

    private let loop: TransferLoop
    private let gate: HTTPAddressGate
    private let deadline: TransferDeadline
    private let maximumResponseBytes: Int
    private let shared = Mutex(Shared())
    private let download = Mutex(HTTPDownloadBuffer(limit: bufferLimit))
    private let hasUpload: Bool
    /// Unused without an upload.
    private let upload: Mutex<HTTPUploadBuffer>
    private var head = HTTPHead()
    private var responseBytes = 0
    private var failure: TransferError?
    private var idleWatch: HTTPIdleWatch?

    /// - Parameter loop: that the exchange will be submitted to.
    init(
        _ request: HTTPTransferRequest, _ body: HTTPUpload?, certificateFile: String?, on loop: TransferLoop
    ) throws {
        self.loop = loop
        handle = try EasyHandle()
        gate = HTTPAddressGate(request)
        deadline = TransferDeadline(timeout: request.timeout)
        maximumResponseBytes = request.maximumResponseBytes
        hasUpload = body != nil
        upload = Mutex(HTTPUploadBuffer(limit: Self.bufferLimit, length: body?.length))
        idleWatch = request.idleTimeout.map { HTTPIdleWatch(timeout: $0) }
        gate.mayBegin = { [unowned self] in mayBegin() }
        try handle.setTarget(of: request)
        try handle.setHeaders(of: request)
        try handle.setStreaming(of: request, body)
        try handle.setLimits(of: request)
        try handle.setTrust(certificateFile: certificateFile)
        try gate.attach(to: handle)
        try setCallbacks()
    }

    // MARK: - From any thread

    func cancel() { shared.withLock { $0.isCancelled = true } }

    /// Ends the transfer from this side; nothing happens when it has ended.
    /// - Parameter error: told to whoever waits.
    func abort(throwing error: any Error) {
        let isOver = shared.withLock { shared in
            if shared.abortion == nil { shared.abortion = error }
            return shared.isOver
        }
        if !isOver { loop.cancel(self) }
    }

    /// Ends the transfer because nobody reads its answer any more.
    func abandon() {
        download.withLock { $0.discard() }
        abort(throwing: CancellationError())
    }

    /// - Returns: nil when nothing is there yet.
    func readAtOnce() -> Result<[UInt8]?, any Error>? { outcome(of: download.withLock { $0.read() }) }

    /// Answers with what is there, or as soon as something is.
    func read(_ reader: HTTPDownloadBuffer.Reader) {
        let read = download.withLock { $0.read(orWait: reader) }
        if let outcome = outcome(of: read) { reader.resume(with: outcome) }
    }

    private func outcome(of read: HTTPDownloadBuffer.Read) -> Result<[UInt8]?, any Error>? {
        switch read {
        case .chunk(let bytes, let mustResume):
            if mustResume { loop.resume(self) }
            return .success(bytes)
        case .end: return .success(nil)
        case .failed(let error): return .failure(error)
        case .taken: return .failure(TransferError.invalidRequest("two tasks read one answer"))
        case .empty: return nil
        }
    }

    // MARK: - From the loop

    func finish(_ code: CURLcode) {
        // An answer that this side has turned away must not look whole, though libcurl was done first.
        let isWhole = code == CURLE_OK && shared.withLock { $0.abortion == nil }
        isWhole ? finish(.success(())) : finish(.failure(error(code)))
    }

    func finish(throwing error: any Error) {
        let abortion = shared.withLock { $0.abortion }
        finish(.failure(error is CancellationError ? abortion ?? error : error))
    }

    private func finish(_ ending: Result<Void, any Error>) {
        let source = shared.withLock { shared in
            shared.isOver = true
            return shared.source.take()
        }
        giveUpload(up: source)
        let reader = download.withLock { $0.finish(ending) }
        switch ending {
        case .success:
            answerWithHead()
            reader?.resume(returning: nil)
        case .failure(let error):
            headContinuation.take()?.resume(throwing: error)
            reader?.resume(throwing: error)
        }
    }

    private func answerWithHead() {
        guard let continuation = headContinuation.take() else { return }
        let head = Head(
            status: head.status, headers: head.headers, reusedConnection: handle.reusedConnection)
        continuation.resume(returning: head)
    }

    private func error(_ code: CURLcode) -> any Error {
        if let failure { return failure }
        if let abortion = shared.withLock({ $0.abortion }) { return abortion }
        return gate.error(code) ?? TransferError(code, handle.words(for: code), limit: maximumResponseBytes)
    }

    func resume() -> CURLcode { pause(upload.withLock { $0.isStarved }) }

    /// Sets libcurl's pauses: the download's as the reader wants it.
    private func pause(_ pausesUpload: Bool) -> CURLcode {
        idleWatch?.noteActivity()
        var mask = download.withLock { $0.isPaused } ? CURLPAUSE_RECV : 0
        if pausesUpload { mask |= CURLPAUSE_SEND }
        let code = curl_easy_pause(easy, mask)
        // There is no connection yet, or none any more: nothing to pause.
        return code == CURLE_BAD_FUNCTION_ARGUMENT ? CURLE_OK : code
    }

    var isWatched: Bool { true }

    var checkDeadline: ContinuousClock.Instant? { min(deadline.instant, idleWatch?.deadline ?? deadline.instant) }

    func check(at now: ContinuousClock.Instant) -> (any Error)? {
        if let error = deadline.error(at: now) { return error }
        let isStarved = upload.withLock { $0.isStarved }
        if isStarved || download.withLock({ $0.isPaused }) {
            idleWatch?.noteActivity()
        } else if let idleWatch, idleWatch.isOver(at: now) {
            return TransferError.timeout("nothing came and nothing went for \(idleWatch.timeout)")
        }
        // While an upload is paused libcurl does not see that the peer has answered and closed. Asked in vain once more,
        // it looks.
        guard isStarved else { return nil }
        let code = pause(false)
        return code == CURLE_OK ? nil : error(code)
    }
}

// MARK: - The upload

extension HTTPStreamExchange {
    /// Begins to ask the source.
    func startUpload(from body: HTTPUpload) {
        // Weak, so that a source which never answers keeps no more than itself.
        let source = Task { [weak self] in
            do {
                try await body.produce { [weak self] chunk in
                    guard let self else { throw CancellationError() }
                    try await send(chunk)
                }
                try self?.endUpload()
            } catch {
                self?.uploadFailed(error)
            }
        }
        let isOver = shared.withLock { shared in
            if !shared.isOver { shared.source = source }
            return shared.isOver
        }
        if isOver { source.cancel() }
    }

    private func send(_ chunk: [UInt8]) async throws {
        if try upload.withLock({ try $0.append(chunk) }) { loop.resume(self) }
        try await withCheckedThrowingContinuation { sender in
            let (refused, isClosed) = upload.withLock { ($0.wait(sender), $0.isClosed) }
            if isClosed { refused?.resume(throwing: CancellationError()) } else { refused?.resume() }
        }
    }

    private func endUpload() throws {
        if try upload.withLock({ try $0.end() }) { loop.resume(self) }
    }

    private func uploadFailed(_ error: any Error) {
        // What the source says after the upload was given up is of no interest.
        guard !upload.withLock({ $0.isClosed }) else { return }
        abort(throwing: error)
    }

    private func giveUpload(up source: Task<Void, Never>?) {
        upload.withLock { $0.close() }?.resume(throwing: CancellationError())
        source?.cancel()
    }

    private func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let (read, sender) = upload.withLock { $0.read(into: buffer) }
        sender?.resume()
        switch read {
        case .bytes(let count):
            idleWatch?.noteActivity()
            return count
        case .starved: return Int(CURL_READFUNC_PAUSE)
        case .end: return 0
        case .abort: return Int(CURL_READFUNC_ABORT)
        }
    }
}

// MARK: - What libcurl says

extension HTTPStreamExchange {
    private func setCallbacks() throws {
        // Unretained: the loop holds the exchange for as long as the handle is in use.
        let context = Unmanaged.passUnretained(self).toOpaque()
        try handle.set(CURLOPT_WRITEDATA, context)
        try handle.check(
            ccurl_set_data_function(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
                let bytes = UnsafeRawBufferPointer(start: bytes, count: size * count)
                return HTTPStreamExchange.from(context)?.takeBody(bytes) ?? 0
            }
        )
        try handle.set(CURLOPT_HEADERDATA, context)
        try handle.check(
            ccurl_set_data_function(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
                let bytes = UnsafeRawBufferPointer(start: bytes, count: size * count)
                return HTTPStreamExchange.from(context)?.takeHeader(bytes) ?? 0
            }
        )
        guard hasUpload else { return }
        try handle.set(CURLOPT_READDATA, context)
        try handle.check(
            ccurl_set_data_function(easy, CURLOPT_READFUNCTION) { bytes, size, count, context in
                guard let bytes, let exchange = HTTPStreamExchange.from(context) else {
                    return Int(CURL_READFUNC_ABORT)
                }
                return exchange.read(into: UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
            }
        )
        guard idleWatch != nil else { return }
        try handle.set(CURLOPT_XFERINFODATA, context)
        try handle.check(
            ccurl_set_progress_function(easy) { context, _, _, _, uploaded in
                HTTPStreamExchange.from(context)?.idleWatch?.noteUpload(of: Int(uploaded))
                return 0
            }
        )
        try handle.set(CURLOPT_NOPROGRESS, 0)
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> HTTPStreamExchange? {
        guard let context else { return nil }
        return Unmanaged<HTTPStreamExchange>.fromOpaque(context).takeUnretainedValue()
    }

    private func mayBegin() -> Bool {
        // On an old connection that turns out to be closed libcurl begins again; what it took of the body is gone then.
        guard !upload.withLock({ $0.hasBegun }) else {
            failure = .broken("the connection was closed while the body was sent")
            return false
        }
        idleWatch?.noteActivity()
        return true
    }

    /// - Returns: the bytes taken; fewer than came make libcurl abort.
    private func takeHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
        idleWatch?.noteActivity()
        let isTrailer = head.isComplete
        guard head.take(bytes) else {
            failure = .tooLarge(limit: HTTPHead.maximumBytes)
            return 0
        }
        guard head.isComplete, !isTrailer else { return bytes.count }
        // libcurl would decode it, and so let a few bytes become many.
        guard !head.headers.contains(where: \.isForeignTransferCoding) else {
            failure = .broken("the answer has a transfer coding that was not asked for")
            return 0
        }
        answerWithHead()
        if head.status >= 300, hasUpload, !upload.withLock({ $0.isDone }) {
            // libcurl sends no more of the body after such an answer, but does not forget that it was paused.
            giveUpload(up: shared.withLock { $0.source.take() })
            loop.resume(self)
        }
        return bytes.count
    }

    /// - Returns: the bytes taken; fewer than came make libcurl abort.
    private func takeBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        idleWatch?.noteActivity()
        let room = maximumResponseBytes - responseBytes
        let part = UnsafeRawBufferPointer(rebasing: bytes.prefix(max(room, 0)))
        if !part.isEmpty {
            switch download.withLock({ $0.offer(part) }) {
            case .paused: return Int(CURL_WRITEFUNC_PAUSE)
            case .handOver(let reader): reader.resume(returning: Array(part))
            case .stored: break
            }
        }
        responseBytes += part.count
        if part.count < bytes.count { failure = .tooLarge(limit: maximumResponseBytes) }
        return part.count
    }
}

extension HTTPTransferHeader {
    fileprivate var isForeignTransferCoding: Bool {
        name.lowercased() == "transfer-encoding" && !["chunked", "identity"].contains(value.lowercased())
    }
}
