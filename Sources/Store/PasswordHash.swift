import CArgon2
import Domain
import Foundation

/// Passwords at rest: Argon2id in its encoded form.
enum PasswordHash {
    /// Characters a password must have.
    static let length = 12...128
    // OWASP's minimum for Argon2id: 19 MiB, two passes, one lane
    private static let memoryKiB: UInt32 = 19_456
    private static let passes: UInt32 = 2
    private static let saltLength = 16
    private static let hashLength = 32

    /// Hashes a password; takes tens of milliseconds on purpose.
    /// - Throws: `Problem` for a password of a length that is not accepted.
    static func make(_ password: String) throws -> String {
        guard length.contains(password.count) else {
            throw Problem(.invalidParameter, "A password has \(length.lowerBound) to \(length.upperBound) characters.")
        }
        let salt = (0..<saltLength).map { _ in UInt8.random(in: 0...255) }
        let size = argon2_encodedlen(passes, memoryKiB, 1, UInt32(saltLength), UInt32(hashLength), Argon2_id)
        var encoded = [CChar](repeating: 0, count: size)
        let secret = Array(password.utf8)
        let code = argon2id_hash_encoded(
            passes, memoryKiB, 1, secret, secret.count, salt, salt.count, hashLength, &encoded, size)
        guard code == ARGON2_OK.rawValue else {
            throw Problem(.internalError, "The password could not be hashed (Argon2 code \(code)).")
        }
        return String(decoding: encoded.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
