/// Why a transfer brought no answer. The text is libcurl's own wherever libcurl said something.
public enum TransferError: Error, Sendable, Hashable {
    /// The URL cannot be read, or is neither http nor https.
    case invalidURL(String)
    /// The method or a header holds a character that must not travel, such as a line break.
    case invalidRequest(String)
    /// The host name has no address.
    case couldNotResolve(String)
    /// Nothing listens there, or the network says no.
    case couldNotConnect(String)
    /// The address was refused by the request's `allowsAddress`.
    case addressRefused(String)
    /// The certificate is not trusted, or the TLS handshake failed.
    case tls(String)
    /// The time for connecting or for the whole transfer was over.
    case timeout(String)
    /// The answer is longer than `limit` bytes.
    case tooLarge(limit: Int)
    /// The connection broke, or the peer spoke no HTTP.
    case broken(String)
    /// The transfers were shut down before this one was over.
    case shutDown
    /// Anything else, with libcurl's number.
    case other(code: Int, String)

    /// Whether the same transfer may well succeed a little later.
    public var isTransient: Bool {
        switch self {
        case .couldNotResolve, .couldNotConnect, .timeout, .broken: true
        case .invalidURL, .invalidRequest, .addressRefused, .tls, .tooLarge, .shutDown, .other: false
        }
    }
}

extension TransferError: CustomStringConvertible {
    /// One sentence for people.
    public var description: String {
        switch self {
        case .invalidURL(let words): "invalid URL: \(words)"
        case .invalidRequest(let words): "invalid request: \(words)"
        case .couldNotResolve(let words): "could not resolve the host: \(words)"
        case .couldNotConnect(let words): "could not connect: \(words)"
        case .addressRefused(let address): "the address \(address) must not be reached"
        case .tls(let words): "TLS failed: \(words)"
        case .timeout(let words): "timed out: \(words)"
        case .tooLarge(let limit): "the answer is longer than \(limit) bytes"
        case .broken(let words): "the connection broke: \(words)"
        case .shutDown: "transfers were shut down"
        case .other(let code, let words): "transfer failed (libcurl \(code)): \(words)"
        }
    }
}
