import Domain
import Foundation
import Logging
import Mail
import Testing
import Transfer

@Suite("Ways to send mails", .timeLimit(.minutes(10)))
struct MailTransportTests {
    let identity: MailSender.Identity
    let message: MailMessage
    let date = Timestamp(microseconds: 1_795_157_896_698_000)

    init() throws {
        identity = try #require(MailSender.Identity("calltrail@example.com"))
        let email = try #require(EmailAddress("ada@example.com"))
        message = MailMessage(id: "reset-1", recipient: email, subject: "Hello", text: "One\n")
    }

    @Test("the outbox holds a file for each mail, which only its owner reads")
    func outbox() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "outbox-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        let sender = MailSender(identity: identity, transport: OutboxTransport(directory: directory))
        for _ in 0..<2 { #expect(try await sender.send(message, date: date) == "reset-1.eml") }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["reset-1.eml"])
        let file = directory.appending(path: "reset-1.eml")
        #expect(try String(contentsOf: file, encoding: .utf8) == message.rfc5322(from: identity, date: date))
        let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(sender.messageID(of: message) == "<reset-1@example.com>")
    }

    @Test("an outbox that cannot be written to is the operator's to mend")
    func brokenOutbox() async {
        let sender = MailSender(identity: identity, transport: OutboxTransport(directory: URL(filePath: "/dev/null/x")))
        let failure = await #expect(throws: MailFailure.self) { try await sender.send(message, date: date) }
        #expect(failure?.kind == .configuration)
    }

    @Test("without a way to send, a mail fails")
    func none() async {
        let transport = NoTransport(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let sender = MailSender(identity: identity, transport: transport)
        let failure = await #expect(throws: MailFailure.self) { try await sender.send(message, date: date) }
        #expect(failure?.kind == .configuration)
        #expect(failure?.words == "neither CALLTRAIL_SMTP_URL nor CALLTRAIL_OUTBOX_DIR is set")
    }

    @Test("a mail server's failures keep their kind", arguments: SMTPFailure.Kind.allCases)
    func kinds(kind: SMTPFailure.Kind) {
        let failure = MailFailure(SMTPFailure(kind, code: 451, "later"))
        #expect(failure.kind.rawValue == kind.rawValue)
        #expect(failure.code == 451 && failure.words == "later")
    }

    @Test("an address beyond ASCII is refused for good")
    func nonASCII() async throws {
        var message = message
        message.recipient = try #require(EmailAddress("grün@example.com"))
        let transfer = try SMTPTransfer(server: SMTPServer(url: "smtp://127.0.0.1:9"))
        let sender = MailSender(identity: identity, transport: SMTPTransport(transfers: [transfer]))
        let failure = await #expect(throws: MailFailure.self) { try await sender.send(message, date: date) }
        #expect(failure?.kind == .permanent)
    }
}
