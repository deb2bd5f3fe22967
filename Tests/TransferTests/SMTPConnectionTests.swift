import Testing
import Transfer

@Suite("SMTP connections", .timeLimit(.minutes(10)))
struct SMTPConnectionTests {
    static let message = Array("Subject: Hello\r\n\r\nOne line\r\n".utf8)

    private func send(_ transfer: SMTPTransfer, message: [UInt8] = message) async throws -> SMTPReceipt {
        try await transfer.send(from: "calltrail@example.com", to: "ada@example.com", message: message)
    }

    @Test("a connection is used again, and its login too")
    func reuse() async throws {
        let server = try LocalSMTPServer()
        defer { server.stop() }
        let transfer = try SMTPTransfer(server: SMTPServer(url: server.urlWithLogin))
        try await transfer.check()
        #expect(try await send(transfer).reusedConnection)
        #expect(try await send(transfer).reusedConnection)
        #expect(server.connectionCount == 1)
        #expect(server.messages.count == 2)
        #expect(server.commands.filter { $0.hasPrefix("AUTH") }.count == 1)
    }

    @Test(
        "a connection that the server gave up is replaced, unseen",
        arguments: [
            LocalSMTPServer.Answer.drop, .lastReply("421 4.4.2 timeout"),
        ])
    func staleConnection(answer: LocalSMTPServer.Answer) async throws {
        let server = try LocalSMTPServer { $0 == "NOOP" ? nil : $0.hasPrefix("MAIL FROM:<first") ? answer : nil }
        defer { server.stop() }
        let transfer = try SMTPTransfer(server: SMTPServer(url: server.url))
        try await transfer.check()
        let failure = await #expect(throws: SMTPFailure.self) {
            _ = try await transfer.send(from: "first@example.com", to: "b@example.com", message: Self.message)
        }
        // the second attempt has met the same answer, on a new connection: no third one
        #expect(failure?.kind == .transient)
        #expect(server.connectionCount == 2)
        #expect(try await send(transfer).code == 250)
    }

    @Test("a mail after a refused one goes out")
    func afterFailure() async throws {
        let server = try LocalSMTPServer { $0.contains("nobody") ? .reply("550 no such user") : nil }
        defer { server.stop() }
        let transfer = try SMTPTransfer(server: SMTPServer(url: server.url))
        await #expect(throws: SMTPFailure.self) {
            _ = try await transfer.send(from: "a@example.com", to: "nobody@example.com", message: Self.message)
        }
        #expect(try await send(transfer).code == 250)
        #expect(server.messages.count == 1)
    }

    @Test("many mails at once all arrive, over as many connections as allowed")
    func parallel() async throws {
        let server = try LocalSMTPServer()
        defer { server.stop() }
        let transfer = try SMTPTransfer(server: SMTPServer(url: server.url), maximumConnections: 3)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<60 { group.addTask { _ = try await send(transfer) } }
            try await group.waitForAll()
        }
        #expect(server.messages.count == 60)
        #expect(server.connectionCount <= 3)
    }

    /// libcurl ends a message by itself when its handle is taken away in the middle: half a mail would go out.
    @Test("a mail cancelled in the middle of its message is never ended", arguments: [true, false])
    func cancelInMessage(byShutDown: Bool) async throws {
        let gate = Gate()
        let server = try LocalSMTPServer { $0 == "DATA" ? .holdMessage(gate) : nil }
        defer { server.stop() }
        let transfer = try SMTPTransfer(server: SMTPServer(url: server.url))
        let large = Self.message + [UInt8](repeating: UInt8(ascii: "x"), count: 8 << 20)
        let task = Task { try await send(transfer, message: large) }
        await server.next("DATA")
        if byShutDown { transfer.shutDown() } else { task.cancel() }
        let failure = await #expect(throws: SMTPFailure.self) { try await task.value }
        #expect(failure?.kind == .transient, "\(String(describing: failure))")
        gate.open()
        await server.nextClosing()
        #expect(server.messages.isEmpty)
        #expect(server.unfinished.count == 1)
    }

    @Test("a mail cancelled while the reply is out is uncertain", arguments: [true, false])
    func cancelAfterMessage(byShutDown: Bool) async throws {
        let server = try LocalSMTPServer { $0 == "." ? .silence : nil }
        defer { server.stop() }
        let transfer = try SMTPTransfer(server: SMTPServer(url: server.url))
        let task = Task { try await send(transfer) }
        await server.next(".")
        if byShutDown { transfer.shutDown() } else { task.cancel() }
        let failure = await #expect(throws: SMTPFailure.self) { try await task.value }
        #expect(failure?.kind == .uncertain, "\(String(describing: failure))")
    }

    @Test("a task cancelled at any moment gets one answer, and no half mail goes out")
    func cancelRace() async throws {
        let server = try LocalSMTPServer()
        defer { server.stop() }
        let transfer = try SMTPTransfer(server: SMTPServer(url: server.url))
        let message = Self.message + [UInt8](repeating: UInt8(ascii: "x"), count: 200_000) + [13, 10]
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<120 {
                group.addTask {
                    let task = Task { try await send(transfer, message: message) }
                    for _ in 0..<(number * 7) { await Task.yield() }
                    task.cancel()
                    _ = await task.result
                }
            }
        }
        #expect(try await send(transfer).code == 250)
        #expect(server.messages.dropLast().allSatisfy { $0.utf8.count == message.count })
    }

    @Test("shutting down does not wait for a server that does not answer QUIT")
    func shutDown() async throws {
        let server = try LocalSMTPServer { $0 == "QUIT" ? .silence : nil }
        defer { server.stop() }
        let transfer = try SMTPTransfer(server: SMTPServer(url: server.url))
        _ = try await send(transfer)
        let elapsed = ContinuousClock().measure { transfer.shutDown() }
        #expect(elapsed < .seconds(5))
        await server.next("QUIT")
        let failure = await #expect(throws: SMTPFailure.self) { try await send(transfer) }
        #expect(failure?.kind == .transient)
    }
}
