import Crypto
import Domain
import Foundation

/// A secret that somebody holds as text and the database only as a hash: links, sessions.
struct SecretToken: Sendable {
    /// Base64url of 32 random bytes.
    let text: String
    /// SHA-256 of the text.
    let hash: [UInt8]

    static func generate() -> SecretToken {
        let text = Base64URL.encode((0..<32).map { _ in UInt8.random(in: 0...255) })
        return SecretToken(text: text, hash: hash(of: text))
    }

    static func hash(of text: String) -> [UInt8] { Array(SHA256.hash(data: Data(text.utf8))) }
}
