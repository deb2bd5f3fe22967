import CCurl
import Glibc

/// What an open-socket callback returns to refuse (`CURL_SOCKET_BAD`, a macro Swift does not see).
let curlSocketRefused: curl_socket_t = -1

/// The numeric text of the address that libcurl is about to connect to.
/// - Parameter address: as libcurl passes it to the open-socket callback.
/// - Returns: nil for what is neither IPv4 nor IPv6.
func numericAddress(of address: UnsafeMutablePointer<curl_sockaddr>) -> String? {
    guard address.pointee.family == AF_INET || address.pointee.family == AF_INET6,
        let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr)
    else { return nil }
    // libcurl's structure goes on past the end of `addr`, so the address is read where it lies and not from a copy.
    let start = (UnsafeMutableRawPointer(address) + offset).assumingMemoryBound(to: sockaddr.self)
    var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    let code = getnameinfo(start, address.pointee.addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
    guard code == 0 else { return nil }
    let end = text.firstIndex(of: 0) ?? text.endIndex
    return String(decoding: text[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// Opens a socket as libcurl would have: not to be inherited by a child process.
/// - Parameter address: as libcurl passes it to the open-socket callback.
/// - Returns: the descriptor, negative when there is none.
func openSocketDescriptor(for address: curl_sockaddr) -> curl_socket_t {
    socket(address.family, address.socktype | Int32(SOCK_CLOEXEC.rawValue), address.protocol)
}
