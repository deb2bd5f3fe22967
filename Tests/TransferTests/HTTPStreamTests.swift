import TestServers
import Testing
import Transfer

@Suite("HTTP answers as streams", .timeLimit(.minutes(10)))
struct HTTPStreamTests {
    let transfer: HTTPTransfer

    init() throws { transfer = try HTTPTransfer() }

    @Test("the head is there before the body")
    func headFirst() async throws {
        let gate = ScriptGate()
        let server = try ScriptedServer { peer in
            _ = peer.readHead()
            peer.write("HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n")
            peer.write("HTTP/1.1 201 Created\r\nX-Late:  2 \r\nContent-Length: 6\r\n\r\n")
            gate.wait()
            peer.write("abc")
            gate.wait()
            peer.write("def")
            peer.readToEnd()
        }
        defer { server.stop() }
        let stream = try await transfer.stream(HTTPTransferRequest(url: server.url, timeout: patience))
        #expect(stream.status == 201)
        #expect(stream.header("x-late") == "2")
        #expect(stream.header("x-early") == nil)
        #expect(!stream.reusedConnection)
        var iterator = stream.body.makeAsyncIterator()
        gate.open()
        #expect(try await iterator.next() == Array("abc".utf8))
        gate.open()
        #expect(try await iterator.next() == Array("def".utf8))
        #expect(try await iterator.next() == nil)
        #expect(try await iterator.next() == nil)
    }

    @Test(
        "an answer without a body ends at once",
        arguments: [
            ("HEAD", "200 OK", 5), ("GET", "204 No Content", nil), ("GET", "304 Not Modified", 5), ("GET", "200 OK", 0),
        ]
            as [(String, String, Int?)]
    )
    func noBody(method: String, status: String, length: Int?) async throws {
        let server = try ScriptedServer { peer in
            while peer.readHead() != nil {
                peer.write("HTTP/1.1 \(status)\r\n\(length.map { "Content-Length: \($0)\r\n" } ?? "")\r\n")
            }
        }
        defer { server.stop() }
        for _ in 0..<2 {
            let stream = try await transfer.stream(
                HTTPTransferRequest(method: method, url: server.url, timeout: patience))
            #expect(status.hasPrefix("\(stream.status)"))
            #expect(try await stream.body.collect().isEmpty)
        }
        #expect(server.connectionCount == 1)
    }

    @Test("a chunked answer, and one that ends by closing, come whole", arguments: [true, false])
    func unknownLength(isChunked: Bool) async throws {
        let server = try ScriptedServer { peer in
            _ = peer.readHead()
            peer.write("HTTP/1.1 200 OK\r\n" + (isChunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n"))
            peer.write(isChunked ? "3\r\nabc\r\n4\r\ndefg\r\n0\r\nX-Trailer: 1\r\n\r\n" : "abcdefg")
        }
        defer { server.stop() }
        let stream = try await transfer.stream(HTTPTransferRequest(url: server.url, timeout: patience))
        #expect(try await stream.body.collect() == Array("abcdefg".utf8))
        #expect(stream.header("X-Trailer") == nil)
    }

    @Test(
        "a server that closes in the middle breaks the iteration, after the bytes that came",
        arguments: ["Content-Length: 9\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"]
    )
    func closedInTheMiddle(rest: String) async throws {
        let server = try ScriptedServer { peer in
            _ = peer.readHead()
            peer.write("HTTP/1.1 200 OK\r\n" + rest)
        }
        defer { server.stop() }
        let stream = try await transfer.stream(HTTPTransferRequest(url: server.url, timeout: patience))
        var iterator = stream.body.makeAsyncIterator()
        #expect(try await iterator.next() == Array("abc".utf8))
        let error = await #expect(throws: TransferError.self) { try await iterator.next() }
        #expect(error?.kind == "broken")
        await #expect(throws: TransferError.self) { try await iterator.next() }
    }

    @Test("a connection that closes without an answer is broken")
    func noAnswer() async throws {
        let server = try ScriptedServer { peer in _ = peer.readHead() }
        defer { server.stop() }
        let error = await #expect(throws: TransferError.self) {
            try await transfer.stream(HTTPTransferRequest(url: server.url, timeout: patience))
        }
        #expect(error?.kind == "broken")
    }

    @Test("a content coding is passed on; a redirect is an answer")
    func asItComes() async throws {
        let server = try LocalServer { _ in
            LocalServer.Answer(
                status: "302 Found", headers: ["Location: /elsewhere", "Content-Encoding: gzip"], body: [1, 2, 3])
        }
        defer { server.stop() }
        let request = HTTPTransferRequest(url: server.url, headers: [.init("Accept-Encoding", "gzip")])
        let stream = try await transfer.stream(request)
        #expect(stream.status == 302)
        #expect(stream.header("content-encoding") == "gzip")
        #expect(try await stream.body.collect() == [1, 2, 3])
        #expect(server.requests.count == 1)
    }

    @Test("a transfer coding that would be decoded is refused")
    func transferCoding() async throws {
        let server = try ScriptedServer { peer in
            _ = peer.readHead()
            peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")
            peer.readToEnd()
        }
        defer { server.stop() }
        let error = await #expect(throws: TransferError.self) {
            try await transfer.stream(HTTPTransferRequest(url: server.url, timeout: patience))
        }
        #expect(error?.kind == "broken")
    }

    @Test("a reader that waits makes the server wait, and everything arrives afterwards")
    func backPressure() async throws {
        let total = 64 << 20
        let blocked = AsyncStream.makeStream(of: Int.self)
        let server = try ScriptedServer { peer in
            _ = peer.readHead()
            peer.setSmallBuffers()
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
            var written = 0
            let piece = numbered(64 << 10)
            while written < total, peer.write(piece, withinMilliseconds: 1000) { written += piece.count }
            blocked.continuation.yield(written)
            // What the last piece lacks is unknown, so the rest comes over another connection.
        }
        defer { server.stop() }
        let request = HTTPTransferRequest(url: server.url, timeout: .seconds(300), maximumResponseBytes: total)
        let stream = try await transfer.stream(request)
        var blocks = blocked.stream.makeAsyncIterator()
        let written = try #require(await blocks.next())
        // What the kernel holds at both ends is not ours to choose; without a pause all 64 MiB would have gone out.
        #expect(written < total / 2)
        var received = 0
        let error = await #expect(throws: TransferError.self) {
            for try await chunk in stream.body {
                #expect(chunk.count <= (256 + 16) << 10)
                received += chunk.count
            }
        }
        #expect(error?.kind == "broken")
        #expect(received >= written)
    }

    @Test("a reader that stops now and then gets every byte in order")
    func slowReader() async throws {
        let body = numbered(8 << 20)
        let server = try LocalServer { _ in LocalServer.Answer(body: body) }
        defer { server.stop() }
        let stream = try await transfer.stream(HTTPTransferRequest(url: server.url, timeout: patience))
        var received: [UInt8] = []
        for try await chunk in stream.body {
            received += chunk
            // Others run meanwhile, so that the pipe fills up between two reads.
            _ = try await transfer.perform(HTTPTransferRequest(method: "HEAD", url: server.url, timeout: patience))
        }
        #expect(received == body)
    }

    @Test("a body of the limit passes, a longer one is an error after so many bytes", arguments: [true, false])
    func tooLarge(hasLength: Bool) async throws {
        let server = try LocalServer { _ in
            LocalServer.Answer(body: [UInt8](repeating: 65, count: 1 << 20), hasLength: hasLength)
        }
        defer { server.stop() }
        let whole = try await transfer.stream(
            HTTPTransferRequest(url: server.url, timeout: patience, maximumResponseBytes: 1 << 20))
        #expect(try await whole.body.collect().count == 1 << 20)
        let limit = (1 << 20) - 1
        let stream = try await transfer.stream(
            HTTPTransferRequest(url: server.url, timeout: patience, maximumResponseBytes: limit))
        var received = 0
        await #expect(throws: TransferError.tooLarge(limit: limit)) {
            for try await chunk in stream.body { received += chunk.count }
        }
        #expect(received == limit)
    }

    @Test("addresses are asked about, on an old connection too")
    func addresses() async throws {
        let server = try LocalServer { _ in LocalServer.Answer(body: [1]) }
        defer { server.stop() }
        await #expect(throws: TransferError.addressRefused("127.0.0.1")) {
            try await transfer.stream(HTTPTransferRequest(url: server.url, allowsAddress: { _ in false }))
        }
        #expect(server.connectionCount == 0)
        let allowed = HTTPTransferRequest(url: server.url, allowsAddress: { $0 == "127.0.0.1" })
        #expect(try await transfer.stream(allowed).body.collect() == [1])
        await #expect(throws: TransferError.addressRefused("127.0.0.1")) {
            try await transfer.stream(HTTPTransferRequest(url: server.url, allowsAddress: { _ in false }))
        }
        #expect(server.connectionCount == 1)
        #expect(server.requests.count == 1)
    }

    @Test(
        "what would make two requests of one, or is no http, is refused",
        arguments: [
            ("Content-Length", "http://127.0.0.1:9"), ("transfer-encoding", "http://127.0.0.1:9"),
            ("X-A", "file:///etc"),
        ]
    )
    func refused(header: String, url: String) async throws {
        let error = await #expect(throws: TransferError.self) {
            try await transfer.stream(HTTPTransferRequest(url: url, headers: [.init(header, "5")]))
        }
        #expect(["invalidRequest", "invalidURL"].contains(error?.kind))
    }
}
