import Crypto

/// Tells secrets apart without telling them: the first three bytes of HMAC-SHA256 (RFC 2104).
///
/// The hash has read both padded forms of the key once and for all, because most secrets are shorter than those.
struct Fingerprint: Sendable {
    /// SHA-256's block, in bytes.
    private static let blockSize = 64

    private let inner: SHA256
    private let outer: SHA256

    init(key: [UInt8]) {
        var block = key.count > Self.blockSize ? Array(SHA256.hash(data: key)) : key
        block += repeatElement(0, count: Self.blockSize - block.count)
        inner = Self.hash(of: block.map { $0 ^ 0x36 })
        outer = Self.hash(of: block.map { $0 ^ 0x5C })
    }

    private static func hash(of bytes: [UInt8]) -> SHA256 {
        var hash = SHA256()
        bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return hash
    }

    /// What stands in a secret's place: `[redacted len=40 fp=9f2c41]`.
    func marker(for secret: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        guard secret.contains(UInt8(ascii: "\\")) else { return marker(forPlain: secret) }
        // Escaped slashes and quotes are the JSON encoder's, not the secret's.
        return secret.filter { $0 != UInt8(ascii: "\\") }.withUnsafeBufferPointer { marker(forPlain: $0) }
    }

    private func marker(forPlain secret: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var (inner, outer) = (inner, outer)
        inner.update(bufferPointer: UnsafeRawBufferPointer(secret))
        inner.finalize().withUnsafeBytes { outer.update(bufferPointer: $0) }
        var marker: [UInt8] = []
        marker.reserveCapacity(40)
        marker.append(contentsOf: "[redacted len=".utf8)
        Self.append(decimal: secret.count, to: &marker)
        marker.append(contentsOf: " fp=".utf8)
        outer.finalize().withUnsafeBytes { digest in
            for byte in digest.prefix(3) {
                marker.append(Self.digit(byte >> 4))
                marker.append(Self.digit(byte & 15))
            }
        }
        marker.append(UInt8(ascii: "]"))
        return marker
    }

    private static func append(decimal number: Int, to marker: inout [UInt8]) {
        if number >= 10 { append(decimal: number / 10, to: &marker) }
        marker.append(UInt8(ascii: "0") + UInt8(number % 10))
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
