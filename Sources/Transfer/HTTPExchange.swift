import CCurl
import Synchronization

/// One transfer: libcurl's easy handle, what it was given, and what came back so far.
///
/// `@unchecked Sendable`: the task that made it touches it until `TransferLoop.submit`, from then on only the loop's
/// thread does. The cancellation alone is shared, and is atomic.
final class HTTPExchange: TransferExchange, @unchecked Sendable {
    let handle: EasyHandle
    var isCancelled: Bool { cancellation.load(ordering: .sequentiallyConsistent) }
    var continuation: CheckedContinuation<HTTPTransferResponse, any Error>?

    private let cancellation = Atomic(false)
    private let maximumResponseBytes: Int
    private let allowsAddress: HTTPTransferRequest.AddressCheck?
    private var headers: [HTTPTransferHeader] = []
    private var headerBytes = 0
    private var body: [UInt8] = []
    private var isTooLarge = false
    private var refusedAddress: String?

    /// A peer that sends headers without end must not fill the memory.
    private static let maximumHeaderBytes = 256 << 10

    init(_ request: HTTPTransferRequest, certificateFile: String?) throws {
        handle = try EasyHandle()
        maximumResponseBytes = request.maximumResponseBytes
        allowsAddress = request.allowsAddress
        try setTarget(request)
        try setHeaders(request)
        try setBody(request)
        try setLimits(request)
        try handle.setTrust(certificateFile: certificateFile)
        try setCallbacks()
    }

    func cancel() { cancellation.store(true, ordering: .sequentiallyConsistent) }

    /// Answers the waiting task. The handle must have left the multi handle.
    func finish(_ code: CURLcode) {
        guard code == CURLE_OK else { return finish(throwing: error(code)) }
        let response = HTTPTransferResponse(
            status: handle.responseCode,
            headers: headers,
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
        if let refusedAddress { return .addressRefused(refusedAddress) }
        return TransferError(code, handle.words(for: code), limit: maximumResponseBytes)
    }
}

// MARK: - What libcurl is told

extension HTTPExchange {
    private func setTarget(_ request: HTTPTransferRequest) throws {
        guard !request.url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
            throw TransferError.invalidURL("it holds a space or a control character")
        }
        guard !request.method.isEmpty, request.method.utf8.allSatisfy(\.isTokenByte) else {
            throw TransferError.invalidRequest("the method is not a token")
        }
        try handle.setProtocols("http,https")
        try handle.set(CURLOPT_URL, request.url)
    }

    private func setHeaders(_ request: HTTPTransferRequest) throws {
        var lines: [String] = []
        var given: Set<String> = []
        for header in request.headers {
            guard !header.name.isEmpty, header.name.utf8.allSatisfy(\.isTokenByte) else {
                throw TransferError.invalidRequest("a header name is not a token")
            }
            guard !header.value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) else {
                throw TransferError.invalidRequest("the header \(header.name) holds a control character")
            }
            given.insert(header.name.lowercased())
            // libcurl takes "Name:" for "do not send this header", and "Name;" for one without a value.
            lines.append(header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)")
        }
        // What libcurl would add by itself: a type that need not be true, and a wait for "100 Continue" of up to 1 s.
        for name in ["Content-Type", "Expect"] where !given.contains(name.lowercased()) { lines.append("\(name):") }
        try handle.set(CURLOPT_HTTPHEADER, lines)
    }

    private func setBody(_ request: HTTPTransferRequest) throws {
        if let body = request.body {
            try handle.set(CURLOPT_POST, 1)
            try handle.setOffset(CURLOPT_POSTFIELDSIZE_LARGE, body.count)
            // An empty array has no address, and without one libcurl would ask a read callback for the body.
            try (body.isEmpty ? [0] : body).withUnsafeBytes { bytes in
                try handle.set(CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: bytes.baseAddress))
            }
        } else if request.method == "HEAD" {
            try handle.set(CURLOPT_NOBODY, 1)
        } else {
            try handle.set(CURLOPT_HTTPGET, 1)
        }
        try handle.set(CURLOPT_CUSTOMREQUEST, request.method)
    }

    private func setLimits(_ request: HTTPTransferRequest) throws {
        try handle.set(CURLOPT_TIMEOUT_MS, request.timeout.wholeMilliseconds)
        try handle.set(CURLOPT_CONNECTTIMEOUT_MS, request.connectTimeout.wholeMilliseconds)
        // Lets libcurl stop at the Content-Length; the write callback counts what comes in any case. 0 means no limit.
        try handle.setOffset(CURLOPT_MAXFILESIZE_LARGE, max(request.maximumResponseBytes, 1))
    }

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
        guard allowsAddress != nil else { return }
        try handle.set(CURLOPT_OPENSOCKETDATA, context)
        try handle.check(
            ccurl_set_open_socket_function(handle.easy) { context, _, address in
                guard let address, let exchange = HTTPExchange.from(context) else { return curlSocketRefused }
                return exchange.openSocket(address)
            }
        )
        try handle.set(CURLOPT_PREREQDATA, context)
        try handle.check(
            ccurl_set_before_request_function(handle.easy) { context, primary, _, _, _ in
                guard let primary, let exchange = HTTPExchange.from(context),
                    exchange.isAllowed(String(cString: primary))
                else { return Int32(CURL_PREREQFUNC_ABORT) }
                return Int32(CURL_PREREQFUNC_OK)
            }
        )
    }

    static func from(_ context: UnsafeMutableRawPointer?) -> HTTPExchange? {
        guard let context else { return nil }
        return Unmanaged<HTTPExchange>.fromOpaque(context).takeUnretainedValue()
    }
}

// MARK: - What libcurl says

extension HTTPExchange {
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
        headerBytes += bytes.count
        guard headerBytes <= Self.maximumHeaderBytes else {
            isTooLarge = true
            return 0
        }
        let line = String(decoding: bytes, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            // The headers before this line were those of an interim answer (1xx).
            headers.removeAll()
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...].trimmingHeaderSpace
            headers.append(HTTPTransferHeader(String(line[..<colon]), String(value)))
        }
        return bytes.count
    }

    private func isAllowed(_ address: String) -> Bool {
        guard let allowsAddress, !allowsAddress(address) else { return true }
        refusedAddress = address
        return false
    }

    private func openSocket(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        guard let text = numericAddress(of: address) else {
            refusedAddress = "of an unknown family"
            return curlSocketRefused
        }
        guard isAllowed(text) else { return curlSocketRefused }
        // The host may have a second address that is allowed: what was refused before does not count then.
        refusedAddress = nil
        return openSocketDescriptor(for: address.pointee)
    }
}

extension UInt8 {
    /// A byte of a token as RFC 9110, section 5.6.2, defines it.
    fileprivate var isTokenByte: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(self)
        }
    }
}

extension Substring {
    /// Without spaces, tabs and line ends at both ends.
    fileprivate var trimmingHeaderSpace: Substring {
        var rest = self
        while let first = rest.first, first == " " || first == "\t" || first.isNewline { rest.removeFirst() }
        while let last = rest.last, last == " " || last == "\t" || last.isNewline { rest.removeLast() }
        return rest
    }
}
