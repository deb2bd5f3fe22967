import Crypto

/// A SHA-256 hash, without an allocation of its own.
public struct AuditHash: Sendable, Hashable, CustomStringConvertible {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// Bytes of a hash.
    public static let byteCount = 32

    /// What stands before the first entry of a chain: zeros.
    public static let start = AuditHash()

    private init() {}

    /// Reads a hash.
    /// - Parameter bytes: 32 of them, otherwise nil.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.byteCount else { return nil }
        withUnsafeMutableBytes(of: &words) { $0.copyMemory(from: bytes) }
    }

    /// Reads a hash.
    /// - Parameter bytes: 32 of them, otherwise nil.
    public init?(_ bytes: [UInt8]) {
        guard let hash = bytes.withUnsafeBytes({ AuditHash($0) }) else { return nil }
        self = hash
    }

    init(_ digest: SHA256.Digest) {
        digest.withUnsafeBytes { digest in
            withUnsafeMutableBytes(of: &words) { $0.copyMemory(from: digest) }
        }
    }

    /// The hash's bytes.
    public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    /// Lends the hash's bytes.
    public func withUnsafeBytes<Value>(_ body: (UnsafeRawBufferPointer) throws -> Value) rethrows -> Value {
        try Swift.withUnsafeBytes(of: words, body)
    }

    /// Hexadecimal digits.
    public var description: String { bytes.hexadecimal }

    /// Whether all bytes are the same.
    public static func == (left: AuditHash, right: AuditHash) -> Bool { left.words == right.words }

    /// Mixes the bytes in.
    public func hash(into hasher: inout Hasher) { withUnsafeBytes { hasher.combine(bytes: $0) } }
}

extension [UInt8] {
    /// Two hexadecimal digits for each byte.
    var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(count * 2)
        for byte in self {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads hexadecimal digits; nil when the text is anything else.
    init?(hexadecimal text: String) {
        let utf8 = Array(text.utf8)
        guard utf8.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(utf8.count / 2)
        for index in stride(from: 0, to: utf8.count, by: 2) {
            guard let high = Self.digit(utf8[index]), let low = Self.digit(utf8[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        self = bytes
    }

    private static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
