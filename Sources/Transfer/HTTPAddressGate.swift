import CCurl

/// Asks before a connection is opened and before a request is sent whether the address may be reached.
///
/// Not Sendable: an exchange owns it, and only the loop's thread touches it once the exchange is submitted.
final class HTTPAddressGate {
    private(set) var refusedAddress: String?
    /// Asked before each request, an address that is allowed provided; libcurl's own retries are requests too.
    var mayBegin: (() -> Bool)?

    private let allowsAddress: HTTPTransferRequest.AddressCheck?

    init(_ allowsAddress: HTTPTransferRequest.AddressCheck?) { self.allowsAddress = allowsAddress }

    /// - Parameter handle: of the exchange that owns the gate, so that the gate outlives its use.
    func attach(to handle: EasyHandle) throws {
        let context = Unmanaged.passUnretained(self).toOpaque()
        if allowsAddress != nil {
            try handle.set(CURLOPT_OPENSOCKETDATA, context)
            try handle.check(
                ccurl_set_open_socket_function(handle.easy) { context, _, address in
                    guard let address, let gate = HTTPAddressGate.from(context) else { return curlSocketRefused }
                    return gate.openSocket(address)
                }
            )
        }
        guard allowsAddress != nil || mayBegin != nil else { return }
        try handle.set(CURLOPT_PREREQDATA, context)
        try handle.check(
            ccurl_set_before_request_function(handle.easy) { context, primary, _, _, _ in
                guard let primary, let gate = HTTPAddressGate.from(context),
                    gate.isAllowed(String(cString: primary)), gate.mayBegin?() ?? true
                else { return Int32(CURL_PREREQFUNC_ABORT) }
                return Int32(CURL_PREREQFUNC_OK)
            }
        )
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> HTTPAddressGate? {
        guard let context else { return nil }
        return Unmanaged<HTTPAddressGate>.fromOpaque(context).takeUnretainedValue()
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
