import Dispatch
import Glibc
import Synchronization

/// A server on a free port of 127.0.0.1 that plays a script on each connection, byte for byte, on a thread of its own.
package final class ScriptedServer: Sendable {
    package let port: UInt16
    private let descriptor: Int32
    private let script: @Sendable (Peer) -> Void
    private let connections = Mutex(0)
    private let endings = AsyncStream.makeStream(of: Void.self)

    package var url: String { "http://127.0.0.1:\(port)" }
    /// Connections accepted so far.
    package var connectionCount: Int { connections.withLock { $0 } }

    /// - Parameter script: played on each connection, which is closed at its end.
    package init(script: @escaping @Sendable (Peer) -> Void) throws {
        self.script = script
        (descriptor, port) = try listenOnFreePort()
        let (_, code) = startThread { [self] in acceptConnections() }
        guard code == 0 else { throw ServerError(call: "pthread_create") }
    }

    /// Waits until a script is over.
    package func nextEnding() async {
        for await _ in endings.stream { return }
    }

    package func stop() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    private func acceptConnections() {
        while true {
            let peer = accept(descriptor, nil, nil)
            guard peer >= 0 else { break }
            connections.withLock { $0 += 1 }
            let (_, code) = startThread { [self] in
                script(Peer(descriptor: peer))
                close(peer)
                endings.continuation.yield()
            }
            if code != 0 { close(peer) }
        }
        close(descriptor)
    }
}

/// The client's end as the server sees it. One thread uses it.
package final class Peer {
    private let descriptor: Int32
    private var buffer: [UInt8] = []

    init(descriptor: Int32) { self.descriptor = descriptor }

    /// Reads up to the empty line.
    /// - Returns: nil when the client has closed.
    package func readHead() -> String? {
        let mark = Array("\r\n\r\n".utf8)
        return read(through: mark).map { String(decoding: $0, as: UTF8.self) }
    }

    /// - Returns: nil when the client closes before so many bytes.
    package func read(_ count: Int) -> [UInt8]? {
        while buffer.count < count { guard fill() else { return nil } }
        defer { buffer.removeFirst(count) }
        return Array(buffer.prefix(count))
    }

    /// Reads a chunked body.
    /// - Returns: its bytes, and whether its end came.
    package func readChunkedBody() -> (bytes: [UInt8], isWhole: Bool) {
        let lineEnd = Array("\r\n".utf8)
        var bytes: [UInt8] = []
        while let line = read(through: lineEnd),
            let count = Int(String(decoding: line.dropLast(2), as: UTF8.self), radix: 16)
        {
            guard let chunk = read(count + 2) else { break }
            guard count > 0 else { return (bytes, true) }
            bytes += chunk.dropLast(2)
        }
        return (bytes, false)
    }

    /// Waits until the client closes.
    package func readToEnd() { while fill() { buffer = [] } }

    /// - Returns: false when the client has closed.
    @discardableResult
    package func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    /// - Returns: false when the client has closed.
    @discardableResult
    package func write(_ bytes: [UInt8]) -> Bool {
        var start = 0
        while start < bytes.count {
            let sent = bytes[start...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { return false }
            start += sent
        }
        return true
    }

    /// - Returns: false when nothing more went out for so long, because the client does not read.
    package func write(_ bytes: [UInt8], withinMilliseconds milliseconds: Int32) -> Bool {
        var start = 0
        while start < bytes.count {
            var state = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&state, 1, milliseconds) > 0 else { return false }
            let sent = bytes[start...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            guard sent > 0 else { return false }
            start += sent
        }
        return true
    }

    /// Makes the kernel hold less, so that a reader that waits is felt early.
    package func setSmallBuffers() {
        var size: Int32 = 16 << 10
        setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }

    private func read(through mark: [UInt8]) -> [UInt8]? {
        var searched = 0
        while true {
            if buffer.count >= mark.count {
                for start in searched...(buffer.count - mark.count)
                where buffer[start..<(start + mark.count)].elementsEqual(mark) {
                    defer { buffer.removeFirst(start + mark.count) }
                    return Array(buffer.prefix(start + mark.count))
                }
                searched = buffer.count - mark.count + 1
            }
            guard fill() else { return nil }
        }
    }

    private func fill() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count > 0 else { return false }
        buffer += chunk[..<count]
        return true
    }
}

/// Holds a server's script until a test opens it.
package final class ScriptGate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    package init() {}

    package func open() { semaphore.signal() }

    /// Blocks the thread; for scripts, not for tasks.
    package func wait() { semaphore.wait() }
}
