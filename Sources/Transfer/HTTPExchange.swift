import CCurl
import Synchronization

/// One transfer: libcurl's easy handle, what it was given, and what came back so far.
///
/// `@unchecked Sendable`: the task that made it touches it until `TransferLoop.submit`, from then on only the loop's
/// thread does. `isCancelled` alone is shared, and is atomic.
final class HTTPExchange: @unchecked Sendable {
    let easy: UnsafeMutableRawPointer
    let isCancelled = Atomic(false)
    var continuation: CheckedContinuation<HTTPTransferResponse, any Error>?

    private let maximumResponseBytes: Int
    private let allowsAddress: HTTPTransferRequest.AddressCheck?
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private let errorText: UnsafeMutablePointer<CChar>
    private var headers: [HTTPTransferHeader] = []
    private var headerBytes = 0
    private var body: [UInt8] = []
    private var isTooLarge = false
    private var refusedAddress: String?

    /// A peer that sends headers without end must not fill the memory.
    private static let maximumHeaderBytes = 256 << 10

    init(_ request: HTTPTransferRequest, certificateFile: String?) throws {
        guard let easy = curl_easy_init() else {
            throw TransferError.other(code: Int(CURLE_OUT_OF_MEMORY.rawValue), "no handle")
        }
        self.easy = easy
        maximumResponseBytes = request.maximumResponseBytes
        allowsAddress = request.allowsAddress
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        try setTarget(request)
        try setHeaders(request)
        try setBody(request)
        try setLimits(request)
        try setTrust(certificateFile: certificateFile)
        try setCallbacks()
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(headerList)
        errorText.deallocate()
    }

    /// Answers the waiting task. The handle must have left the multi handle.
    func finish(_ code: CURLcode) {
        guard code == CURLE_OK else { return finish(throwing: error(code)) }
        var status = 0
        _ = ccurl_get_long(easy, CURLINFO_RESPONSE_CODE, &status)
        var newConnections = 0
        _ = ccurl_get_long(easy, CURLINFO_NUM_CONNECTS, &newConnections)
        let response = HTTPTransferResponse(
            status: status,
            headers: headers,
            body: body,
            reusedConnection: newConnections == 0
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
        let detail = String(cString: errorText)
        let words = detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
        return TransferError(code, words, limit: maximumResponseBytes)
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
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_FOLLOWLOCATION, 0)
        try set(CURLOPT_PROXY, "")
        try set(CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue))
        // Signals belong to the process: without this libcurl would use SIGALRM for name lookups.
        try set(CURLOPT_NOSIGNAL, 1)
        try set(CURLOPT_URL, request.url)
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
        for line in lines {
            guard let longer = curl_slist_append(headerList, line) else {
                throw TransferError.other(code: Int(CURLE_OUT_OF_MEMORY.rawValue), "no room for headers")
            }
            headerList = longer
        }
        try check(ccurl_set_list(easy, CURLOPT_HTTPHEADER, headerList))
    }

    private func setBody(_ request: HTTPTransferRequest) throws {
        if let body = request.body {
            try set(CURLOPT_POST, 1)
            try check(ccurl_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
            // An empty array has no address, and without one libcurl would ask a read callback for the body.
            try (body.isEmpty ? [0] : body).withUnsafeBytes { bytes in
                let start = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
                try check(ccurl_set_pointer(easy, CURLOPT_COPYPOSTFIELDS, start))
            }
        } else if request.method == "HEAD" {
            try set(CURLOPT_NOBODY, 1)
        } else {
            try set(CURLOPT_HTTPGET, 1)
        }
        try set(CURLOPT_CUSTOMREQUEST, request.method)
    }

    private func setLimits(_ request: HTTPTransferRequest) throws {
        try set(CURLOPT_TIMEOUT_MS, request.timeout.wholeMilliseconds)
        try set(CURLOPT_CONNECTTIMEOUT_MS, request.connectTimeout.wholeMilliseconds)
        // Lets libcurl stop at the Content-Length; the write callback counts what comes in any case. 0 means no limit.
        let limit = curl_off_t(max(request.maximumResponseBytes, 1))
        try check(ccurl_set_offset(easy, CURLOPT_MAXFILESIZE_LARGE, limit))
    }

    private func setTrust(certificateFile: String?) throws {
        try set(CURLOPT_SSL_VERIFYPEER, 1)
        try set(CURLOPT_SSL_VERIFYHOST, 2)
        try set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        // Takes the place of the system's bundle file only: the system's certificate directory stays trusted.
        if let certificateFile { try set(CURLOPT_CAINFO, certificateFile) }
    }

    private func setCallbacks() throws {
        // Unretained: the loop holds the exchange for as long as the handle is in use.
        let context = Unmanaged.passUnretained(self).toOpaque()
        try check(ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText))
        try check(ccurl_set_pointer(easy, CURLOPT_PRIVATE, context))
        try check(ccurl_set_pointer(easy, CURLOPT_WRITEDATA, context))
        try check(
            ccurl_set_data_function(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
                HTTPExchange.from(context)?.takeBody(UnsafeRawBufferPointer(start: bytes, count: size * count)) ?? 0
            }
        )
        try check(ccurl_set_pointer(easy, CURLOPT_HEADERDATA, context))
        try check(
            ccurl_set_data_function(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
                HTTPExchange.from(context)?.takeHeader(UnsafeRawBufferPointer(start: bytes, count: size * count)) ?? 0
            }
        )
        guard allowsAddress != nil else { return }
        try check(ccurl_set_pointer(easy, CURLOPT_OPENSOCKETDATA, context))
        try check(
            ccurl_set_open_socket_function(easy) { context, _, address in
                guard let address, let exchange = HTTPExchange.from(context) else { return curlSocketRefused }
                return exchange.openSocket(address)
            }
        )
        try check(ccurl_set_pointer(easy, CURLOPT_PREREQDATA, context))
        try check(
            ccurl_set_before_request_function(easy) { context, primary, _, _, _ in
                guard let primary, let exchange = HTTPExchange.from(context),
                    exchange.isAllowed(String(cString: primary))
                else { return Int32(CURL_PREREQFUNC_ABORT) }
                return Int32(CURL_PREREQFUNC_OK)
            }
        )
    }

    private func set(_ option: CURLoption, _ value: Int) throws {
        try check(ccurl_set_long(easy, option, value))
    }

    private func set(_ option: CURLoption, _ value: String) throws {
        try check(ccurl_set_string(easy, option, value))
    }

    private func check(_ code: CURLcode) throws {
        guard code == CURLE_OK else { throw error(code) }
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

extension Duration {
    /// At least 1: to libcurl 0 means "no limit".
    fileprivate var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        return Int(min(max(milliseconds, 1), Int64(Int32.max)))
    }
}
