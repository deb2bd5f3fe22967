import CCurl
import Synchronization

/// One transfer whose answer is collected: libcurl's easy handle, what it was given, and what came back so far.
///
/// `@unchecked Sendable`: the task that made it touches it until `TransferLoop.submit`, from then on only the loop's
/// thread does. The cancellation alone is shared, and is atomic.
final class HTTPExchange: TransferExchange, @unchecked Sendable {
    let handle: EasyHandle
    var isCancelled: Bool { cancellation.load(ordering: .sequentiallyConsistent) }
    var continuation: CheckedContinuation<HTTPTransferResponse, any Error>?

    private let cancellation = Atomic(false)
    private let maximumResponseBytes: Int
    private let gate: HTTPAddressGate
    private let deadline: TransferDeadline
    private var head = HTTPHead()
    private var body: [UInt8] = []
    private var isTooLarge = false

    init(_ request: HTTPTransferRequest, certificateFile: String?) throws {
        handle = try EasyHandle()
        maximumResponseBytes = request.maximumResponseBytes
        gate = HTTPAddressGate(request)
        deadline = TransferDeadline(timeout: request.timeout)
        try handle.setTarget(of: request)
        try handle.setHeaders(of: request)
        try handle.setBody(of: request)
        try handle.setLimits(of: request)
        // Lets libcurl stop at the Content-Length; the write callback counts what comes in any case. 0 means no limit.
        try handle.setOffset(CURLOPT_MAXFILESIZE_LARGE, max(request.maximumResponseBytes, 1))
        try handle.setTrust(certificateFile: certificateFile)
        try gate.attach(to: handle)
        try setCallbacks()
    }

    func cancel() { cancellation.store(true, ordering: .sequentiallyConsistent) }

    /// Answers the waiting task. The handle must have left the multi handle.
    func finish(_ code: CURLcode) {
        guard code == CURLE_OK else { return finish(throwing: error(code)) }
        let response = HTTPTransferResponse(
            status: handle.responseCode,
            headers: head.headers,
            body: body,
            reusedConnection: handle.reusedConnection
        )
        continuation?.resume(returning: response)
        continuation = nil
    }

    /// Answers the waiting task with an error.
    func finish(throwing error: any Error) {
        continuation?.resume(throwing: error)
        continuation = nil
    }

    private func error(_ code: CURLcode) -> TransferError {
        if isTooLarge { return .tooLarge(limit: maximumResponseBytes) }
        return gate.error(code) ?? TransferError(code, handle.words(for: code), limit: maximumResponseBytes)
    }

    var isWatched: Bool { true }

    var checkDeadline: ContinuousClock.Instant? { deadline.instant }

    func check(at now: ContinuousClock.Instant) -> (any Error)? { deadline.error(at: now) }
}

// MARK: - What libcurl says

extension HTTPExchange {
    private func setCallbacks() throws {
        // Unretained: the loop holds the exchange for as long as the handle is in use.
        let context = Unmanaged.passUnretained(self).toOpaque()
        try handle.set(CURLOPT_WRITEDATA, context)
        try handle.check(
            ccurl_set_data_function(handle.easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
                HTTPExchange.from(context)?.takeBody(UnsafeRawBufferPointer(start: bytes, count: size * count)) ?? 0
            }
        )
        try handle.set(CURLOPT_HEADERDATA, context)
        try handle.check(
            ccurl_set_data_function(handle.easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
                HTTPExchange.from(context)?.takeHeader(UnsafeRawBufferPointer(start: bytes, count: size * count)) ?? 0
            }
        )
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> HTTPExchange? {
        guard let context else { return nil }
        return Unmanaged<HTTPExchange>.fromOpaque(context).takeUnretainedValue()
    }

    /// - Returns: the bytes taken; fewer than came make libcurl abort.
    private func takeBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard body.count + bytes.count <= maximumResponseBytes else {
            isTooLarge = true
            return 0
        }
        body.append(contentsOf: bytes)
        return bytes.count
    }

    private func takeHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard head.take(bytes) else {
            isTooLarge = true
            return 0
        }
        return bytes.count
    }
}
