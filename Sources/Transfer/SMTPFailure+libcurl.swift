import CCurl

extension SMTPFailure {
    /// Sorts what went wrong.
    /// - Parameters:
    ///   - code: libcurl's result, not `CURLE_OK`.
    ///   - words: libcurl's text.
    ///   - dialogue: what was said until then.
    init(_ code: CURLcode, _ words: String, _ dialogue: SMTPDialogue) {
        guard let reply = dialogue.reply, reply.code >= 400 else {
            self.init(Self.kindWithoutReply(code, words, dialogue), Self.wordsWithoutReply(words, dialogue))
            return
        }
        let kind: Kind =
            switch (reply.code, dialogue.step) {
            case (..<500, _): .transient
            // 530: log in first; 534, 535, 538: not like this. They mean whoever sends, not this mail.
            case (530, _), (534, _), (535, _), (538, _): .configuration
            case (_, .sender), (_, .recipient), (_, .data), (_, .message): .permanent
            default: .configuration
            }
        let what = dialogue.step.map { $0 == .login ? "the login" : $0.rawValue } ?? "the connection"
        self.init(kind, code: reply.code, "the server answered \(reply.code) to \(what): \(reply.words)")
    }

    private static func kindWithoutReply(_ code: CURLcode, _ words: String, _ dialogue: SMTPDialogue) -> Kind {
        if dialogue.isMessageHandedOver { return .uncertain }
        switch code {
        case CURLE_SSL_CONNECT_ERROR:
            // A peer that goes away during the handshake is the network's fault, all else is the setup's.
            return words.contains("SYSCALL") || words.contains("reset") ? .transient : .configuration
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_USE_SSL_FAILED, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS, CURLE_LOGIN_DENIED,
            CURLE_REMOTE_ACCESS_DENIED, CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_NOT_BUILT_IN:
            return .configuration
        default:
            return .transient
        }
    }

    private static func wordsWithoutReply(_ words: String, _ dialogue: SMTPDialogue) -> String {
        dialogue.isMessageHandedOver ? "the message was handed over, then no reply came: \(words)" : words
    }
}
