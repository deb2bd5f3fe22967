import Crypto
import Domain
import Foundation

/// Keeps secrets that have to be read again, such as what webhooks are signed with: AES-256-GCM, under a key of the
/// tenant's own that HKDF-SHA256 (RFC 5869) derives from the configured one.
///
/// A sealed secret is
///
///     version (1 byte, 1) | length of the key's id (1 byte) | the key's id | nonce (12 bytes) | ciphertext | tag (16 bytes)
///
/// and everything before the nonce, with the place, is authenticated. Nonces are random: a tenant's key would have to seal
/// some 2³² secrets before two of them were likely to meet (NIST SP 800-38D, section 8.3).
public struct Vault: Sendable {
    private static let version: UInt8 = 1
    /// Bytes of the nonce and of the tag.
    private static let overhead = 12 + 16

    private let keys: [EncryptionKey]

    /// Works with some keys.
    /// - Parameter keys: the newest first: it seals; each opens what it sealed. Without any, nothing can be sealed or opened.
    public init(keys: [EncryptionKey]) { self.keys = keys }

    /// The keys' ids, the newest first.
    public var keyIDs: [String] { keys.map(\.id) }

    /// Seals a text under the newest key.
    /// - Parameters:
    ///   - text: the secret.
    ///   - place: where it will stand.
    /// - Throws: `VaultError.noKey`.
    public func seal(_ text: String, _ place: SecretPlace) throws -> [UInt8] {
        guard let key = keys.first else { throw VaultError.noKey }
        return try Self.seal(text, place, under: key)
    }

    /// Seals a text under a certain key, for showing later whether a key of this id is the same one.
    /// - Parameters:
    ///   - text: the secret.
    ///   - place: where it will stand.
    ///   - keyID: one of `keyIDs`.
    /// - Throws: `VaultError.unknownKey`.
    public func seal(_ text: String, _ place: SecretPlace, under keyID: String) throws -> [UInt8] {
        guard let key = keys.first(where: { $0.id == keyID }) else { throw VaultError.unknownKey(keyID) }
        return try Self.seal(text, place, under: key)
    }

    /// Opens a sealed secret, whichever of the keys it is under.
    /// - Parameters:
    ///   - blob: as `seal` made it.
    ///   - place: where it stands.
    /// - Throws: `VaultError`: the key is not known, or the blob is not what was sealed for this place with this key.
    public func open(_ blob: [UInt8], _ place: SecretPlace) throws -> String {
        let (keyID, start) = try Self.header(of: blob)
        guard let key = keys.first(where: { $0.id == keyID }) else { throw VaultError.unknownKey(keyID) }
        guard let box = try? AES.GCM.SealedBox(combined: blob[start...]),
            let opened = try? AES.GCM.open(
                box, using: Self.tenantKey(key, place.tenant), authenticating: blob[..<start] + place.bytes),
            let text = String(data: opened, encoding: .utf8)
        else { throw VaultError.doesNotOpen(keyID: keyID) }
        return text
    }

    /// Whether a sealed secret is under the newest key.
    /// - Parameter blob: as `seal` made it.
    public func isNewest(_ blob: [UInt8]) -> Bool {
        guard let newest = keys.first, let (keyID, _) = try? Self.header(of: blob) else { return false }
        return keyID == newest.id
    }

    /// Keys for signing what comes back to this service, such as links: sign with the first, accept any.
    /// - Parameter purpose: a word of what is signed; every purpose has keys of its own.
    /// - Returns: 32 bytes for each key, the newest first.
    public func signingKeys(_ purpose: String) -> [[UInt8]] {
        keys.map { Self.derive(from: $0, "signing", purpose).withUnsafeBytes { Array($0) } }
    }

    private static func seal(_ text: String, _ place: SecretPlace, under key: EncryptionKey) throws -> [UInt8] {
        let header = [version, UInt8(key.id.utf8.count)] + Array(key.id.utf8)
        let box = try AES.GCM.seal(
            Data(text.utf8), using: tenantKey(key, place.tenant), authenticating: header + place.bytes)
        return header + Array(box.nonce) + Array(box.ciphertext) + Array(box.tag)
    }

    /// The id of the key, and where the nonce begins.
    private static func header(of blob: [UInt8]) throws(VaultError) -> (keyID: String, nonceStart: Int) {
        guard blob.count > 2, blob[0] == version, blob.count >= 2 + Int(blob[1]) + overhead,
            let keyID = String(validating: blob[2..<(2 + Int(blob[1]))], as: UTF8.self)
        else { throw .unreadable }
        return (keyID, 2 + Int(blob[1]))
    }

    private static func tenantKey(_ key: EncryptionKey, _ tenant: TenantID) -> SymmetricKey {
        derive(from: key, "secrets", String(tenant.rawValue))
    }

    /// RFC 5869 without salt: what is derived from is uniformly random already.
    private static func derive(from key: EncryptionKey, _ use: String, _ subject: String) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: key.material, info: Data("calltrail|\(use)|\(subject)".utf8),
            outputByteCount: EncryptionKey.byteCount)
    }
}

/// Why a secret could not be sealed or opened.
public enum VaultError: Error, Hashable, CustomStringConvertible {
    /// No key is configured.
    case noKey
    /// It is under a key that is not configured.
    case unknownKey(String)
    /// The key of this id has other bytes than the one it was sealed with, or the blob was changed or moved.
    case doesNotOpen(keyID: String)
    /// It is no sealed secret of a known version.
    case unreadable

    /// In words.
    public var description: String {
        switch self {
        case .noKey: "no encryption key is configured"
        case .unknownKey(let id): "the secret is under the encryption key \(id), which is not configured"
        case .doesNotOpen(let id):
            "the secret does not open: the encryption key \(id) is another one, or the secret was changed or moved"
        case .unreadable: "this is no sealed secret"
        }
    }
}
