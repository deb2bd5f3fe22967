public import Domain
import Foundation
public import Transfer

/// Posts to hooks and judges what they answer.
public struct HookSender: Sendable {
    /// Whether a call to a host may reach an address.
    public typealias AddressCheck = @Sendable (_ address: String, _ host: String) -> Bool

    /// What became of a post.
    enum Outcome: Sendable, Hashable {
        case taken
        /// It asks not to be called again.
        case gone(String)
        /// It will not be taken another time either.
        case refused(String)
        /// It may have been taken: the answer could not be read.
        case unknown(String)
        /// It may be taken another time, not before so many seconds; perhaps it was taken and nobody said so.
        case failed(String, retryAfter: Int64? = nil, mayHaveArrived: Bool = false)
        /// The worker is being stopped.
        case interrupted
    }

    /// For the whole exchange.
    static let timeout: Duration = .seconds(15)
    /// Bytes of an answer that are read.
    static let longestAnswer = 64 << 10

    private let transfer: HTTPTransfer
    private let allowsAddress: AddressCheck

    /// Sends by some transfer.
    /// - Parameters:
    ///   - transfer: does the work.
    ///   - allowsAddress: asked before a connection is opened, and again before it is used.
    public init(transfer: HTTPTransfer, allowsAddress: @escaping AddressCheck) {
        self.transfer = transfer
        self.allowsAddress = allowsAddress
    }

    /// Sends by some transfer.
    /// - Parameters:
    ///   - transfer: does the work.
    ///   - addressGuard: knows the addresses that may be reached.
    public init(transfer: HTTPTransfer, addressGuard: AddressGuard) {
        self.init(transfer: transfer) { addressGuard.allows($0, for: $1) }
    }

    /// Posts JSON.
    /// - Parameters:
    ///   - body: JSON.
    ///   - text: the URL.
    ///   - headers: besides the usual ones.
    ///   - tellsWhy: whether the answer's text says in a word why it refused, as Slack's does.
    /// - Throws: `CancellationError`.
    func post(
        _ body: [UInt8], to text: String, headers: [HTTPTransferHeader], tellsWhy: Bool
    ) async throws(CancellationError) -> Outcome {
        let url: OutgoingURL
        do { url = try OutgoingURL(text) } catch { return .refused("its URL can't be used: \(error)") }
        let usual = [
            HTTPTransferHeader("Content-Type", "application/json"), HTTPTransferHeader("User-Agent", "Calltrail"),
        ]
        let request = HTTPTransferRequest(
            method: "POST", url: url.text, headers: usual + headers, body: body, timeout: Self.timeout,
            maximumResponseBytes: Self.longestAnswer,
            allowsAddress: { [allowsAddress] address in allowsAddress(address, url.host) })
        do {
            return Self.outcome(of: try await transfer.perform(request), tellsWhy: tellsWhy, now: Date())
        } catch let error as TransferError {
            return Self.outcome(of: error)
        } catch {
            throw CancellationError()
        }
    }

    private static func outcome(of answer: HTTPTransferResponse, tellsWhy: Bool, now: Date) -> Outcome {
        let words = "it answered \(answer.status)" + (tellsWhy ? why(answer.body) : "")
        switch answer.status {
        case 200..<300: return .taken
        case 410: return .gone(words)
        case 408, 425, 429, 500...:
            return .failed(words, retryAfter: RetryAfter.seconds(answer.header("Retry-After"), now: now))
        case 300..<400: return .refused(words + ", and redirects are not followed")
        default: return .refused(words)
        }
    }

    private static func outcome(of error: TransferError) -> Outcome {
        switch error {
        case .addressRefused, .invalidURL, .invalidRequest: .refused("\(error)")
        case .tooLarge: .unknown("\(error), so whether it was taken is not known")
        case .shutDown: .interrupted
        case .couldNotResolve, .couldNotConnect, .tls: .failed("\(error)")
        case .timeout, .broken, .other: .failed("\(error)", mayHaveArrived: true)
        }
    }

    /// The answer's text, as far as it is a few plain words.
    private static func why(_ body: [UInt8]) -> String {
        guard (1...100).contains(body.count), body.allSatisfy({ (0x20..<0x7F).contains($0) }) else { return "" }
        return ": " + String(decoding: body, as: UTF8.self)
    }
}
