public import Transfer

/// Why a mail did not get to its recipient, or is not known to have.
public struct MailFailure: Error, Sendable, Hashable {
    /// What whoever wanted to send has to do about it.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Try again later.
        case transient
        /// Never try this recipient or this mail again.
        case permanent
        /// It may have been sent: trying again may send it twice.
        case uncertain
        /// Nothing will be sent until the operator mends the setup.
        case configuration
    }

    /// What to do about it.
    public var kind: Kind
    /// The mail server's reply, where one came.
    public var code: Int?
    /// One line for people, without secrets.
    public var words: String

    /// Describes a failure.
    /// - Parameters:
    ///   - kind: what to do about it.
    ///   - code: the mail server's reply, where one came.
    ///   - words: one line for people, without secrets.
    public init(_ kind: Kind, code: Int? = nil, _ words: String) {
        self.kind = kind
        self.code = code
        self.words = words
    }

    /// A mail server's failure.
    /// - Parameter failure: as the transfer sorted it.
    public init(_ failure: SMTPFailure) {
        let kind: Kind =
            switch failure.kind {
            case .transient: .transient
            case .permanent: .permanent
            case .uncertain: .uncertain
            case .configuration: .configuration
            }
        self.init(kind, code: failure.code, failure.words)
    }
}

extension MailFailure: CustomStringConvertible {
    /// The words, with the kind where they do not tell it.
    public var description: String { kind == .uncertain ? "perhaps sent: \(words)" : words }
}
