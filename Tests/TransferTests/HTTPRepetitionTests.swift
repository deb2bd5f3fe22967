import Synchronization
import TestServers
import Testing
import Transfer

@Suite("HTTP requests on connections that die", .timeLimit(.minutes(10)))
struct HTTPRepetitionTests {
    enum Way: CaseIterable {
        case perform, performWithBody, stream, streamWithBody, upload, chunkedUpload
    }

    let transfer: HTTPTransfer

    init() throws { transfer = try HTTPTransfer() }

    @Test(
        "what may have been done already is not sent again",
        arguments: ["POST", "PUT", "PATCH", "DELETE"], Way.allCases)
    func once(method: String, way: Way) async throws {
        let requests = Mutex<[String]>([])
        let server = try ScriptedServer { peer in
            while let (head, body) = peer.readRequest() {
                requests.withLock { $0.append("\(head.prefix { $0 != " " }) \(body.count)") }
                // Hangs up on all but the first, which leaves a connection behind.
                guard head.hasPrefix("GET") else { return }
                peer.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            }
        }
        defer { server.stop() }
        _ = try await transfer.perform(HTTPTransferRequest(url: server.url))
        await #expect(throws: TransferError.broken("the connection was closed before an answer came")) {
            try await send(method, to: server.url, way)
        }
        await server.nextEnding()
        let hasBody = way != .perform && way != .stream
        #expect(requests.withLock { $0 } == ["GET 0", "\(method) \(hasBody ? 3 : 0)"])
        #expect(server.connectionCount == 1)
    }

    @Test("an address refused to a second attempt does not hide that there was a first")
    func refusedLater() async throws {
        let server = try LocalServer { request in LocalServer.Answer(isDropped: request.method == "POST") }
        defer { server.stop() }
        let addresses = Mutex(0)
        let request = HTTPTransferRequest(
            method: "POST", url: server.url, body: [1],
            allowsAddress: { _ in
                addresses.withLock { addresses in
                    addresses += 1
                    return addresses == 1
                }
            })
        _ = try await transfer.perform(HTTPTransferRequest(url: server.url))
        await #expect(throws: TransferError.broken("the connection was closed before an answer came")) {
            _ = try await transfer.perform(request)
        }
        #expect(server.requests.map(\.method) == ["GET", "POST"])
    }

    @Test("a safe request is sent again and answered", arguments: ["GET", "HEAD", "OPTIONS"], [Way.perform, .stream])
    func again(method: String, way: Way) async throws {
        let count = Mutex(0)
        let server = try LocalServer { _ in
            let number = count.withLock { count in
                count += 1
                return count
            }
            return LocalServer.Answer(isDropped: number == 2)
        }
        defer { server.stop() }
        _ = try await transfer.perform(HTTPTransferRequest(url: server.url))
        try await send(method, to: server.url, way)
        #expect(server.requests.map(\.method) == ["GET", method, method])
    }

    @Test("a connection that was closed while it was idle fails no request", arguments: Way.allCases)
    func closedWhileIdle(way: Way) async throws {
        let server = try ScriptedServer { peer in
            guard peer.readRequest() != nil else { return }
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        }
        defer { server.stop() }
        for _ in 0..<5 {
            try await send("POST", to: server.url, way)
            await server.nextEnding()
        }
        #expect(server.connectionCount == 5)
    }

    private func send(_ method: String, to url: String, _ way: Way) async throws {
        let body: [UInt8] = [1, 2, 3]
        var request = HTTPTransferRequest(method: method, url: url, timeout: .seconds(100))
        switch way {
        case .perform: _ = try await transfer.perform(request)
        case .stream: _ = try await transfer.stream(request).body.collect()
        case .performWithBody:
            request.body = body
            _ = try await transfer.perform(request)
        case .streamWithBody:
            request.body = body
            _ = try await transfer.stream(request).body.collect()
        case .upload, .chunkedUpload:
            let chunks = AsyncStream { continuation in
                continuation.yield(body)
                continuation.finish()
            }
            let upload = HTTPUpload(chunks, length: way == .upload ? body.count : nil)
            _ = try await transfer.stream(request, body: upload).body.collect()
        }
    }
}

extension Peer {
    /// - Returns: nil when the client closes before the end of a request.
    fileprivate func readRequest() -> (head: String, body: [UInt8])? {
        guard let head = readHead() else { return nil }
        guard !head.contains("Transfer-Encoding: chunked\r\n") else {
            let (body, isWhole) = readChunkedBody()
            return isWhole ? (head, body) : nil
        }
        let length = head.split(separator: "Content-Length: ").dropFirst().first?.prefix { $0.isNumber }
        return read(length.flatMap { Int($0) } ?? 0).map { (head, $0) }
    }
}
