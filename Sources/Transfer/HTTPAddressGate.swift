import CCurl

/// Asks before a connection is opened and before a request is sent whether the address may be reached, and whether the
/// request may begin: one that is not safe begins once.
///
/// On a kept connection that dies before a byte of the answer libcurl begins again by itself. The server may have done
/// by then what was asked.
///
/// Not Sendable: an exchange owns it, and only the loop's thread touches it once the exchange is submitted.
final class HTTPAddressGate {
    /// Asked before each request, an address that is allowed provided; libcurl's own retries are requests too.
    var mayBegin: (() -> Bool)?

    private let allowsAddress: HTTPTransferRequest.AddressCheck?
    private let mayBeRepeated: Bool
    private var refusedAddress: String?
    private var hasBegun = false
    private var isRepetitionRefused = false

    init(_ request: HTTPTransferRequest) {
        allowsAddress = request.allowsAddress
        mayBeRepeated = request.mayBeRepeated
    }

    /// - Parameter handle: of the exchange that owns the gate, so that the gate outlives its use.
    func attach(to handle: EasyHandle) throws {
        let context = Unmanaged.passUnretained(self).toOpaque()
        if allowsAddress != nil || !mayBeRepeated {
            try handle.set(CURLOPT_OPENSOCKETDATA, context)
            try handle.check(
                ccurl_set_open_socket_function(handle.easy) { context, _, address in
                    guard let address, let gate = HTTPAddressGate.from(context) else { return curlSocketRefused }
                    return gate.openSocket(address)
                }
            )
        }
        guard allowsAddress != nil || !mayBeRepeated || mayBegin != nil else { return }
        try handle.set(CURLOPT_PREREQDATA, context)
        try handle.check(
            ccurl_set_before_request_function(handle.easy) { context, primary, _, _, _ in
                guard let primary, let gate = HTTPAddressGate.from(context), gate.begin(at: String(cString: primary))
                else { return Int32(CURL_PREREQFUNC_ABORT) }
                return Int32(CURL_PREREQFUNC_OK)
            }
        )
    }

    /// - Parameter code: libcurl's result, an error.
    /// - Returns: what happened, where the gate knows it better than libcurl.
    func error(_ code: CURLcode) -> TransferError? {
        // Whoever reads "could not connect" takes it that the request never left: it did, before the connection died.
        let isRepetition = isRepetitionRefused || hasBegun && !mayBeRepeated && code == CURLE_COULDNT_RESOLVE_HOST
        // libcurl wanted to begin again, and part of the body was gone.
        if isRepetition || code == CURLE_SEND_FAIL_REWIND {
            return .broken("the connection was closed before an answer came")
        }
        return refusedAddress.map { .addressRefused($0) }
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> HTTPAddressGate? {
        guard let context else { return nil }
        return Unmanaged<HTTPAddressGate>.fromOpaque(context).takeUnretainedValue()
    }

    private func begin(at address: String) -> Bool {
        guard !refusesRepetition(), isAllowed(address), mayBegin?() ?? true else { return false }
        hasBegun = true
        return true
    }

    private func refusesRepetition() -> Bool {
        isRepetitionRefused = hasBegun && !mayBeRepeated
        return isRepetitionRefused
    }

    private func isAllowed(_ address: String) -> Bool {
        guard let allowsAddress, !allowsAddress(address) else { return true }
        refusedAddress = address
        return false
    }

    private func openSocket(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        guard !refusesRepetition() else { return curlSocketRefused }
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
