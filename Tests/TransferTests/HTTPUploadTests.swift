import Synchronization
import TestServers
import Testing
import Transfer

@Suite("HTTP request bodies as streams", .timeLimit(.minutes(10)))
struct HTTPUploadTests {
    struct SourceError: Error, Equatable {}

    let transfer: HTTPTransfer

    init() throws { transfer = try HTTPTransfer() }

    @Test("a body of known length is sent with it, whatever the size", arguments: [0, 1, 65_536, 262_144, 5_000_001])
    func knownLength(count: Int) async throws {
        let server = try LocalServer { LocalServer.Answer(body: $0.body) }
        defer { server.stop() }
        let body = numbered(count)
        let request = HTTPTransferRequest(method: "PATCH", url: server.url, timeout: patience)
        let stream = try await transfer.stream(request, body: HTTPUpload(pieces(of: body), length: count))
        #expect(try await stream.body.collect() == body)
        let received = try #require(server.requests.first)
        #expect(received.method == "PATCH")
        #expect(received.headers["content-length"] == "\(count)")
        #expect(received.headers["transfer-encoding"] == nil)
        #expect(received.headers["expect"] == nil)
    }

    @Test("a body of unknown length is sent chunked", arguments: [0, 1, 700_001])
    func unknownLength(count: Int) async throws {
        let server = try chunkedServer()
        defer { server.stop() }
        let body = numbered(count)
        for _ in 0..<2 {
            let request = HTTPTransferRequest(method: "POST", url: server.url, timeout: patience)
            let stream = try await transfer.stream(request, body: HTTPUpload(pieces(of: body)))
            #expect(try await stream.body.collect() == body)
        }
        #expect(server.connectionCount == 1)
    }

    @Test("both directions go at once")
    func bothWays() async throws {
        let server = try ScriptedServer { peer in
            _ = peer.readHead()
            peer.write("HTTP/1.1 200 OK\r\n\r\n")
            for _ in 0..<3 { _ = peer.read(7).map { peer.write(Array($0[3..<5])) } }
        }
        defer { server.stop() }
        let (chunks, feed) = AsyncStream.makeStream(of: [UInt8].self)
        let request = HTTPTransferRequest(method: "POST", url: server.url, timeout: patience)
        let stream = try await transfer.stream(request, body: HTTPUpload(chunks))
        var iterator = stream.body.makeAsyncIterator()
        // Each chunk travels as "2 CR LF, two bytes, CR LF".
        for word in ["ab", "cd", "ef"] {
            feed.yield(Array(word.utf8))
            #expect(try await iterator.next() == Array(word.utf8))
        }
        // The server closes, and with that the upload is over though its source says nothing.
        #expect(try await iterator.next() == nil)
    }

    @Test("a source is not asked for more than the server takes")
    func backPressure() async throws {
        let gate = ScriptGate()
        let server = try ScriptedServer { peer in
            peer.setSmallBuffers()
            _ = peer.readHead()
            gate.wait()
            let (bytes, isWhole) = peer.readChunkedBody()
            answer(peer, "\(bytes.count) \(isWhole)")
        }
        defer { server.stop() }
        let total = 512
        let piece = [UInt8](repeating: 7, count: 64 << 10)
        let asked = Mutex(0)
        let upload = HTTPUpload(next: {
            let count = asked.withLock { asked in
                asked += 1
                return asked
            }
            return count > total ? nil : piece
        })
        let task = Task {
            let request = HTTPTransferRequest(method: "POST", url: server.url, timeout: .seconds(300))
            return try await transfer.stream(request, body: upload).body.collect()
        }
        // Nobody asks any more when the count stands still over many round trips to another server.
        let other = try LocalServer { _ in LocalServer.Answer(delayMilliseconds: 20) }
        defer { other.stop() }
        var before = -1
        while before != asked.withLock({ $0 }) || before == 0 {
            before = asked.withLock { $0 }
            for _ in 0..<25 { _ = try await transfer.perform(HTTPTransferRequest(url: other.url, timeout: patience)) }
        }
        // The kernel may hold some megabytes; all 32 MiB it does not.
        #expect(before < total / 2)
        gate.open()
        #expect(try await task.value == Array("\(total * piece.count) true".utf8))
    }

    @Test("what the source throws ends the transfer, and the request does not look whole")
    func sourceThrows() async throws {
        let isWhole = AsyncStream.makeStream(of: Bool.self)
        let server = try ScriptedServer { peer in
            _ = peer.readHead()
            isWhole.continuation.yield(peer.readChunkedBody().isWhole)
        }
        defer { server.stop() }
        let asked = Mutex(0)
        let upload = HTTPUpload(next: {
            let count = asked.withLock { asked in
                asked += 1
                return asked
            }
            guard count < 5 else { throw SourceError() }
            return [1, 2, 3]
        })
        await #expect(throws: SourceError.self) {
            try await transfer.stream(
                HTTPTransferRequest(method: "POST", url: server.url, timeout: patience), body: upload)
        }
        var iterator = isWhole.stream.makeAsyncIterator()
        // Nil would be a connection that was closed before the request.
        if server.connectionCount > 0 { #expect(await iterator.next() == false) }
    }

    @Test("what the source throws after the head is thrown to the reader")
    func sourceThrowsLate() async throws {
        let server = try ScriptedServer { peer in
            _ = peer.readHead()
            peer.write("HTTP/1.1 200 OK\r\n\r\n")
            peer.readToEnd()
        }
        defer { server.stop() }
        let (chunks, feed) = AsyncThrowingStream.makeStream(of: [UInt8].self, throwing: (any Error).self)
        let request = HTTPTransferRequest(method: "POST", url: server.url, timeout: patience)
        let stream = try await transfer.stream(request, body: HTTPUpload(chunks))
        feed.finish(throwing: SourceError())
        await #expect(throws: SourceError.self) { try await stream.body.collect() }
        await server.nextEnding()
    }

    @Test("a body of another length than announced is an error", arguments: [0, 4, 6, 500_000])
    func wrongLength(count: Int) async throws {
        let server = try ScriptedServer { peer in
            guard peer.readHead() != nil else { return }
            // More than was announced must never arrive, and neither must the last byte of a body that goes on.
            if peer.read(5) != nil { answer(peer, "whole") }
        }
        defer { server.stop() }
        let error = await #expect(throws: TransferError.self) {
            let upload = HTTPUpload(pieces(of: numbered(count), by: 2), length: 5)
            _ = try await transfer.stream(
                HTTPTransferRequest(method: "PUT", url: server.url, timeout: patience), body: upload)
        }
        #expect(error?.kind == "invalidRequest")
    }

    @Test("an early refusal is delivered and the upload given up", arguments: [true, false])
    func earlyRefusal(isSourceSilent: Bool) async throws {
        let server = try ScriptedServer { peer in
            _ = peer.readHead()
            answer(peer, "too much", status: "413 Content Too Large")
            peer.readToEnd()
        }
        defer { server.stop() }
        let (chunks, feed) = AsyncStream.makeStream(of: [UInt8].self)
        let ended = AsyncStream.makeStream(of: Void.self)
        feed.onTermination = { _ in ended.continuation.yield() }
        let upload: HTTPUpload
        if isSourceSilent {
            feed.yield([1])
            upload = HTTPUpload(chunks)
        } else {
            upload = HTTPUpload(next: { [UInt8](repeating: 7, count: 64 << 10) })
        }
        let request = HTTPTransferRequest(method: "POST", url: server.url, timeout: patience)
        let stream = try await transfer.stream(request, body: upload)
        #expect(stream.status == 413)
        #expect(try await stream.body.collect() == Array("too much".utf8))
        await server.nextEnding()
        guard isSourceSilent else { return }
        // The source's task is cancelled.
        for await _ in ended.stream { break }
    }

    @Test("a server that hangs up in the middle of a body breaks the transfer", arguments: [true, false])
    func hangUp(isSourceEnding: Bool) async throws {
        let server = try ScriptedServer { peer in _ = peer.readHead() }
        defer { server.stop() }
        let isFirst = Mutex(true)
        let upload = HTTPUpload(next: {
            let isFirst = isFirst.withLock { isFirst in
                defer { isFirst = false }
                return isFirst
            }
            if isFirst { await server.nextEnding() }
            return isFirst || !isSourceEnding ? [UInt8](repeating: 7, count: 64 << 10) : nil
        })
        let error = await #expect(throws: TransferError.self) {
            let request = HTTPTransferRequest(method: "POST", url: server.url, timeout: .seconds(100))
            _ = try await transfer.stream(request, body: upload)
        }
        #expect(error?.kind == "broken")
    }

    @Test("two bodies, a body with HEAD and a length below 0 are refused")
    func invalid() async throws {
        let requests = [
            (HTTPTransferRequest(method: "POST", url: "http://127.0.0.1:9", body: [1]), 1),
            (HTTPTransferRequest(method: "HEAD", url: "http://127.0.0.1:9"), 1),
            (HTTPTransferRequest(method: "POST", url: "http://127.0.0.1:9"), -1),
        ]
        for (request, length) in requests {
            let error = await #expect(throws: TransferError.self) {
                try await transfer.stream(request, body: HTTPUpload(length: length, next: { nil }))
            }
            #expect(error?.kind == "invalidRequest")
        }
    }

    private func chunkedServer() throws -> ScriptedServer {
        try ScriptedServer { peer in
            while let head = peer.readHead() {
                let (bytes, isWhole) = peer.readChunkedBody()
                guard isWhole, head.contains("Transfer-Encoding: chunked\r\n") else { return }
                peer.write("HTTP/1.1 200 OK\r\nContent-Length: \(bytes.count)\r\n\r\n")
                peer.write(bytes)
            }
        }
    }
}

private func answer(_ peer: Peer, _ text: String, status: String = "200 OK") {
    peer.write("HTTP/1.1 \(status)\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
}

private func pieces(of body: [UInt8], by count: Int = 50_000) -> AsyncStream<[UInt8]> {
    AsyncStream { continuation in
        for start in stride(from: 0, to: body.count, by: count) {
            continuation.yield(Array(body[start..<min(start + count, body.count)]))
        }
        continuation.finish()
    }
}
