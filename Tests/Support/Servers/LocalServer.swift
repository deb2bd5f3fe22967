package import Glibc
import Synchronization

/// A small HTTP/1.1 server on a free port of 127.0.0.1: one thread per connection, connections kept alive.
///
/// `@unchecked Sendable`: the immutable descriptor is only accepted on by one thread; all else is behind the mutex.
package final class LocalServer: @unchecked Sendable {
    package struct Request: Sendable {
        package var method: String
        package var path: String
        /// Names in lower case.
        package var headers: [String: String]
        package var body: [UInt8]
    }

    package struct Answer: Sendable {
        package var status = "200 OK"
        package var headers = ["Content-Type: text/plain"]
        package var body: [UInt8] = []
        /// How long the application behind the server takes.
        package var delayMilliseconds: Int?
        /// False leaves the Content-Length out and ends the body by closing.
        package var hasLength = true
        /// Nothing is ever sent, and the connection stays open until the peer goes.
        package var isSilent = false
        /// Nothing is sent, and the connection is closed.
        package var isDropped = false

        package init(
            status: String = "200 OK", headers: [String] = ["Content-Type: text/plain"], body: [UInt8] = [],
            delayMilliseconds: Int? = nil, hasLength: Bool = true, isSilent: Bool = false, isDropped: Bool = false
        ) {
            self.status = status
            self.headers = headers
            self.body = body
            self.delayMilliseconds = delayMilliseconds
            self.hasLength = hasLength
            self.isSilent = isSilent
            self.isDropped = isDropped
        }
    }

    package let port: UInt16
    private let descriptor: Int32
    private let answer: @Sendable (Request) -> Answer
    private let received = Mutex<[Request]>([])
    private let connections = Mutex(0)
    private let arrivals = AsyncStream.makeStream(of: Request.self)
    private let closings = AsyncStream.makeStream(of: Void.self)

    package var url: String { "http://127.0.0.1:\(port)" }
    package var requests: [Request] { received.withLock { $0 } }
    /// Connections accepted so far.
    package var connectionCount: Int { connections.withLock { $0 } }

    package init(answer: @escaping @Sendable (Request) -> Answer) throws {
        self.answer = answer
        (descriptor, port) = try listenOnFreePort()
        let (thread, code) = startThread { [self] in acceptConnections() }
        _ = thread
        guard code == 0 else { throw ServerError(call: "pthread_create") }
    }

    /// Waits until a request has been read.
    package func nextRequest() async -> Request? {
        for await request in arrivals.stream { return request }
        return nil
    }

    /// Waits until a peer has closed its connection.
    package func nextClosing() async {
        for await _ in closings.stream { return }
    }

    package func stop() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    private func acceptConnections() {
        while true {
            let peer = accept(descriptor, nil, nil)
            guard peer >= 0 else { break }
            connections.withLock { $0 += 1 }
            let (_, code) = startThread { [self] in serve(peer) }
            if code != 0 { close(peer) }
        }
        close(descriptor)
    }

    private func serve(_ peer: Int32) {
        var reader = RequestReader(descriptor: peer)
        while let request = reader.next() {
            received.withLock { $0.append(request) }
            arrivals.continuation.yield(request)
            let answer = answer(request)
            if answer.isSilent { continue }
            if answer.isDropped { break }
            if let delay = answer.delayMilliseconds { poll(nil, 0, Int32(delay)) }
            guard write(answer, to: peer, isHead: request.method == "HEAD"), answer.hasLength else { break }
        }
        closings.continuation.yield()
        close(peer)
    }

    private func write(_ answer: Answer, to peer: Int32, isHead: Bool) -> Bool {
        var lines = [answer.status.isEmpty ? "nonsense" : "HTTP/1.1 \(answer.status)"] + answer.headers
        if answer.hasLength { lines.append("Content-Length: \(answer.body.count)") }
        var bytes = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        if !isHead { bytes += answer.body }
        var start = 0
        while start < bytes.count {
            let sent = bytes[start...].withUnsafeBytes { send(peer, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent > 0 else { return false }
            start += sent
        }
        return true
    }
}

package struct ServerError: Error {
    package var call: String

    package init(call: String) { self.call = call }
}

/// Opens a listening socket on 127.0.0.1.
package func listenOnFreePort() throws -> (descriptor: Int32, port: UInt16) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
            bind(descriptor, address, length) == 0 && listen(descriptor, 512) == 0
                && getsockname(descriptor, address, &length) == 0
        }
    }
    guard isListening else { throw ServerError(call: "listen") }
    return (descriptor, UInt16(bigEndian: address.sin_port))
}

/// Starts a detached thread.
package func startThread(_ work: @escaping @Sendable () -> Void) -> (thread: pthread_t, code: Int32) {
    final class Box {
        let work: @Sendable () -> Void
        init(_ work: @escaping @Sendable () -> Void) { self.work = work }
    }
    let box = Unmanaged.passRetained(Box(work))
    var thread = pthread_t()
    let code = pthread_create(
        &thread,
        nil,
        { context in
            guard let context else { return nil }
            pthread_detach(pthread_self())
            Unmanaged<Box>.fromOpaque(context).takeRetainedValue().work()
            return nil
        },
        box.toOpaque()
    )
    if code != 0 { box.release() }
    return (thread, code)
}

/// Reads requests with a Content-Length from a connection.
private struct RequestReader {
    let descriptor: Int32
    private var buffer: [UInt8] = []

    init(descriptor: Int32) { self.descriptor = descriptor }

    mutating func next() -> LocalServer.Request? {
        var end = headEnd()
        while end == nil {
            guard fill() else { return nil }
            end = headEnd()
        }
        guard let end else { return nil }
        let lines = String(decoding: buffer[..<end], as: UTF8.self).split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count == 3 else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard let name = parts.first else { continue }
            let value = parts.count > 1 ? parts[1].drop { $0 == " " } : ""
            headers[name.lowercased()] = String(value)
        }
        buffer.removeFirst(end + 4)
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        while buffer.count < length {
            guard fill() else { return nil }
        }
        let body = Array(buffer[..<length])
        buffer.removeFirst(length)
        return LocalServer.Request(method: String(words[0]), path: String(words[1]), headers: headers, body: body)
    }

    private func headEnd() -> Int? {
        let mark = Array("\r\n\r\n".utf8)
        guard buffer.count >= mark.count else { return nil }
        return (0...(buffer.count - mark.count)).first { buffer[$0..<($0 + mark.count)].elementsEqual(mark) }
    }

    private mutating func fill() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count > 0 else { return false }
        buffer += chunk[..<count]
        return true
    }
}

/// Closes a socket, by a name that does not clash with other modules' `close`.
package func closeSocket(_ descriptor: Int32) { close(descriptor) }
