/// Why a mail was not sent, or is not known to have been.
public struct SMTPFailure: Error, Sendable, Hashable {
    /// What whoever wanted to send has to do about it.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The same mail may well be taken later: a 4xx reply, no connection, a time-out before the end of the message.
        case transient
        /// The server refuses this recipient or this message for good: a 5xx reply to MAIL, RCPT, DATA or the message.
        case permanent
        /// The message was handed over to its end, and no reply came: it may have been sent, or not.
        case uncertain
        /// Nothing was sent, and nothing will be until the operator mends the setup: an untrusted certificate, no
        /// STARTTLS, a refused login, a server that is none for us.
        case configuration
    }

    /// What to do about it.
    public var kind: Kind
    /// The server's reply, where one came.
    public var code: Int?
    /// One line for people: no control characters, no password, at most 300 characters.
    public var words: String

    /// Describes a failure.
    /// - Parameters:
    ///   - kind: what to do about it.
    ///   - code: the server's reply, where one came.
    ///   - words: for people; made one line, and cut at 300 characters.
    public init(_ kind: Kind, code: Int? = nil, _ words: String) {
        self.kind = kind
        self.code = code
        self.words = words.oneLine(maximumCharacters: 300)
    }
}

extension SMTPFailure: CustomStringConvertible {
    /// The words, with the kind where they do not tell it.
    public var description: String { kind == .uncertain ? "perhaps sent: \(words)" : words }
}

/// What a server said when it took a mail.
public struct SMTPReceipt: Sendable, Hashable {
    /// 250, as a rule.
    public var code: Int
    /// The server's words, often with its own number for the mail.
    public var words: String
    /// True when no new connection had to be opened.
    public var reusedConnection: Bool
}

extension String {
    /// The text on one line: runs of white space, control and direction characters become one space.
    func oneLine(maximumCharacters limit: Int) -> String {
        var line = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            let isVisible: Bool =
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: false
                default: !scalar.properties.isWhitespace
                }
            if isVisible {
                line.append(scalar)
            } else if line.last != " ", !line.isEmpty {
                line.append(" ")
            }
        }
        if line.last == " " { line.removeLast() }
        let text = String(line)
        return text.count > limit ? text.prefix(limit - 1) + "…" : text
    }
}
