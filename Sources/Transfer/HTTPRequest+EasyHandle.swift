import CCurl

/// What libcurl is told of a request, whether its answer is collected or streamed.
extension EasyHandle {
    func setTarget(of request: HTTPTransferRequest) throws {
        guard !request.url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
            throw TransferError.invalidURL("it holds a space or a control character")
        }
        guard !request.method.isEmpty, request.method.utf8.allSatisfy(\.isTokenByte) else {
            throw TransferError.invalidRequest("the method is not a token")
        }
        try setProtocols("http,https")
        try set(CURLOPT_URL, request.url)
    }

    func setHeaders(of request: HTTPTransferRequest) throws {
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
        try set(CURLOPT_HTTPHEADER, lines)
    }

    func setBody(of request: HTTPTransferRequest) throws {
        if let body = request.body {
            try set(CURLOPT_POST, 1)
            try setOffset(CURLOPT_POSTFIELDSIZE_LARGE, body.count)
            // An empty array has no address, and without one libcurl would ask a read callback for the body.
            try (body.isEmpty ? [0] : body).withUnsafeBytes { bytes in
                try set(CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: bytes.baseAddress))
            }
        } else if request.method == "HEAD" {
            try set(CURLOPT_NOBODY, 1)
        } else {
            try set(CURLOPT_HTTPGET, 1)
        }
        try set(CURLOPT_CUSTOMREQUEST, request.method)
    }

    /// For a transfer whose answer is streamed, and whose body may be.
    func setStreaming(of request: HTTPTransferRequest, _ body: HTTPUpload?) throws {
        guard !request.headers.contains(where: \.isFraming) else {
            throw TransferError.invalidRequest("Content-Length and Transfer-Encoding follow from the body")
        }
        // HTTP/2 would take up to 10 MiB for a reader that waits, and one such reader stops the others on its
        // connection; over HTTP/1.1 a paused transfer reads nothing, and a body of unknown length can be sent chunked.
        try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        guard let body else { return try setBody(of: request) }
        guard request.body == nil, request.method != "HEAD" else {
            throw TransferError.invalidRequest("a body to stream with HEAD or besides another body")
        }
        guard (body.length ?? 0) >= 0 else { throw TransferError.invalidRequest("a length below 0") }
        try set(CURLOPT_UPLOAD, 1)
        try setOffset(CURLOPT_INFILESIZE_LARGE, body.length ?? -1)
        try set(CURLOPT_CUSTOMREQUEST, request.method)
    }

    func setLimits(of request: HTTPTransferRequest) throws {
        try set(CURLOPT_TIMEOUT_MS, request.timeout.wholeMilliseconds)
        try set(CURLOPT_CONNECTTIMEOUT_MS, request.connectTimeout.wholeMilliseconds)
        // What is sent just when the server closes an idle connection fails, where it must not be sent again. Seconds;
        // what was closed before that libcurl sees for itself.
        if !request.mayBeRepeated { try set(CURLOPT_MAXAGE_CONN, 15) }
    }
}

extension HTTPTransferRequest {
    /// Whether it makes no difference to the server if it comes twice: safe methods of RFC 9110, section 9.2.1. PUT and
    /// DELETE, though idempotent, are left out: another client's request may come between the two.
    var mayBeRepeated: Bool { ["GET", "HEAD", "OPTIONS"].contains(method) }
}

extension HTTPTransferHeader {
    /// Says where a request ends.
    fileprivate var isFraming: Bool { ["content-length", "transfer-encoding"].contains(name.lowercased()) }
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
