import TestServers
import Testing
import Transfer

@Suite("HTTP transfers that wait for a free connection", .timeLimit(.minutes(10)))
struct HTTPWaitingTests {
    enum Way: CaseIterable {
        case perform, stream, upload
    }

    @Test("the timeout counts from the submission", arguments: Way.allCases)
    func timeout(way: Way) async throws {
        let transfer = try HTTPTransfer(maximumConnections: 1)
        let server = try LocalServer { LocalServer.Answer(isSilent: $0.path == "/silent") }
        defer { server.stop() }
        let silent = HTTPTransferRequest(url: server.url + "/silent", timeout: .seconds(300))
        let hanging = Task { try await transfer.perform(silent) }
        _ = await server.nextRequest()

        let request = HTTPTransferRequest(method: "POST", url: server.url, timeout: .seconds(1))
        let elapsed = await ContinuousClock().measure {
            let error = await #expect(throws: TransferError.self) {
                switch way {
                case .perform: _ = try await transfer.perform(request)
                case .stream: _ = try await transfer.stream(request)
                case .upload: _ = try await transfer.stream(request, body: HTTPUpload(next: { nil }))
                }
            }
            #expect(error?.kind == "timeout")
        }
        // Far from the 300 s of the transfer ahead, on any machine.
        #expect(elapsed >= .seconds(1))
        #expect(elapsed < .seconds(20))

        // The one that gave up is out of the way, and was never sent.
        hanging.cancel()
        await #expect(throws: CancellationError.self) { try await hanging.value }
        #expect(try await transfer.perform(HTTPTransferRequest(url: server.url + "/later")).status == 200)
        #expect(server.requests.map(\.path) == ["/silent", "/later"])
    }

    @Test("whoever gets a connection in time is answered, though others gave up")
    func inTime() async throws {
        let transfer = try HTTPTransfer(maximumConnections: 1)
        let gate = ScriptGate()
        let heads = AsyncStream.makeStream(of: String.self)
        let server = try ScriptedServer { peer in
            while let head = peer.readHead() {
                heads.continuation.yield(head)
                if head.contains("/slow") { gate.wait() }
                peer.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            }
        }
        defer { server.stop() }
        let slow = Task {
            try await transfer.perform(HTTPTransferRequest(url: server.url + "/slow", timeout: .seconds(300)))
        }
        for await _ in heads.stream { break }
        let patient = Task { try await transfer.perform(HTTPTransferRequest(url: server.url, timeout: .seconds(300))) }
        let error = await #expect(throws: TransferError.self) {
            try await transfer.perform(HTTPTransferRequest(url: server.url, timeout: .milliseconds(300)))
        }
        #expect(error?.kind == "timeout")
        gate.open()
        #expect(try await patient.value.status == 200)
        #expect(try await slow.value.status == 200)
    }
}
