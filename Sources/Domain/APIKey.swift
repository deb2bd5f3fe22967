public import Foundation

/// A key's text: `ct_live_<8>_<30><6>`, all base 62.
///
/// The first eight characters hold the tenant's number and the key's number within it, so that a key is looked up under
/// its tenant's own row-level security. Thirty characters are the secret (178 bits). The last six are a CRC-32 of all
/// that stands before, so that a key cut short or mistyped is told from a wrong one, and found by secret scanners.
public struct APIKeyText: Sendable, Hashable {
    /// Whose key it says to be.
    public var tenantID: TenantID
    /// The key's number within the tenant.
    public var tag: UInt16
    /// The whole text.
    public var text: String

    private static let start = "ct_live_"
    private static let digits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    /// Makes a new key.
    /// - Parameters:
    ///   - tenantID: whose key it is.
    ///   - tag: a number no other key of the tenant has.
    public static func generate(tenantID: TenantID, tag: UInt16) -> APIKeyText {
        var generator = SystemRandomNumberGenerator()
        let secret = (0..<30).map { _ in digits[Int.random(in: 0..<62, using: &generator)] }
        let head = prefix(tenantID: tenantID, tag: tag) + "_" + String(decoding: secret, as: UTF8.self)
        return APIKeyText(tenantID: tenantID, tag: tag, text: head + base62(UInt64(crc32(head.utf8)), count: 6))
    }

    /// What may be shown of a key: all that stands before its secret.
    /// - Parameters:
    ///   - tenantID: whose key it is.
    ///   - tag: the key's number within the tenant.
    public static func prefix(tenantID: TenantID, tag: UInt16) -> String {
        start + base62(UInt64(tenantID.rawValue) << 16 | UInt64(tag), count: 8)
    }

    /// Reads a key; nil when the text is not of a key's form or its check does not match.
    /// - Parameter text: as sent.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 53, text.hasPrefix(Self.start), bytes[16] == UInt8(ascii: "_"),
            let number = Self.number(bytes[8..<16]), number >> 16 <= UInt64(Int32.max), number >> 16 > 0,
            let check = Self.number(bytes[47..<53]), check == UInt64(Self.crc32(bytes[..<47]))
        else { return nil }
        self.init(tenantID: TenantID(rawValue: Int32(number >> 16)), tag: UInt16(number & 0xFFFF), text: text)
    }

    private init(tenantID: TenantID, tag: UInt16, text: String) {
        self.tenantID = tenantID
        self.tag = tag
        self.text = text
    }

    private static func base62(_ number: UInt64, count: Int) -> String {
        var number = number
        var characters = [UInt8](repeating: 0, count: count)
        for index in (0..<count).reversed() {
            characters[index] = digits[Int(number % 62)]
            number /= 62
        }
        return String(decoding: characters, as: UTF8.self)
    }

    private static func number(_ characters: ArraySlice<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for character in characters {
            switch character {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number * 62 + UInt64(character - 48)
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): number = number * 62 + UInt64(character - 65 + 10)
            case UInt8(ascii: "a")...UInt8(ascii: "z"): number = number * 62 + UInt64(character - 97 + 36)
            default: return nil
            }
        }
        return number
    }

    /// CRC-32 of ISO 3309 (as in gzip): reflected polynomial 0xEDB88320.
    private static func crc32(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var remainder: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            remainder ^= UInt32(byte)
            for _ in 0..<8 { remainder = remainder & 1 == 1 ? remainder >> 1 ^ 0xEDB8_8320 : remainder >> 1 }
        }
        return ~remainder
    }
}

/// A key as it is listed.
public struct APIKeyRecord: Sendable {
    /// The id by which it is revoked.
    public var id: UUID
    /// For people.
    public var name: String
    /// What stands before the secret.
    public var prefix: String
    /// What it may do.
    public var scopes: Set<Scope>
    /// When it was made.
    public var createdAt: Timestamp
    /// When it ends; nil for never.
    public var expiresAt: Timestamp?
    /// When it was revoked; nil when it was not.
    public var revokedAt: Timestamp?
    /// When it was last used, to the minute; nil for never.
    public var lastUsedAt: Timestamp?
    /// Who made it; nil for the operator.
    public var createdBy: UUID?
    /// The address of who made it.
    public var creatorEmail: String?

    /// Puts a record together; see the properties.
    public init(
        id: UUID, name: String, prefix: String, scopes: Set<Scope>, createdAt: Timestamp, expiresAt: Timestamp?,
        revokedAt: Timestamp?, lastUsedAt: Timestamp?, createdBy: UUID?, creatorEmail: String?
    ) {
        self.id = id
        self.name = name
        self.prefix = prefix
        self.scopes = scopes
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.revokedAt = revokedAt
        self.lastUsedAt = lastUsedAt
        self.createdBy = createdBy
        self.creatorEmail = creatorEmail
    }
}

/// A key as it is made: its text is shown this once.
public struct NewAPIKey: Sendable {
    /// The id by which it is listed and revoked.
    public var id: UUID
    /// The text to send as bearer token.
    public var text: String

    /// Puts a new key together.
    /// - Parameters:
    ///   - id: by which it is listed and revoked.
    ///   - text: to send as bearer token.
    public init(id: UUID, text: String) {
        self.id = id
        self.text = text
    }
}
