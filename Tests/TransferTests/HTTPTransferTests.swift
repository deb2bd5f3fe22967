import TestServers
import Testing
import Transfer

@Suite("HTTP transfers", .timeLimit(.minutes(10)))
struct HTTPTransferTests {
    let transfer: HTTPTransfer

    init() throws { transfer = try HTTPTransfer() }

    @Test("sends method, headers and body, and brings status, headers and body back")
    func roundTrip() async throws {
        let server = try LocalServer { request in
            LocalServer.Answer(
                status: "201 Created",
                headers: ["X-Path: \(request.path)", "X-Twice: 1", "X-Twice:  2 "],
                body: request.body
            )
        }
        defer { server.stop() }
        let body = Array("{\"name\":\"Zoë\"}".utf8)
        let response = try await transfer.perform(
            HTTPTransferRequest(
                method: "PATCH",
                url: server.url + "/things?a=1",
                headers: [.init("Content-Type", "application/json"), .init("X-Empty", "")],
                body: body
            )
        )
        #expect(response.status == 201)
        #expect(response.body == body)
        #expect(response.header("x-path") == "/things?a=1")
        #expect(response.headers.filter { $0.name == "X-Twice" }.map(\.value) == ["1", "2"])
        let request = try #require(server.requests.first)
        #expect(request.method == "PATCH")
        #expect(request.headers["content-type"] == "application/json")
        #expect(request.headers["x-empty"] == "")
        #expect(request.headers["expect"] == nil)
    }

    @Test("an empty body is sent as one, without a made-up content type", arguments: ["POST", "PUT", "DELETE"])
    func emptyBody(method: String) async throws {
        let server = try LocalServer { _ in LocalServer.Answer() }
        defer { server.stop() }
        _ = try await transfer.perform(HTTPTransferRequest(method: method, url: server.url, body: []))
        let request = try #require(server.requests.first)
        #expect(request.method == method)
        #expect(request.headers["content-length"] == "0")
        #expect(request.headers["content-type"] == nil)
    }

    @Test("a body larger than the socket buffers arrives whole")
    func largeRequest() async throws {
        let server = try LocalServer { LocalServer.Answer(body: Array("\($0.body.count)".utf8)) }
        defer { server.stop() }
        let body = [UInt8](repeating: 7, count: 5 << 20)
        let response = try await transfer.perform(HTTPTransferRequest(method: "POST", url: server.url, body: body))
        #expect(response.body == Array("\(5 << 20)".utf8))
    }

    @Test("HEAD waits for no body")
    func head() async throws {
        let server = try LocalServer { _ in LocalServer.Answer(body: Array("never sent".utf8)) }
        defer { server.stop() }
        let response = try await transfer.perform(HTTPTransferRequest(method: "HEAD", url: server.url))
        #expect(response.status == 200)
        #expect(response.body.isEmpty)
    }

    @Test("a redirect is an answer, not followed")
    func redirect() async throws {
        let server = try LocalServer { _ in LocalServer.Answer(status: "302 Found", headers: ["Location: /elsewhere"]) }
        defer { server.stop() }
        let response = try await transfer.perform(HTTPTransferRequest(url: server.url))
        #expect(response.status == 302)
        #expect(server.requests.count == 1)
    }

    @Test("the headers of an interim answer are not those of the answer")
    func interimAnswer() async throws {
        let server = try LocalServer { _ in
            LocalServer.Answer(status: "103 Early Hints", headers: ["X-Early: 1", "\r\nHTTP/1.1 200 OK", "X-Late: 1"])
        }
        defer { server.stop() }
        let response = try await transfer.perform(HTTPTransferRequest(url: server.url))
        #expect(response.status == 200)
        #expect(response.header("X-Early") == nil)
        #expect(response.header("X-Late") == "1")
    }

    @Test("an answer beyond the cap is an error, announced or not", arguments: [true, false])
    func tooLarge(hasLength: Bool) async throws {
        let server = try LocalServer { _ in
            LocalServer.Answer(body: [UInt8](repeating: 65, count: 3 << 20), hasLength: hasLength)
        }
        defer { server.stop() }
        await #expect(throws: TransferError.tooLarge(limit: 1 << 20)) {
            try await transfer.perform(HTTPTransferRequest(url: server.url, maximumResponseBytes: 1 << 20))
        }
        let response = try await transfer.perform(HTTPTransferRequest(url: server.url, maximumResponseBytes: 3 << 20))
        #expect(response.body.count == 3 << 20)
    }

    @Test("a server that never answers is a timeout")
    func timeout() async throws {
        let server = try LocalServer { _ in LocalServer.Answer(isSilent: true) }
        defer { server.stop() }
        let error = await #expect(throws: TransferError.self) {
            try await transfer.perform(HTTPTransferRequest(url: server.url, timeout: .milliseconds(200)))
        }
        guard case .timeout(let words) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(words.contains("timed out"))
        #expect(error?.isTransient == true)
    }

    @Test("nobody listening is told in libcurl's words")
    func refused() async throws {
        let (descriptor, port) = try listenOnFreePort()
        closeSocket(descriptor)
        let error = await #expect(throws: TransferError.self) {
            try await transfer.perform(HTTPTransferRequest(url: "http://127.0.0.1:\(port)/"))
        }
        guard case .couldNotConnect(let words) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(words.contains("127.0.0.1"))
    }

    @Test(
        "a connection that closes without an answer, and one that speaks no HTTP, is broken",
        arguments: [true, false]
    )
    func broken(isDropped: Bool) async throws {
        let server = try LocalServer { _ in LocalServer.Answer(status: "", hasLength: false, isDropped: isDropped) }
        defer { server.stop() }
        let error = await #expect(throws: TransferError.self) {
            try await transfer.perform(HTTPTransferRequest(url: server.url))
        }
        guard case .broken = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(
        "what is no http or https URL is refused",
        arguments: [
            "", "no url", "file:///etc/passwd", "gopher://127.0.0.1/", "http://", "http://127.0.0.1/a\r\nX: y",
            "http://127.0.0.1/\u{0}", "http://127.0.0.1:99999/",
        ]
    )
    func invalidURL(url: String) async throws {
        let error = await #expect(throws: TransferError.self) {
            try await transfer.perform(HTTPTransferRequest(url: url))
        }
        guard case .invalidURL = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(
        "what would split the request is refused",
        arguments: [("GET", "X-A", "1\r\nX-B: 2"), ("GET", "X A", "1"), ("GET /", "X-A", "1"), ("GET", "", "1")]
    )
    func injection(method: String, name: String, value: String) async throws {
        let error = await #expect(throws: TransferError.self) {
            let request = HTTPTransferRequest(method: method, url: "http://127.0.0.1:9/", headers: [.init(name, value)])
            _ = try await transfer.perform(request)
        }
        guard case .invalidRequest = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
