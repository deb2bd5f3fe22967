import Crypto
import Domain
import Foundation
import Transfer

/// A message to a webhook, signed as Standard Webhooks 1.0.0 has it
/// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
struct WebhookMessage: Sendable {
    /// The notification's id: the same on every attempt, so that whoever gets it twice can tell.
    let id: String
    /// JSON; the same on every attempt.
    let body: [UInt8]

    /// Writes a message.
    /// - Parameters:
    ///   - id: the notification.
    ///   - news: what to tell.
    init(id: UUID, _ news: HookNews) throws {
        self.id = id.uuidString.lowercased()
        let happened = news.facts["occurred_at"] ?? .text(news.createdAt.description)
        body = try JSONValue.object([
            "type": .text(Self.type(of: news.event)), "timestamp": happened, "data": .object(news.facts),
        ]).bytes()
    }

    /// The headers of one attempt.
    /// - Parameters:
    ///   - secret: `whsec_` and base64.
    ///   - date: of the attempt, by this machine's clock and not by `app_now()`: it is compared to the receiver's clock.
    /// - Returns: nil when the secret can't be read.
    func headers(secret: String, date: Date) -> [HTTPTransferHeader]? {
        let timestamp = String(Int64(date.timeIntervalSince1970))
        guard let signature = Self.signature(of: body, id: id, timestamp: timestamp, secret: secret) else { return nil }
        return [
            HTTPTransferHeader("webhook-id", id), HTTPTransferHeader("webhook-timestamp", timestamp),
            HTTPTransferHeader("webhook-signature", signature),
        ]
    }

    /// What the event is called in a message's `type`.
    static func type(of event: NotificationEvent) -> String {
        switch event {
        case .firstError: "bot.first_error"
        case .reauthorise: "connection.reauthorise"
        case .test: "test"
        }
    }

    /// `v1,` and base64 of HMAC-SHA256 over id, time and body; nil when the secret can't be read.
    static func signature(of body: [UInt8], id: String, timestamp: String, secret: String) -> String? {
        let prefix = "whsec_"
        guard secret.hasPrefix(prefix), let key = Data(base64Encoded: String(secret.dropFirst(prefix.count))) else {
            return nil
        }
        let code = HMAC<SHA256>.authenticationCode(
            for: Data("\(id).\(timestamp).".utf8) + body, using: SymmetricKey(data: key))
        return "v1," + Data(code).base64EncodedString()
    }
}
