/// What was said between client and server during one transfer: enough to tell what a failure means.
struct SMTPDialogue {
    struct Reply {
        var code: Int
        var words: String
    }

    /// The last command; nil while the server has only to greet, and `.message` once the message is handed over.
    private(set) var step: Step?
    /// The reply to `step`; nil until its last line came.
    private(set) var reply: Reply?
    /// Whether the server said in its answer to EHLO that one can log in.
    private(set) var offersLogin = false
    /// Whether a command came before any reply: then the connection is an old one.
    private(set) var isOnOldConnection = false
    private(set) var replyCount = 0
    private var partialWords: [String] = []
    private var isOver = false

    enum Step: String {
        case hello = "EHLO"
        case oldHello = "HELO"
        case startTLS = "STARTTLS"
        case login = "AUTH"
        case sender = "MAIL"
        case recipient = "RCPT"
        case data = "DATA"
        case nothing = "NOOP"
        /// The message with its end. From here on nobody can take it back.
        case message = "the message"
    }

    var isMessageHandedOver: Bool { step == .message }

    /// Takes note of a command line.
    mutating func sent(_ line: String) {
        guard !isOver else { return }
        // The lines between AUTH and its end hold no command, but the password.
        if step == .login, reply?.code == 334 {
            reply = nil
            return
        }
        let verb = line.prefix { $0.isASCII && $0.isLetter }.uppercased()
        if verb == "QUIT" { isOver = true }
        guard let next = Step(rawValue: verb) else { return }
        if replyCount == 0, step == nil { isOnOldConnection = true }
        step = next
        reply = nil
    }

    /// Takes note that the whole message, and with it its end, is libcurl's to send.
    mutating func handedOver() {
        step = .message
        reply = nil
    }

    /// Takes note of a line of a reply (RFC 5321, section 4.2.1).
    mutating func received(_ line: String) {
        let code = line.prefix(3)
        guard !isOver, code.count == 3, code.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(code) else {
            return
        }
        let rest = line.dropFirst(3)
        let words = rest.dropFirst().trimmingLineEnd
        if step == .hello, words.uppercased().hasPrefix("AUTH ") { offersLogin = true }
        partialWords.append(String(words))
        guard rest.first != "-" else { return }
        replyCount += 1
        reply = Reply(code: number, words: partialWords.joined(separator: " "))
        partialWords = []
    }
}

extension Substring {
    /// A CR LF is one character.
    fileprivate var trimmingLineEnd: Substring {
        var rest = self
        while rest.last?.isNewline == true { rest.removeLast() }
        return rest
    }
}
