import Crypto
import Domain
import Foundation

/// Proof that whoever exchanges a code is who asked for it (RFC 7636), method S256.
public enum PKCE {
    /// A new verifier: 32 random bytes, 43 characters.
    public static func verifier() -> String {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        return Base64URL.encode(bytes)
    }

    /// What is shown when asking, so that the verifier can stay secret until the exchange.
    /// - Parameter verifier: as `verifier()` made it.
    public static func challenge(of verifier: String) -> String {
        Base64URL.encode(Data(SHA256.hash(data: Data(verifier.utf8))))
    }
}
