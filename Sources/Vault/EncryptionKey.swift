import Crypto
import Foundation

/// A key under which secrets are kept, written `k1:<base64 of 32 bytes>`.
///
/// The bytes stay inside this target: the description, which a log may come to hold, shows the id alone.
public struct EncryptionKey: Sendable, CustomStringConvertible {
    /// Why a text is no key, or no list of keys. Nothing of the text stands in it.
    public struct Invalid: Error, Hashable, CustomStringConvertible {
        /// In words.
        public let description: String
    }

    /// 1 to 32 ASCII letters and digits; it stands in every sealed secret.
    public let id: String
    let material: SymmetricKey

    /// Bytes of a key.
    static let byteCount = 32

    /// A key of known bytes.
    /// - Parameters:
    ///   - id: 1 to 32 ASCII letters and digits.
    ///   - bytes: 32 random ones.
    /// - Throws: `Invalid`.
    public init(id: String, bytes: [UInt8]) throws(Invalid) {
        guard (1...32).contains(id.utf8.count), id.utf8.allSatisfy(\.isLetterOrDigit), bytes.count == Self.byteCount
        else { throw Invalid(description: "a key is of the form k1:<base64 of 32 bytes>") }
        self.id = id
        material = SymmetricKey(data: bytes)
    }

    /// Reads a key.
    /// - Parameter text: `k1:<base64 of 32 bytes>`.
    /// - Throws: `Invalid`.
    public init(_ text: String) throws(Invalid) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let bytes = parts.count == 2 ? Data(base64Encoded: String(parts[1])) : nil
        try self.init(id: String(parts[0]), bytes: bytes.map(Array.init) ?? [])
    }

    /// Reads a list of keys.
    /// - Parameter text: keys with commas between them, the newest first.
    /// - Throws: `Invalid`, also when two keys have the same id.
    public static func list(_ text: String) throws(Invalid) -> [EncryptionKey] {
        var keys: [EncryptionKey] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let key = try EncryptionKey(part.trimmingCharacters(in: .whitespacesAndNewlines))
            guard !keys.contains(where: { $0.id == key.id }) else {
                throw Invalid(description: "two keys have the id \(key.id)")
            }
            keys.append(key)
        }
        return keys
    }

    /// The id.
    public var description: String { "key \(id)" }
}

extension UInt8 {
    fileprivate var isLetterOrDigit: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }
}
