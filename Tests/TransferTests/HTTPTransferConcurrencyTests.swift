import TestServers
import Testing
import Transfer

@Suite("HTTP transfers at once", .timeLimit(.minutes(10)))
struct HTTPTransferConcurrencyTests {
    @Test("a hundred answers of 300 ms each take no hundred times as long")
    func parallel() async throws {
        let transfer = try HTTPTransfer()
        let server = try LocalServer { request in
            LocalServer.Answer(body: Array(request.path.utf8), delayMilliseconds: 300)
        }
        defer { server.stop() }
        let elapsed = try await ContinuousClock().measure {
            let paths = try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        let url = "\(server.url)/\(number)"
                        return String(
                            decoding: try await transfer.perform(HTTPTransferRequest(url: url)).body,
                            as: UTF8.self
                        )
                    }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(paths == Set((0..<100).map { "/\($0)" }))
        }
        // one after the other they take 30 s; half of that is far from either on any machine
        #expect(elapsed < .seconds(15))
    }

    @Test("a connection is used again")
    func reuse() async throws {
        let transfer = try HTTPTransfer()
        let server = try LocalServer { _ in LocalServer.Answer() }
        defer { server.stop() }
        let first = try await transfer.perform(HTTPTransferRequest(url: server.url))
        let second = try await transfer.perform(HTTPTransferRequest(url: server.url))
        #expect(!first.reusedConnection)
        #expect(second.reusedConnection)
        #expect(server.connectionCount == 1)
    }

    @Test("connections are as many as allowed, and the rest waits")
    func connectionLimit() async throws {
        let transfer = try HTTPTransfer(maximumConnections: 3)
        let server = try LocalServer { _ in LocalServer.Answer(delayMilliseconds: 5) }
        defer { server.stop() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<30 {
                group.addTask { _ = try await transfer.perform(HTTPTransferRequest(url: server.url)) }
            }
            try await group.waitForAll()
        }
        #expect(server.connectionCount <= 3)
        #expect(server.requests.count == 30)
    }

    @Test("cancelling the task ends the transfer and closes its connection")
    func cancel() async throws {
        let transfer = try HTTPTransfer()
        let server = try LocalServer { _ in LocalServer.Answer(isSilent: true) }
        defer { server.stop() }
        let task = Task { try await transfer.perform(HTTPTransferRequest(url: server.url)) }
        _ = await server.nextRequest()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        await server.nextClosing()
    }

    @Test("a task cancelled at any moment gets one answer, and the loop goes on")
    func cancelRace() async throws {
        let transfer = try HTTPTransfer()
        let server = try LocalServer { _ in LocalServer.Answer() }
        defer { server.stop() }
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<300 {
                group.addTask {
                    let task = Task { try await transfer.perform(HTTPTransferRequest(url: server.url)) }
                    for _ in 0..<(number % 40) { await Task.yield() }
                    task.cancel()
                    _ = await task.result
                }
            }
        }
        #expect(try await transfer.perform(HTTPTransferRequest(url: server.url)).status == 200)
    }

    @Test("shutting down answers what is under way, and what comes later")
    func shutDown() async throws {
        let transfer = try HTTPTransfer()
        let server = try LocalServer { _ in LocalServer.Answer(isSilent: true) }
        defer { server.stop() }
        let task = Task { try await transfer.perform(HTTPTransferRequest(url: server.url)) }
        _ = await server.nextRequest()
        transfer.shutDown()
        transfer.shutDown()
        await #expect(throws: TransferError.shutDown) { try await task.value }
        await #expect(throws: TransferError.shutDown) {
            try await transfer.perform(HTTPTransferRequest(url: server.url))
        }
    }
}
