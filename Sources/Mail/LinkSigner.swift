import Crypto
public import Domain
public import Foundation

/// What a signed link is for: a token for one purpose opens nothing else.
public enum LinkPurpose: String, Sendable, CaseIterable {
    /// Ends the mails of a kind for a person, without a session.
    case unsubscribe
    /// Tells that a mail was opened.
    case opened
    /// Tells that the mail with a share's link was opened.
    case shareMailOpened = "share_mail_opened"
    /// Shows that a share's passphrase was given.
    case shareUnlocked = "share_unlocked"
}

/// Signs links that work without a session and hold nothing secret: tenant, id, and a code that only we can make.
///
/// HMAC-SHA256 (RFC 2104), cut to 16 bytes, under keys derived by HKDF (RFC 5869), so that the keys given can serve other
/// ends too.
public struct LinkSigner: Sendable {
    private static let codeBytes = 16
    private static let payloadBytes = 20
    private let keys: [SymmetricKey]

    /// Derives the keys.
    /// - Parameter keys: newest first, at least one. The newest signs, all verify.
    public init(keys: [[UInt8]]) {
        precondition(!keys.isEmpty, "links are signed with a key")
        self.keys = keys.map { key in
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: SymmetricKey(data: key), info: Data("calltrail links".utf8), outputByteCount: 32)
        }
    }

    /// Makes a token of 48 characters for a URL's path.
    /// - Parameters:
    ///   - purpose: what the link is for.
    ///   - tenant: whose it is.
    ///   - id: of what it is about.
    public func token(purpose: LinkPurpose, tenant: TenantID, id: UUID) -> String {
        let payload = Self.payload(tenant, id)
        return Base64URL.encode(payload + Self.code(purpose, payload, keys[0]))
    }

    /// Reads a token that one of the keys signed for this purpose.
    /// - Parameters:
    ///   - token: as it came.
    ///   - purpose: what the link is for.
    /// - Returns: nil for any other token.
    public func verify(_ token: String, purpose: LinkPurpose) -> (tenant: TenantID, id: UUID)? {
        guard let bytes = Self.bytes(token), bytes.count == Self.payloadBytes + Self.codeBytes else { return nil }
        let payload = Array(bytes.prefix(Self.payloadBytes))
        let given = Array(bytes.suffix(Self.codeBytes))
        // Every key is tried, whichever fits: how long it takes tells nothing.
        let fits = keys.map { Self.areEqual(Self.code(purpose, payload, $0), given) }
        guard fits.contains(true) else { return nil }
        let number = payload.prefix(4).reduce(Int32(0)) { $0 << 8 | Int32($1) }
        let id = payload.suffix(16).withUnsafeBytes { $0.loadUnaligned(as: uuid_t.self) }
        return (TenantID(rawValue: number), UUID(uuid: id))
    }

    private static func payload(_ tenant: TenantID, _ id: UUID) -> [UInt8] {
        withUnsafeBytes(of: tenant.rawValue.bigEndian) { Array($0) } + withUnsafeBytes(of: id.uuid) { Array($0) }
    }

    private static func code(_ purpose: LinkPurpose, _ payload: [UInt8], _ key: SymmetricKey) -> [UInt8] {
        // The payload's length is fixed, so the purpose in front of it has one reading only.
        let message = Data(purpose.rawValue.utf8) + payload
        return Array(HMAC<SHA256>.authenticationCode(for: message, using: key).prefix(codeBytes))
    }

    /// In a time that does not tell where they differ.
    private static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func bytes(_ token: String) -> Data? {
        guard token.utf8.count == 48, token.utf8.allSatisfy({ $0.isTokenByte }) else { return nil }
        return Base64URL.decode(token)
    }
}

extension UInt8 {
    /// A character of base64url (RFC 4648, section 5).
    fileprivate var isTokenByte: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
