import Foundation
import Synchronization

/// Hands mails to one mail server through libcurl, on a thread of its own.
///
/// The thread is its own because libcurl 7.88 waits on the spot for the reply to a message and to QUIT: beside others'
/// HTTP requests a slow mail server would hold them up. Certificate and host name are always verified, TLS is 1.2 or
/// later, and no proxy is taken from the environment.
public final class SMTPTransfer: Sendable {
    struct Options: Sendable {
        var certificateFile: String?
        var timeout: Duration
        var connectTimeout: Duration
        let interruption = SMTPInterruption()
        let sockets = SMTPSockets()
    }

    /// The server that mails are handed to.
    public let server: SMTPServer
    private let options: Options
    private let loop: TransferLoop

    /// Starts the thread. Nothing is connected yet.
    /// - Parameters:
    ///   - server: whom to hand mails to.
    ///   - certificateFile: PEM certificates to trust besides the system's certificate directory; nil for none.
    ///   - maximumConnections: open at once; further mails wait for a free one.
    ///   - timeout: for a whole mail, waiting for a free connection included.
    ///   - connectTimeout: for name lookup, TCP, TLS and login together.
    /// - Throws: `TransferError.other` when libcurl or the thread does not start.
    public init(
        server: SMTPServer, certificateFile: String? = nil, maximumConnections: Int = 4,
        timeout: Duration = .seconds(60), connectTimeout: Duration = .seconds(10)
    ) throws {
        self.server = server
        let options = Options(certificateFile: certificateFile, timeout: timeout, connectTimeout: connectTimeout)
        self.options = options
        loop = try TransferLoop(maximumConnections: maximumConnections) { options.sockets.stopReading() }
    }

    deinit { shutDown() }

    /// Hands a mail over and waits for the server's reply. Cancelling the task aborts, also after the message was handed
    /// over, and then nobody knows: `uncertain`.
    /// - Parameters:
    ///   - sender: the envelope's, an ASCII address without brackets. A bad one is a failure of `configuration`.
    ///   - recipient: the envelope's, an ASCII address without brackets. A bad one is a `permanent` failure.
    ///   - message: RFC 5322. Line ends become CR LF; dots at the start of a line are taken care of.
    /// - Returns: the server's reply.
    /// - Throws: what kept it from being sent, sorted by what to do about it.
    public func send(
        from sender: String, to recipient: String, message: [UInt8]
    ) async throws(SMTPFailure) -> SMTPReceipt {
        if let reason = Self.reasonNotToTravel(sender) {
            throw SMTPFailure(.configuration, "the sender's address \(reason)")
        }
        if let reason = Self.reasonNotToTravel(recipient) {
            throw SMTPFailure(.permanent, "the recipient's address \(reason)")
        }
        return try await run(
            SMTPExchange.Envelope(sender: sender, recipient: recipient, message: Self.withNetworkLineEnds(message)))
    }

    /// Connects, starts TLS, logs in and says NOOP: everything that sending needs, without a mail.
    /// - Throws: what would keep mails from being sent.
    public func check() async throws(SMTPFailure) {
        _ = try await run(nil)
    }

    /// Ends what is under way, and joins the thread. Safe to call again.
    public func shutDown() {
        options.interruption.raise()
        loop.stop()
    }

    private func run(_ envelope: SMTPExchange.Envelope?) async throws(SMTPFailure) -> SMTPReceipt {
        let first = await attempt(envelope, isFresh: false)
        guard first.isConnectionStale else { return try first.result.get() }
        return try await attempt(envelope, isFresh: true).result.get()
    }

    private func attempt(_ envelope: SMTPExchange.Envelope?, isFresh: Bool) async -> SMTPExchange.Outcome {
        let exchange: SMTPExchange
        do {
            exchange = try SMTPExchange(server, envelope, options, isFresh: isFresh)
        } catch {
            return SMTPExchange.Outcome(result: .failure(SMTPFailure(.configuration, "\(error)")))
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                exchange.continuation = continuation
                loop.submit(exchange)
            }
        } onCancel: {
            loop.cancel(exchange)
        }
    }
}

/// Tells every transfer of a server that it is time to end.
final class SMTPInterruption: Sendable {
    private let flag = Atomic(false)

    var isRaised: Bool { flag.load(ordering: .sequentiallyConsistent) }

    func raise() { flag.store(true, ordering: .sequentiallyConsistent) }
}

extension SMTPTransfer {
    /// Why an address must not be put into a command, in words that follow "the address"; nil when it may.
    ///
    /// What is refused could end the command or its brackets and begin another. Addresses beyond ASCII need a server and
    /// a path that all know RFC 6531.
    static func reasonNotToTravel(_ address: String) -> String? {
        let bytes = address.utf8
        if bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return "holds a control character" }
        if bytes.contains(where: { $0 >= 0x80 }) { return "is not ASCII, which mail servers do not take everywhere" }
        if bytes.contains(where: { " <>".utf8.contains($0) }) { return "holds a space or an angle bracket" }
        let parts = address.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count >= 2, parts.first?.isEmpty == false, parts.last?.isEmpty == false, bytes.count <= 254 else {
            return "is no address of at most 254 characters"
        }
        return nil
    }

    /// A lone CR or LF ends a line for some servers and not for others, which is how mails are smuggled.
    static func withNetworkLineEnds(_ message: [UInt8]) -> [UInt8] {
        var lines: [UInt8] = []
        lines.reserveCapacity(message.count + message.count / 32)
        var previous: UInt8 = 0
        for byte in message {
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
                if !(byte == UInt8(ascii: "\n") && previous == UInt8(ascii: "\r")) { lines += [13, 10] }
            } else {
                lines.append(byte)
            }
            previous = byte
        }
        return lines
    }
}

extension SMTPServer {
    /// The text without the password, also in the forms in which it travels: a server may repeat what it was told.
    func hidingSecrets(in text: String) -> String {
        guard let user, !password.isEmpty else { return text }
        let forms = [password, "\0\(user)\0\(password)"].map { Data($0.utf8).base64EncodedString() } + [password]
        return forms.reduce(text) { $0.replacing($1, with: "[hidden]") }
    }
}
