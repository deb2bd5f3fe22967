public import Domain
public import Foundation
public import Logging

/// Something that gets mails to people.
public protocol MailTransport: Sendable {
    /// Sends a mail.
    /// - Parameters:
    ///   - text: RFC 5322.
    ///   - message: the same mail, for its envelope.
    /// - Throws: when it was not taken.
    func send(_ text: String, of message: MailMessage) async throws
}

/// Sends mails as the operator's identity.
public struct MailSender: Sendable {
    /// Who the mails are from.
    public struct Identity: Sendable {
        /// The `From` header.
        public var header: String
        /// The part of the address behind the `@`.
        public var domain: String

        /// Reads `Name <address>` or an address; nil when there is no address in it, or a line break.
        /// - Parameter text: as the operator set it.
        public init?(_ text: String) {
            guard !text.unicodeScalars.contains(where: { $0.value < 0x20 }) else { return nil }
            var address = text
            var name = ""
            if let open = text.lastIndex(of: "<"), text.hasSuffix(">") {
                name = text[..<open].trimmingCharacters(in: CharacterSet(charactersIn: " \""))
                address = String(text[text.index(after: open)...].dropLast())
            }
            guard let email = EmailAddress(address), let domain = email.text.split(separator: "@").last else {
                return nil
            }
            header = name.isEmpty ? email.text : "\(MailMessage.encodedWord(name)) <\(email.text)>"
            self.domain = String(domain)
        }
    }

    private let identity: Identity
    private let transport: any MailTransport

    /// Prepares to send.
    /// - Parameters:
    ///   - identity: who the mails are from.
    ///   - transport: gets them to people.
    public init(identity: Identity, transport: any MailTransport) {
        self.identity = identity
        self.transport = transport
    }

    /// Sends a mail.
    /// - Parameters:
    ///   - message: the mail.
    ///   - date: when it is sent.
    /// - Throws: what the transport throws.
    public func send(_ message: MailMessage, date: Timestamp) async throws {
        try await transport.send(message.rfc5322(from: identity, date: date), of: message)
    }
}

/// Writes mails into a directory, a file each: for installations without a mail server, and for tests.
public struct OutboxTransport: MailTransport {
    private let directory: URL

    /// Prepares to write.
    /// - Parameter directory: made when it is not there.
    public init(directory: URL) { self.directory = directory }

    /// Writes `<id>.eml`, whole or not at all.
    public func send(_ text: String, of message: MailMessage) async throws {
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let name = message.id.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == ".") }
        let file = directory.appending(path: "\(name).eml")
        try Data(text.utf8).write(to: file, options: .atomic)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
    }
}

/// Says in the log that a mail could not be sent, because the operator set up no way to send one.
public struct NoTransport: MailTransport {
    private let logger: Logger

    /// Prepares to say so.
    /// - Parameter logger: where.
    public init(logger: Logger) { self.logger = logger }

    /// Drops the mail.
    public func send(_ text: String, of message: MailMessage) async throws {
        logger.error(
            "a mail was not sent: neither CALLTRAIL_SMTP_URL nor CALLTRAIL_OUTBOX_DIR is set",
            metadata: ["message_id": "\(message.id)"])
    }
}
