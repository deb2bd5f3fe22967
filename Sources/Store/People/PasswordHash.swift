import CArgon2
import Dispatch
import Domain
import Foundation

/// Passwords at rest: Argon2id in its encoded form.
///
/// Hashing takes tens of milliseconds and 19 MiB on purpose, so it runs on a queue of its own, at most four at once, and
/// never on the threads that serve requests.
enum PasswordHash {
    /// Characters a password must have.
    static let length = 12...128
    // OWASP's minimum for Argon2id: 19 MiB, two passes, one lane
    private static let memoryKiB: UInt32 = 19_456
    private static let passes: UInt32 = 2
    private static let saltLength = 16
    private static let hashLength = 32

    private static let queue = DispatchQueue(label: "calltrail.password", attributes: .concurrent)
    private static let gate = Gate(capacity: 4, longestLine: 64)

    /// Stands in for the hash of an unknown person, so that their sign-in takes as long as a known one's.
    private static let dummy = hash(Array("nobody's password".utf8))

    /// Refuses a password whose length is not accepted.
    /// - Throws: `Problem`.
    static func check(_ password: String) throws(Problem) {
        guard length.contains(password.count) else {
            let words = "A password has \(length.lowerBound) to \(length.upperBound) characters."
            throw Problem(
                .invalidParameter, words, issues: [.init(.pointer("/password"), code: "out_of_range", detail: words)])
        }
    }

    /// Hashes a password.
    /// - Throws: `Problem` for a password whose length is not accepted, or when hashing fails.
    static func make(_ password: String) async throws -> String {
        try check(password)
        return try await encode(password)
    }

    /// Hashes a secret whose length somebody else has looked at.
    /// - Throws: `Problem` when hashing fails.
    static func encode(_ secret: String) async throws -> String {
        guard let encoded = try await perform({ hash(Array(secret.utf8)) }) else {
            throw Problem(.internalError, "The password could not be hashed.")
        }
        return encoded
    }

    /// Whether a password is the one of a hash; takes the same time when there is no hash.
    /// - Parameters:
    ///   - password: as typed.
    ///   - encoded: nil for a person who is not known or has no password yet.
    /// - Throws: `Problem` (unavailable) when too many are signing in.
    static func matches(_ password: String, _ encoded: String?) async throws -> Bool {
        try await perform {
            guard let against = encoded ?? dummy else { return false }
            let secret = Array(password.utf8)
            let isRight = argon2id_verify(against, secret, secret.count) == ARGON2_OK.rawValue
            return isRight && encoded != nil
        }
    }

    private static func perform<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async throws -> Value {
        try await gate.pass {
            await withCheckedContinuation { continuation in
                queue.async { continuation.resume(returning: work()) }
            }
        }
    }

    private static func hash(_ secret: [UInt8]) -> String? {
        let salt = (0..<saltLength).map { _ in UInt8.random(in: 0...255) }
        let size = argon2_encodedlen(passes, memoryKiB, 1, UInt32(saltLength), UInt32(hashLength), Argon2_id)
        var encoded = [CChar](repeating: 0, count: size)
        let code = argon2id_hash_encoded(
            passes, memoryKiB, 1, secret, secret.count, salt, salt.count, hashLength, &encoded, size)
        guard code == ARGON2_OK.rawValue else { return nil }
        return String(decoding: encoded.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
