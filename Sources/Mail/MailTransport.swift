import Domain
public import Foundation
public import Logging
public import Transfer

/// Something that gets mails to people.
public protocol MailTransport: Sendable {
    /// Sends a mail.
    /// - Parameters:
    ///   - text: RFC 5322.
    ///   - message: the same mail, for its envelope.
    ///   - sender: whom it is from, for its envelope.
    /// - Returns: one line of what the other side said; empty when it said nothing.
    /// - Throws: when it was not taken.
    func send(
        _ text: String, of message: MailMessage, from sender: MailSender.Identity
    ) async throws(MailFailure) -> String
}

/// Hands mails to a mail server.
public struct SMTPTransport: MailTransport {
    private let transfers: Lender<SMTPTransfer>

    /// Prepares to send.
    /// - Parameter transfers: to the server, each used for one mail at a time: libcurl waits for the reply to a mail on the
    ///   spot, so a server that hangs holds up what shares its thread. Whoever made them shuts them down.
    public init(transfers: [SMTPTransfer]) { self.transfers = Lender(transfers) }

    /// Hands the mail over and waits for the reply.
    public func send(
        _ text: String, of message: MailMessage, from sender: MailSender.Identity
    ) async throws(MailFailure) -> String {
        let transfer = await transfers.borrow()
        defer { transfers.giveBack(transfer) }
        do {
            let receipt = try await transfer.send(
                from: sender.address, to: message.recipient.text, message: Array(text.utf8))
            return "\(receipt.code) \(receipt.words)"
        } catch {
            throw MailFailure(error)
        }
    }
}

/// Writes mails into a directory, a file each: for installations without a mail server, and for tests.
public struct OutboxTransport: MailTransport {
    private let directory: URL

    /// Prepares to write.
    /// - Parameter directory: made when it is not there.
    public init(directory: URL) { self.directory = directory }

    /// Writes `<id>.eml`, whole or not at all, for its owner only.
    public func send(
        _ text: String, of message: MailMessage, from sender: MailSender.Identity
    ) async throws(MailFailure) -> String {
        let name = "\(message.localID).eml"
        let draft = directory.appending(path: ".\(name).\(UUID().uuidString)")
        do {
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            guard
                FileManager.default.createFile(
                    atPath: draft.path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
            else { throw CocoaError(.fileWriteUnknown) }
            guard rename(draft.path, directory.appending(path: name).path) == 0 else {
                throw CocoaError(.fileWriteUnknown)
            }
            return name
        } catch {
            try? FileManager.default.removeItem(at: draft)
            throw MailFailure(.configuration, "the outbox directory \(directory.path) cannot be written to")
        }
    }
}

/// Stands where the operator set up no way to send a mail.
public struct NoTransport: MailTransport {
    private let logger: Logger

    /// Prepares to refuse.
    /// - Parameter logger: learns of each mail, not of what it says.
    public init(logger: Logger) { self.logger = logger }

    /// Refuses, and says so in the log.
    public func send(
        _ text: String, of message: MailMessage, from sender: MailSender.Identity
    ) async throws(MailFailure) -> String {
        let failure = MailFailure(.configuration, "neither CALLTRAIL_SMTP_URL nor CALLTRAIL_OUTBOX_DIR is set")
        logger.error("a mail was not sent: \(failure)", metadata: ["message_id": "\(message.localID)"])
        throw failure
    }
}
