import CCurl
import Glibc
import Synchronization

/// One mail on its way, or one visit to the server without a mail.
///
/// `@unchecked Sendable`: the task that made it touches it until `TransferLoop.submit`, from then on only the loop's
/// thread does. The cancellation alone is shared, and is atomic.
///
/// Why the progress callback aborts and nobody else: when a handle is taken from the loop in the middle of a message,
/// libcurl 7.88 ends the message where it is, as if it were whole, and waits on the spot for the reply.
final class SMTPExchange: TransferExchange, @unchecked Sendable {
    struct Envelope {
        var sender: String
        var recipient: String
        /// Lines end with CR LF. libcurl doubles the dots at their start.
        var message: [UInt8]
    }

    struct Outcome {
        var result: Result<SMTPReceipt, SMTPFailure>
        /// The server had closed the connection before this transfer: a new one may work at once.
        var isConnectionStale = false
    }

    let handle: EasyHandle
    var isCancelled: Bool {
        cancellation.load(ordering: .sequentiallyConsistent) || interruption.isRaised
    }
    var continuation: CheckedContinuation<Outcome, Never>?

    private let server: SMTPServer
    private let envelope: Envelope?
    private let interruption: SMTPInterruption
    private let cancellation = Atomic(false)
    private let timeout: Duration
    private var position = 0
    private var dialogue = SMTPDialogue()
    /// Set when the transfer begins. It stands beside libcurl's own limit, which does not hold while QUIT is answered.
    private var deadline: ContinuousClock.Instant?

    /// - Parameters:
    ///   - server: whom to give the mail to.
    ///   - envelope: nil to connect, log in and say NOOP only.
    ///   - options: limits and trust.
    ///   - isFresh: never to use an old connection.
    init(_ server: SMTPServer, _ envelope: Envelope?, _ options: SMTPTransfer.Options, isFresh: Bool) throws {
        self.server = server
        self.envelope = envelope
        interruption = options.interruption
        timeout = options.timeout
        handle = try EasyHandle()
        try setServer(options, isFresh: isFresh)
        try setEnvelope()
        try setCallbacks()
        try options.sockets.attach(to: handle)
    }

    func cancel() { cancellation.store(true, ordering: .sequentiallyConsistent) }

    /// A connection on which a reply is still to come must carry no further mail: that would take the late reply for its own.
    /// libcurl keeps such a connection; shut down, it is found dead before it is used again.
    func willLeave(_ code: CURLcode) {
        guard case .failure(let failure) = outcome(code).result, failure.code == nil else { return }
        let socket = ccurl_active_socket(easy)
        if socket >= 0 { shutdown(socket, Int32(SHUT_RDWR)) }
    }

    func finish(_ code: CURLcode) {
        answer(outcome(code))
    }

    func finish(throwing error: any Error) {
        let words = error is CancellationError ? "cancelled" : "\(error)"
        answer(Outcome(result: .failure(SMTPFailure(dialogue.isMessageHandedOver ? .uncertain : .transient, words))))
    }

    private func answer(_ outcome: Outcome) {
        continuation?.resume(returning: outcome)
        continuation = nil
    }

    private func outcome(_ code: CURLcode) -> Outcome {
        // libcurl takes 250 alone for a mail that was taken; RFC 5321 means the whole class.
        if let reply = dialogue.reply, dialogue.isMessageHandedOver, (200..<300).contains(reply.code) {
            let words = reply.words.oneLine(maximumCharacters: 300)
            let receipt = SMTPReceipt(code: reply.code, words: words, reusedConnection: dialogue.isOnOldConnection)
            return Outcome(result: .success(receipt))
        }
        guard code == CURLE_OK else { return failure(code) }
        guard server.user == nil || dialogue.offersLogin || dialogue.isOnOldConnection else {
            let words = "a user is set, but the server offers no login"
            return Outcome(result: .failure(SMTPFailure(.configuration, words)))
        }
        let reply = dialogue.reply
        let receipt = SMTPReceipt(
            code: reply?.code ?? 0, words: (reply?.words ?? "").oneLine(maximumCharacters: 300),
            reusedConnection: dialogue.isOnOldConnection)
        return Outcome(result: .success(receipt))
    }

    private func failure(_ code: CURLcode) -> Outcome {
        var words = handle.words(for: code)
        if code == CURLE_ABORTED_BY_CALLBACK || code == CURLE_READ_ERROR {
            words = isCancelled ? "cancelled" : "timed out"
        }
        var failure = SMTPFailure(code, server.hidingSecrets(in: words), dialogue)
        failure.words = server.hidingSecrets(in: failure.words)
        let isLost = [CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING].contains(code)
        let isStale = dialogue.replyCount == 0 ? isLost : dialogue.replyCount == 1 && dialogue.reply?.code == 421
        return Outcome(
            result: .failure(failure),
            isConnectionStale: dialogue.isOnOldConnection && !dialogue.isMessageHandedOver && isStale)
    }
}

// MARK: - What libcurl is told

extension SMTPExchange {
    private func setServer(_ options: SMTPTransfer.Options, isFresh: Bool) throws {
        try handle.setProtocols("smtp,smtps")
        try handle.set(CURLOPT_URL, server.plainURL)
        try handle.set(CURLOPT_USE_SSL, Int((server.protection == .none ? CURLUSESSL_NONE : CURLUSESSL_ALL).rawValue))
        try handle.setTrust(certificateFile: options.certificateFile)
        if let user = server.user {
            try handle.set(CURLOPT_USERNAME, user)
            try handle.set(CURLOPT_PASSWORD, server.password)
            // Under TLS the plain mechanisms are enough. The others libcurl would try first, and Kerberos and NTLM
            // fail where a user name has an @.
            let digest = server.protection == .none ? ";AUTH=CRAM-MD5" : ""
            try handle.set(CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN" + digest)
        }
        try handle.set(CURLOPT_CONNECTTIMEOUT_MS, options.connectTimeout.wholeMilliseconds)
        try handle.set(CURLOPT_TIMEOUT_MS, options.timeout.wholeMilliseconds)
        try handle.set(CURLOPT_SERVER_RESPONSE_TIMEOUT, max(options.timeout.wholeMilliseconds / 1000, 1))
        // Servers hang up on a silent client after a minute or more.
        try handle.set(CURLOPT_MAXAGE_CONN, 30)
        if isFresh { try handle.set(CURLOPT_FRESH_CONNECT, 1) }
    }

    private func setEnvelope() throws {
        guard let envelope else {
            try handle.set(CURLOPT_NOBODY, 1)
            try handle.set(CURLOPT_CUSTOMREQUEST, "NOOP")
            return
        }
        try handle.set(CURLOPT_MAIL_FROM, "<\(envelope.sender)>")
        try handle.set(CURLOPT_MAIL_RCPT, ["<\(envelope.recipient)>"])
        // Without CURLOPT_INFILESIZE, so that libcurl cannot take the message for complete (it counts the doubled dots
        // too) before the read callback has said that it is.
        try handle.set(CURLOPT_UPLOAD, 1)
    }

    private func setCallbacks() throws {
        // Unretained: the loop holds the exchange for as long as the handle is in use.
        let context = Unmanaged.passUnretained(self).toOpaque()
        try handle.set(CURLOPT_READDATA, context)
        try handle.check(
            ccurl_set_data_function(handle.easy, CURLOPT_READFUNCTION) { bytes, size, count, context in
                guard let bytes, let exchange = SMTPExchange.from(context) else { return Int(CURL_READFUNC_ABORT) }
                return exchange.read(into: UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
            }
        )
        try handle.set(CURLOPT_XFERINFODATA, context)
        try handle.check(
            ccurl_set_progress_function(handle.easy) { context, _, _, _, _ in
                SMTPExchange.from(context)?.isToEnd == false ? 0 : 1
            }
        )
        try handle.set(CURLOPT_NOPROGRESS, 0)
        try handle.set(CURLOPT_DEBUGDATA, context)
        try handle.check(
            ccurl_set_debug_function(handle.easy) { _, kind, bytes, size, context in
                guard let bytes, let exchange = SMTPExchange.from(context) else { return 0 }
                exchange.heard(kind, UnsafeRawBufferPointer(start: bytes, count: size))
                return 0
            }
        )
        // What libcurl would print goes to the debug function alone.
        try handle.set(CURLOPT_VERBOSE, 1)
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> SMTPExchange? {
        guard let context else { return nil }
        return Unmanaged<SMTPExchange>.fromOpaque(context).takeUnretainedValue()
    }
}

// MARK: - What libcurl says

extension SMTPExchange {
    /// - Returns: 0 at the end of the message, which libcurl sends only then.
    private func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard let envelope, !isToEnd else { return Int(CURL_READFUNC_ABORT) }
        let chunk = envelope.message[position...].prefix(buffer.count)
        guard !chunk.isEmpty else {
            dialogue.handedOver()
            return 0
        }
        buffer.copyBytes(from: chunk)
        position += chunk.count
        return chunk.count
    }

    private var isToEnd: Bool {
        let now = ContinuousClock.now
        let deadline = deadline ?? now.advanced(by: timeout + .seconds(1))
        self.deadline = deadline
        return isCancelled || now > deadline
    }

    private func heard(_ kind: curl_infotype, _ bytes: UnsafeRawBufferPointer) {
        switch kind {
        case CURLINFO_HEADER_OUT: dialogue.sent(String(decoding: bytes, as: UTF8.self))
        case CURLINFO_HEADER_IN: dialogue.received(String(decoding: bytes, as: UTF8.self))
        default: break
        }
    }
}
