import CCurl

extension TransferError {
    /// Sorts libcurl's result codes.
    /// - Parameters:
    ///   - code: not `CURLE_OK`.
    ///   - words: libcurl's text.
    ///   - limit: bytes of the answer that were allowed.
    init(_ code: CURLcode, _ words: String, limit: Int) {
        switch code {
        case CURLE_UNSUPPORTED_PROTOCOL where words.contains("HTTP/0.9"):
            // An answer without a status line is an unsupported protocol to libcurl; the URL is not to blame.
            self = .broken(words)
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL:
            self = .invalidURL(words)
        case CURLE_COULDNT_RESOLVE_HOST:
            self = .couldNotResolve(words)
        case CURLE_COULDNT_CONNECT:
            self = .couldNotConnect(words)
        case CURLE_OPERATION_TIMEDOUT:
            self = .timeout(words)
        case CURLE_FILESIZE_EXCEEDED:
            self = .tooLarge(limit: limit)
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CIPHER,
            CURLE_SSL_CERTPROBLEM, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS:
            self = .tls(words)
        case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_WEIRD_SERVER_REPLY,
            CURLE_HTTP2, CURLE_HTTP2_STREAM:
            self = .broken(words)
        default:
            self = .other(code: Int(code.rawValue), words)
        }
    }
}
