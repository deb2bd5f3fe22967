import Glibc
import Synchronization
import TestServers

/// A small SMTP server on a free port of 127.0.0.1 that answers as a test tells it: one thread per connection.
///
/// `@unchecked Sendable`: the immutable descriptor is only accepted on by one thread; all else is behind the mutex.
final class LocalSMTPServer: @unchecked Sendable {
    enum Answer: Sendable {
        /// One line, or several.
        case reply(String)
        /// Answers, then closes.
        case lastReply(String)
        /// Closes without an answer.
        case drop
        /// Never answers; the connection stays open until the peer goes.
        case silence
        /// Answers `354`, reads so many bytes of the message, then closes.
        case dropInMessage(afterBytes: Int)
        /// Answers `354`, and reads the message only once the gate is open.
        case holdMessage(Gate)
    }

    let port: UInt16
    private let descriptor: Int32
    private let answer: @Sendable (String) -> Answer?
    private let state = Mutex(State())
    private let arrivals = AsyncStream.makeStream(of: String.self)
    private let closings = AsyncStream.makeStream(of: Void.self)

    private struct State {
        var commands: [String] = []
        var messages: [String] = []
        var unfinished: [String] = []
        var connections = 0
    }

    /// Command lines so far, without those that say QUIT.
    var commands: [String] { state.withLock { $0.commands } }
    /// Messages whose end came, as they came: dots still doubled.
    var messages: [String] { state.withLock { $0.messages } }
    /// What came of messages whose end did not.
    var unfinished: [String] { state.withLock { $0.unfinished } }
    var connectionCount: Int { state.withLock { $0.connections } }
    var url: String { "smtp://127.0.0.1:\(port)?tls=off" }
    var urlWithLogin: String { "smtp://ada%40example.com:s3cret%2Fword@127.0.0.1:\(port)?tls=off" }

    /// - Parameter answer: to a command line; to `greeting`, which comes first; to `.`, the end of a message. Nil for
    ///   what a server usually says.
    init(answer: @escaping @Sendable (String) -> Answer? = { _ in nil }) throws {
        self.answer = answer
        (descriptor, port) = try listenOnFreePort()
        // Accepted sockets inherit it: a message of some megabytes stays under way until it is read.
        var receiveBuffer: Int32 = 16_384
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
        let (_, code) = startThread { [self] in acceptConnections() }
        guard code == 0 else { throw ServerError(call: "pthread_create") }
    }

    func stop() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Waits for a command that begins so.
    func next(_ beginning: String) async {
        for await command in arrivals.stream where command.hasPrefix(beginning) { return }
    }

    /// Waits until a connection is over.
    func nextClosing() async {
        for await _ in closings.stream { return }
    }

    private func acceptConnections() {
        while true {
            let peer = accept(descriptor, nil, nil)
            guard peer >= 0 else { break }
            state.withLock { $0.connections += 1 }
            let (_, code) = startThread { [self] in
                serve(Peer(descriptor: peer))
                close(peer)
                closings.continuation.yield()
            }
            if code != 0 { close(peer) }
        }
        close(descriptor)
    }

    private func serve(_ peer: consuming Peer) {
        guard perform(answer("greeting") ?? .reply("220 mail.example.com ESMTP"), &peer) else { return }
        while let line = peer.line() {
            if line != "QUIT" { state.withLock { $0.commands.append(line) } }
            arrivals.continuation.yield(line)
            guard perform(answer(line) ?? usual(line), &peer), line != "QUIT" else { return }
            guard line == "DATA", peer.isInMessage else { continue }
            let message = peer.message()
            guard message.isWhole else {
                state.withLock { $0.unfinished.append(message.text) }
                return
            }
            state.withLock { $0.messages.append(message.text) }
            arrivals.continuation.yield(".")
            guard perform(answer(".") ?? .reply("250 2.0.0 queued as 42"), &peer) else { return }
        }
    }

    private func usual(_ command: String) -> Answer {
        switch command.prefix(4) {
        case "EHLO": .reply("250-mail.example.com\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME")
        case "AUTH": .reply("334 ")
        case "AGFk": .reply("235 2.7.0 welcome")
        case "DATA": .reply("354 go ahead")
        case "QUIT": .lastReply("221 bye")
        default: .reply("250 2.1.0 fine")
        }
    }

    /// - Returns: false when the connection is to be closed.
    private func perform(_ answer: Answer, _ peer: inout Peer) -> Bool {
        switch answer {
        case .reply(let text):
            peer.isInMessage = text.hasPrefix("354")
            return peer.write(text)
        case .lastReply(let text):
            _ = peer.write(text)
            return false
        case .drop: return false
        case .silence:
            while peer.fill() {}
            return false
        case .dropInMessage(let count):
            guard peer.write("354 go ahead") else { return false }
            while peer.buffered < count, peer.fill() {}
            state.withLock { $0.unfinished.append(peer.rest) }
            return false
        case .holdMessage(let gate):
            peer.isInMessage = true
            guard peer.write("354 go ahead") else { return false }
            gate.pass()
            return true
        }
    }
}

/// Holds a thread until a test lets it go.
final class Gate: Sendable {
    private let isOpen = Mutex(false)

    func open() { isOpen.withLock { $0 = true } }

    func pass() {
        while !isOpen.withLock({ $0 }) { poll(nil, 0, 1) }
    }
}

/// One connection, read line by line.
private struct Peer {
    let descriptor: Int32
    var isInMessage = false
    private var buffer: [UInt8] = []

    init(descriptor: Int32) { self.descriptor = descriptor }

    var buffered: Int { buffer.count }
    var rest: String { String(decoding: buffer, as: UTF8.self) }

    mutating func line() -> String? {
        while true {
            if let end = buffer.firstIndex(of: 10) {
                let line = String(decoding: buffer[..<end].filter { $0 != 13 }, as: UTF8.self)
                buffer.removeFirst(end + 1)
                return line
            }
            guard fill() else { return nil }
        }
    }

    mutating func message() -> (text: String, isWhole: Bool) {
        isInMessage = false
        let mark = Array("\r\n.\r\n".utf8)
        var searched = 0
        while true {
            let found = buffer.withUnsafeBytes { bytes -> Int? in
                var at = searched
                while at + mark.count <= bytes.count {
                    if bytes[at] == 13, bytes[at..<(at + mark.count)].elementsEqual(mark) { return at }
                    at += 1
                }
                return nil
            }
            if let found {
                let text = String(decoding: buffer[..<(found + 2)], as: UTF8.self)
                buffer.removeFirst(found + mark.count)
                return (text, true)
            }
            searched = max(buffer.count - mark.count, 0)
            guard fill() else { return (rest, false) }
        }
    }

    mutating func fill() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count > 0 else { return false }
        buffer += chunk[..<count]
        return true
    }

    func write(_ text: String) -> Bool {
        let bytes = Array((text + "\r\n").utf8)
        return send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }
}
