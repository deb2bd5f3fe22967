import Domain
import HTTPTypes
import Hummingbird
import NIOCore

/// Finds out where a request came from.
struct ClientAddress: Sendable {
    /// Reverse proxies whose word on the client's address is taken.
    let trustedProxies: [AddressRange]

    /// The client's address in words.
    ///
    /// Only a trusted proxy is asked whom it serves, and of what it says only the part that it, or another trusted proxy,
    /// wrote itself: `X-Forwarded-For` is read from its end to the first address that is not a trusted proxy.
    func resolve(peer: SocketAddress?, headers: HTTPFields) -> String {
        guard let peerText = peer?.ipAddress else { return "unknown" }
        guard isTrusted(peerText), let forwarded = headers[.xForwardedFor] else { return peerText }
        var client = peerText
        for part in forwarded.split(separator: ",").reversed() {
            let text = part.trimmingPrefix { $0 == " " }.prefix { $0 != " " }
            guard IPAddress(String(text)) != nil else { return client }
            client = String(text)
            guard isTrusted(client) else { return client }
        }
        return client
    }

    private func isTrusted(_ text: String) -> Bool {
        guard let address = IPAddress(text) else { return false }
        return trustedProxies.contains { $0.contains(address) }
    }
}

extension HTTPField.Name {
    /// `X-Forwarded-For`.
    static let xForwardedFor = named("x-forwarded-for")
}
