import Glibc
import TestServers
import Testing
import Transfer

@Suite("The ends of HTTP streams", .timeLimit(.minutes(10)))
struct HTTPStreamEndingTests {
    let transfer: HTTPTransfer

    init() throws { transfer = try HTTPTransfer() }

    /// Sends a head and a few bytes, and then waits for the client to go.
    private func endlessServer() throws -> ScriptedServer {
        try ScriptedServer { peer in
            guard peer.readHead() != nil else { return }
            peer.write("HTTP/1.1 200 OK\r\n\r\nabc")
            peer.readToEnd()
        }
    }

    @Test("dropping the stream closes its connection, and the loop goes on")
    func dropped() async throws {
        let server = try endlessServer()
        defer { server.stop() }
        _ = try await transfer.stream(HTTPTransferRequest(url: server.url, timeout: patience))
        await server.nextEnding()
        let stream = try await transfer.stream(HTTPTransferRequest(url: server.url, timeout: patience))
        #expect(stream.status == 200)
    }

    @Test("breaking off the iteration closes the connection, while the stream is still held")
    func brokenOff() async throws {
        let server = try endlessServer()
        defer { server.stop() }
        let stream = try await transfer.stream(HTTPTransferRequest(url: server.url, timeout: patience))
        for try await _ in stream.body { break }
        await server.nextEnding()
        await #expect(throws: CancellationError.self) { try await stream.body.collect() }
    }

    @Test("a stream outlives the value that began it")
    func transferDropped() async throws {
        let server = try LocalServer { _ in LocalServer.Answer(body: numbered(3 << 20)) }
        defer { server.stop() }
        let stream = try await HTTPTransfer().stream(HTTPTransferRequest(url: server.url, timeout: patience))
        #expect(try await stream.body.collect().count == 3 << 20)
    }

    @Test("cancelling the reader closes the connection")
    func readerCancelled() async throws {
        let server = try endlessServer()
        defer { server.stop() }
        let stream = try await transfer.stream(HTTPTransferRequest(url: server.url, timeout: patience))
        let (seen, see) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            for try await _ in stream.body { see.yield() }
        }
        for await _ in seen { break }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        await server.nextEnding()
    }

    @Test("cancelling while the head is awaited closes the connection, and lets the source go")
    func cancelledBeforeHead() async throws {
        let server = try LocalServer { _ in LocalServer.Answer(isSilent: true) }
        defer { server.stop() }
        let (chunks, feed) = AsyncStream.makeStream(of: [UInt8].self)
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        feed.onTermination = { _ in end.yield() }
        let task = Task {
            try await transfer.stream(
                HTTPTransferRequest(method: "POST", url: server.url, timeout: patience), body: HTTPUpload(chunks))
        }
        _ = await server.nextRequest()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        await server.nextClosing()
        for await _ in ended { break }
    }

    @Test("streams ended at any moment leave the loop in order")
    func race() async throws {
        let server = try LocalServer { LocalServer.Answer(body: $0.body + numbered(100_000)) }
        defer { server.stop() }
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let task = Task {
                        let upload = HTTPUpload(length: 3, next: oneChunk([1, 2, 3]))
                        let request = HTTPTransferRequest(method: "POST", url: server.url, timeout: patience)
                        let stream = try await transfer.stream(request, body: number % 2 == 0 ? upload : nil)
                        _ = try await stream.body.collect()
                    }
                    for _ in 0..<(number % 50) { await Task.yield() }
                    task.cancel()
                    _ = await task.result
                }
            }
        }
        #expect(try await transfer.perform(HTTPTransferRequest(url: server.url, timeout: patience)).status == 200)
    }

    @Test("the timeout holds for the whole stream")
    func timeout() async throws {
        let server = try endlessServer()
        defer { server.stop() }
        let stream = try await transfer.stream(HTTPTransferRequest(url: server.url, timeout: .seconds(1)))
        let error = await #expect(throws: TransferError.self) { try await stream.body.collect() }
        #expect(error?.kind == "timeout")
    }

    @Test("a server that stalls is idle, before its answer and within it", arguments: [true, false])
    func idle(hasHead: Bool) async throws {
        let server = try hasHead ? endlessServer() : ScriptedServer { $0.readToEnd() }
        defer { server.stop() }
        let request = HTTPTransferRequest(url: server.url, timeout: .seconds(100), idleTimeout: .milliseconds(300))
        let error = await #expect(throws: TransferError.self) {
            _ = try await transfer.stream(request).body.collect()
        }
        #expect(error?.kind == "timeout")
        await server.nextEnding()
    }

    @Test("a reader that waits for longer than the idle timeout does not make the server idle")
    func slowReaderIsNotIdle() async throws {
        let body = numbered(4 << 20)
        let server = try LocalServer { request in
            LocalServer.Answer(body: body, delayMilliseconds: request.path == "/slow" ? 5000 : nil)
        }
        defer { server.stop() }
        let request = HTTPTransferRequest(url: server.url, timeout: .seconds(100), idleTimeout: .seconds(2))
        let stream = try await transfer.stream(request)
        var iterator = stream.body.makeAsyncIterator()
        var received = try #require(await iterator.next())
        // Nothing is read meanwhile; another transfer is the clock.
        _ = try await transfer.perform(HTTPTransferRequest(url: server.url + "/slow", maximumResponseBytes: 8 << 20))
        while let chunk = try await iterator.next() { received += chunk }
        #expect(received == body)
    }

    @Test("a source that waits for longer than the idle timeout does not make the server idle")
    func slowSourceIsNotIdle() async throws {
        let server = try LocalServer { request in
            LocalServer.Answer(body: request.body, delayMilliseconds: request.path == "/slow" ? 5000 : nil)
        }
        defer { server.stop() }
        let url = server.url
        let first = oneChunk([1])
        let upload = HTTPUpload(
            length: 1,
            next: {
                _ = try await transfer.perform(HTTPTransferRequest(url: url + "/slow"))
                return try await first()
            })
        let request = HTTPTransferRequest(method: "POST", url: url, timeout: .seconds(100), idleTimeout: .seconds(2))
        // The source is asked a second time for the end, and waits again.
        #expect(try await transfer.stream(request, body: upload).body.collect() == [1])
    }

    @Test("shutting down ends streams, before and after the head")
    func shutDown() async throws {
        let server = try endlessServer()
        let silent = try LocalServer { _ in LocalServer.Answer(isSilent: true) }
        defer {
            server.stop()
            silent.stop()
        }
        let stream = try await transfer.stream(HTTPTransferRequest(url: server.url, timeout: patience))
        var iterator = stream.body.makeAsyncIterator()
        #expect(try await iterator.next() == Array("abc".utf8))
        let task = Task { try await transfer.stream(HTTPTransferRequest(url: silent.url, timeout: patience)) }
        _ = await silent.nextRequest()
        transfer.shutDown()
        await #expect(throws: TransferError.shutDown) { try await iterator.next() }
        await #expect(throws: TransferError.shutDown) { try await task.value }
        await #expect(throws: TransferError.shutDown) {
            let upload = HTTPUpload(next: { [1] })
            _ = try await transfer.stream(
                HTTPTransferRequest(method: "POST", url: silent.url, timeout: patience), body: upload)
        }
    }

    @Test("many streams, whole and broken off, leave no descriptor open")
    func descriptors() async throws {
        let server = try LocalServer { LocalServer.Answer(body: $0.body + numbered(1000)) }
        defer { server.stop() }
        let port = server.port
        for number in 0..<600 {
            let upload = HTTPUpload(length: number % 2 == 0 ? 3 : 9, next: oneChunk([1, 2, 3]))
            let request = HTTPTransferRequest(method: "POST", url: server.url, timeout: patience)
            // Every second one fails for its length.
            let stream = try? await transfer.stream(request, body: upload)
            if number % 4 == 0 { _ = try await stream?.body.collect() }
        }
        // Other suites open descriptors at the same time, so only connections to this server are counted. The loop closes
        // those of aborted streams a little later, at the latest when another transfer has gone through it.
        var count = clientSockets(to: port)
        for _ in 0..<200 where count > 4 {
            _ = try await transfer.perform(HTTPTransferRequest(url: server.url, timeout: patience))
            count = clientSockets(to: port)
        }
        #expect(count <= 4)
        transfer.shutDown()
        #expect(clientSockets(to: port) == 0)
    }
}

/// A source of one chunk.
private func oneChunk(_ chunk: [UInt8]) -> @Sendable () async throws -> [UInt8]? {
    let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self)
    continuation.yield(chunk)
    continuation.finish()
    return {
        for await chunk in stream { return chunk }
        return nil
    }
}

/// Descriptors of this process that are connected to a local port.
private func clientSockets(to port: UInt16) -> Int {
    (0..<4096).count { descriptor in
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(Int32(descriptor), $0, &length) }
        }
        return code == 0 && address.sin_family == sa_family_t(AF_INET) && address.sin_port == port.bigEndian
    }
}
