import TestServers
import Testing
import Transfer

@Suite("SMTP transfers", .timeLimit(.minutes(10)))
struct SMTPTransferTests {
    static let message = Array("Subject: Hello\r\n\r\nOne line\r\n".utf8)

    /// What came of sending one mail.
    private func failure(
        from sender: String = "calltrail@example.com", to recipient: String = "ada@example.com",
        message: [UInt8] = message, at server: LocalSMTPServer, withLogin: Bool = false,
        timeout: Duration = .seconds(60)
    ) async throws -> SMTPFailure? {
        let url = withLogin ? server.urlWithLogin : server.url
        let transfer = try SMTPTransfer(server: SMTPServer(url: url), timeout: timeout)
        defer { transfer.shutDown() }
        do {
            _ = try await transfer.send(from: sender, to: recipient, message: message)
            return nil
        } catch {
            return error
        }
    }

    @Test("hands a mail over and brings the server's words back")
    func sends() async throws {
        let server = try LocalSMTPServer()
        defer { server.stop() }
        let transfer = try SMTPTransfer(server: SMTPServer(url: server.urlWithLogin))
        let receipt = try await transfer.send(
            from: "calltrail@example.com", to: "ada@example.com", message: Self.message)
        #expect(receipt.code == 250)
        #expect(receipt.words == "2.0.0 queued as 42")
        #expect(server.messages == [String(decoding: Self.message, as: UTF8.self)])
        #expect(server.commands.contains("MAIL FROM:<calltrail@example.com>"))
        #expect(server.commands.contains("RCPT TO:<ada@example.com>"))
        #expect(server.commands.filter { $0.hasPrefix("AUTH PLAIN") }.count == 1)
    }

    @Test(
        "replies are sorted by what they mean",
        arguments: [
            ("greeting", "421 busy", SMTPFailure.Kind.transient), ("greeting", "554 no service", .configuration),
            ("AUTH", "535 5.7.8 no", .configuration),
            ("AUTH", "454 4.7.0 later", .transient), ("MAIL", "451 4.3.0 later", .transient),
            ("MAIL", "553 5.1.8 not you", .permanent), ("MAIL", "530 5.7.0 log in first", .configuration),
            ("RCPT", "450 4.2.0 greylisted", .transient), ("RCPT", "550 5.1.1 no such user", .permanent),
            ("DATA", "451 4.3.0 later", .transient), ("DATA", "554 5.5.1 no", .permanent),
            (".", "554 5.7.1 spam", .permanent), (".", "451 4.3.0 later", .transient), (".", "421 closing", .transient),
        ])
    func replies(command: String, reply: String, kind: SMTPFailure.Kind) async throws {
        let server = try LocalSMTPServer { $0.hasPrefix(command) ? .reply(reply) : nil }
        defer { server.stop() }
        let failure = try #require(try await failure(at: server, withLogin: true))
        #expect(failure.kind == kind, "\(failure)")
        #expect(failure.code == Int(reply.prefix(3)))
        #expect(failure.words.contains(reply.dropFirst(4)), "\(failure)")
        #expect(!failure.words.contains("s3cret"))
    }

    @Test("any reply of the 2xx class to the message means that it was taken")
    func otherSuccess() async throws {
        let server = try LocalSMTPServer { $0 == "." ? .reply("251 forwarded") : nil }
        defer { server.stop() }
        #expect(try await failure(at: server) == nil)
    }

    @Test(
        "after the end of the message a broken connection leaves it open whether it was sent",
        arguments: [
            LocalSMTPServer.Answer.drop, .lastReply("what?"), .lastReply("3"),
        ])
    func dropAfterEnd(answer: LocalSMTPServer.Answer) async throws {
        let server = try LocalSMTPServer { $0 == "." ? answer : nil }
        defer { server.stop() }
        let failure = try #require(try await failure(at: server))
        #expect(failure.kind == .uncertain, "\(failure)")
        #expect(failure.code == nil)
        #expect(server.messages.count == 1)
    }

    @Test("silence after the end of the message is uncertain once the time is over")
    func silenceAfterEnd() async throws {
        let server = try LocalSMTPServer { $0 == "." ? .silence : nil }
        defer { server.stop() }
        let failure = try #require(try await failure(at: server, timeout: .seconds(1)))
        #expect(failure.kind == .uncertain, "\(failure)")
    }

    @Test("silence before it is transient", arguments: ["greeting", "EHLO", "MAIL", "RCPT", "DATA"])
    func silenceBefore(command: String) async throws {
        let server = try LocalSMTPServer { $0.hasPrefix(command) ? .silence : nil }
        defer { server.stop() }
        let failure = try #require(try await failure(at: server, timeout: .seconds(1)))
        #expect(failure.kind == .transient, "\(failure)")
        #expect(server.messages.isEmpty)
    }

    @Test("a connection that breaks in the middle of the message is transient")
    func dropInMessage() async throws {
        let server = try LocalSMTPServer { $0 == "DATA" ? .dropInMessage(afterBytes: 10_000) : nil }
        defer { server.stop() }
        let large = Self.message + [UInt8](repeating: UInt8(ascii: "x"), count: 8 << 20)
        let failure = try #require(try await failure(message: large, at: server))
        #expect(failure.kind == .transient, "\(failure)")
        #expect(server.messages.isEmpty)
    }

    @Test("nobody listening is transient")
    func refused() async throws {
        let (descriptor, port) = try listenOnFreePort()
        closeSocket(descriptor)
        let transfer = try SMTPTransfer(server: SMTPServer(url: "smtp://127.0.0.1:\(port)"))
        let failure = await #expect(throws: SMTPFailure.self) { try await transfer.check() }
        #expect(failure?.kind == .transient)
    }

    @Test("without STARTTLS nothing is said but EHLO", arguments: [false, true])
    func noStartTLS(isOffered: Bool) async throws {
        let server = try LocalSMTPServer { command in
            if command == "STARTTLS" { return .reply("502 not today") }
            return command.hasPrefix("EHLO") && isOffered ? .reply("250-mail\r\n250-STARTTLS\r\n250 AUTH PLAIN") : nil
        }
        defer { server.stop() }
        let transfer = try SMTPTransfer(server: SMTPServer(url: "smtp://ada:s3cret@127.0.0.1:\(server.port)"))
        let failure = await #expect(throws: SMTPFailure.self) {
            _ = try await transfer.send(from: "a@example.com", to: "b@example.com", message: Self.message)
        }
        #expect(failure?.kind == .configuration, "\(String(describing: failure))")
        #expect(!server.commands.contains { $0.hasPrefix("AUTH") || $0.hasPrefix("MAIL") })
        #expect(server.commands.allSatisfy { $0.hasPrefix("EHLO") || $0 == "STARTTLS" })
    }

    @Test(
        "an address that could leave its brackets is refused before anything is said",
        arguments: [
            "a@example.com>\r\nRCPT TO:<evil@example.com", "a@example.com\r\n", "a\n@example.com", "a b@example.com",
            "<a@example.com>", "a@example.com\0", "", "a", "@example.com", "a@", "grün@example.com", "a@exämple.com",
        ])
    func injection(address: String) async throws {
        let server = try LocalSMTPServer()
        defer { server.stop() }
        #expect(try await failure(to: address, at: server)?.kind == .permanent)
        #expect(try await failure(from: address, at: server)?.kind == .configuration)
        #expect(server.connectionCount == 0)
    }

    @Test("the check says NOOP, and sends no mail")
    func check() async throws {
        let server = try LocalSMTPServer()
        defer { server.stop() }
        try await SMTPTransfer(server: SMTPServer(url: server.urlWithLogin)).check()
        #expect(server.commands.contains("NOOP"))
        #expect(!server.commands.contains { $0.hasPrefix("MAIL") })
    }

    @Test("the check tells a refused login, and a login that is not offered")
    func checkLogin() async throws {
        let refusing = try LocalSMTPServer { $0.hasPrefix("AUTH") ? .reply("535 no s3cret/word") : nil }
        defer { refusing.stop() }
        let first = try SMTPTransfer(server: SMTPServer(url: refusing.urlWithLogin))
        let refused = await #expect(throws: SMTPFailure.self) { try await first.check() }
        #expect(refused?.kind == .configuration && refused?.code == 535)
        #expect(refused?.words == "the server answered 535 to the login: no [hidden]")
        let plain = try LocalSMTPServer { $0.hasPrefix("EHLO") ? .reply("250 mail") : nil }
        defer { plain.stop() }
        let second = try SMTPTransfer(server: SMTPServer(url: plain.urlWithLogin))
        let absent = await #expect(throws: SMTPFailure.self) { try await second.check() }
        #expect(absent?.kind == .configuration)
    }

    @Test(
        "lines end with CR LF, and dots at their start are doubled",
        arguments: [
            ("a\nb\rc\r\nd", "a\r\nb\r\nc\r\nd\r\n"), (".\r\n..\r\n.x\r\n", "..\r\n...\r\n..x\r\n"),
            ("a\n.\nQUIT\n", "a\r\n..\r\nQUIT\r\n"),
        ])
    func lines(message: String, received: String) async throws {
        let server = try LocalSMTPServer()
        defer { server.stop() }
        #expect(try await failure(message: Array(message.utf8), at: server) == nil)
        #expect(server.messages == [received])
    }

    @Test("a message of many chunks that are all dots arrives whole")
    func manyDots() async throws {
        let server = try LocalSMTPServer()
        defer { server.stop() }
        for count in [65_536 / 3, 65_537, 200_000] {
            let message = "x" + String(repeating: "\r\n.", count: count) + "\r\n"
            #expect(try await failure(message: Array(message.utf8), at: server) == nil)
            #expect(server.messages.last == message.replacing("\r\n.", with: "\r\n.."))
        }
    }
}
