import Crypto
public import Domain
import Foundation

/// A key that checkpoints are verified with: Ed25519.
public struct AuditPublicKey: Sendable, Hashable {
    /// 32 bytes.
    public let bytes: [UInt8]

    /// Reads a key.
    /// - Parameter bytes: 32 of them, otherwise nil.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    /// Reads a key as `description` shows it.
    /// - Parameter text: base64 of 32 bytes.
    public init?(_ text: String) {
        guard let data = Data(base64Encoded: text) else { return nil }
        self.init(Array(data))
    }

    /// Which key it is: the first 8 bytes of its SHA-256, in hexadecimal.
    public var id: String { Array(SHA256.hash(data: bytes).prefix(8)).hexadecimal }

    /// Whether a checkpoint was signed with this key.
    /// - Parameter checkpoint: with its signature.
    public func verifies(_ checkpoint: AuditCheckpoint) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else { return false }
        return key.isValidSignature(checkpoint.signature, for: checkpoint.signedBytes)
    }
}

extension AuditPublicKey: CustomStringConvertible {
    /// Base64 of the key.
    public var description: String { Data(bytes).base64EncodedString() }
}

/// Signs checkpoints: Ed25519 (RFC 8032).
public struct AuditSigner: Sendable {
    /// What the vault's keys for this are called.
    public static let purpose = "audit checkpoints"

    private let seeds: [[UInt8]]

    /// Works with some keys.
    /// - Parameter seeds: 32 bytes each, the newest first: it signs; each verifies what it signed.
    public init(seeds: [[UInt8]]) { self.seeds = seeds }

    /// Why nothing can be signed.
    public struct NoKey: Error, CustomStringConvertible {
        /// In words.
        public var description: String {
            "no encryption key is configured, so checkpoints of the audit log can't be signed"
        }
    }

    /// The keys that verify, the newest first.
    public var publicKeys: [AuditPublicKey] {
        seeds.compactMap { seed in
            guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else { return nil }
            return AuditPublicKey(Array(key.publicKey.rawRepresentation))
        }
    }

    /// Signs a checkpoint with the newest key.
    /// - Parameter checkpoint: signature and key are replaced.
    /// - Throws: `NoKey`.
    public func sign(_ checkpoint: AuditCheckpoint) throws -> AuditCheckpoint {
        guard let seed = seeds.first, let id = publicKeys.first?.id else { throw NoKey() }
        var signed = checkpoint
        signed.keyID = id
        let key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
        signed.signature = Array(try key.signature(for: signed.signedBytes))
        return signed
    }
}

extension AuditCheckpoint {
    /// What is signed: a text that says what it is, then all fields, numbers in network order. The day counts from 1970-01-01.
    var signedBytes: [UInt8] {
        var bytes = Array("calltrail audit checkpoint 1\n".utf8)
        func put<Number: FixedWidthInteger>(_ number: Number) {
            withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
        }
        put(tenant.rawValue)
        put(day.number)
        put(firstSeq)
        put(lastSeq)
        bytes += firstPreviousHash
        bytes += lastHash
        return bytes
    }
}
