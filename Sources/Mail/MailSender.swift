public import Domain
import Foundation

/// Sends mails as the operator's identity.
public struct MailSender: Sendable {
    /// Who the mails are from.
    public struct Identity: Sendable, Hashable {
        /// The `From` header, as it travels.
        public var header: String
        /// The address alone: the envelope's sender.
        public var address: String
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
            header = MailHeader.mailbox(name: name, address: email.text)
            self.address = email.text
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
    /// - Returns: one line of what the other side said; empty when it said nothing.
    /// - Throws: what the transport throws.
    @discardableResult
    public func send(_ message: MailMessage, date: Timestamp) async throws(MailFailure) -> String {
        try await transport.send(message.rfc5322(from: identity, date: date), of: message, from: identity)
    }

    /// The Message-ID under which a mail travels, however often.
    /// - Parameter message: the mail.
    public func messageID(of message: MailMessage) -> String { message.messageID(from: identity) }
}
