import CCurl
import Glibc
import Synchronization

/// The sockets of the connections to a mail server.
///
/// libcurl says QUIT when it closes a connection, and waits for the answer on the spot, which a silent server could
/// stretch to minutes. So before the end the reading half of every socket is shut: QUIT is still said, and the wait ends.
final class SMTPSockets: Sendable {
    private let descriptors = Mutex<Set<curl_socket_t>>([])

    func open(_ address: curl_sockaddr) -> curl_socket_t {
        let descriptor = openSocketDescriptor(for: address)
        if descriptor >= 0 { descriptors.withLock { _ = $0.insert(descriptor) } }
        return descriptor
    }

    func closeSocket(_ descriptor: curl_socket_t) -> Int32 {
        // Forgotten first: once closed, the number may be another socket's.
        descriptors.withLock { _ = $0.remove(descriptor) }
        return close(descriptor)
    }

    func stopReading() {
        descriptors.withLock { for descriptor in $0 { shutdown(descriptor, Int32(SHUT_RD)) } }
    }

    /// - Parameter easy: its connections are opened and closed here. Connections outlive their transfers, so this object
    ///   must live until the loop has ended.
    func attach(to handle: EasyHandle) throws {
        let context = Unmanaged.passUnretained(self).toOpaque()
        try handle.set(CURLOPT_OPENSOCKETDATA, context)
        try handle.check(
            ccurl_set_open_socket_function(handle.easy) { context, _, address in
                guard let address, let sockets = SMTPSockets.from(context) else { return curlSocketRefused }
                return sockets.open(address.pointee)
            }
        )
        try handle.set(CURLOPT_CLOSESOCKETDATA, context)
        try handle.check(
            ccurl_set_close_socket_function(handle.easy) { context, descriptor in
                SMTPSockets.from(context)?.closeSocket(descriptor) ?? 1
            }
        )
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> SMTPSockets? {
        guard let context else { return nil }
        return Unmanaged<SMTPSockets>.fromOpaque(context).takeUnretainedValue()
    }
}
