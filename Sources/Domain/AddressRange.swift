import Foundation

/// An IP address: sixteen bytes, IPv4 as IPv6 writes it (`::ffff:a.b.c.d`).
public struct IPAddress: Sendable, Hashable {
    /// Sixteen bytes.
    public let bytes: [UInt8]

    /// Reads an address; nil when the text is none.
    /// - Parameter text: dotted or colon form, without port, brackets or zone.
    public init?(_ text: String) {
        // the functions of the system would stop there and take what stands before it
        guard !text.utf8.contains(0) else { return nil }
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            bytes = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + withUnsafeBytes(of: four) { Array($0) }
        } else if inet_pton(AF_INET6, text, &six) == 1 {
            bytes = withUnsafeBytes(of: six) { Array($0) }
        } else {
            return nil
        }
    }

    /// An IPv4 address.
    /// - Parameter bytes: four.
    init(version4 bytes: some Sequence<UInt8>) { self.bytes = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + bytes }

    /// Whether it is an IPv4 address.
    public var isVersion4: Bool { bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF }
}

/// A range of addresses in CIDR form.
public struct AddressRange: Sendable, Hashable {
    private let base: IPAddress
    private let prefixLength: Int

    /// Reads `10.0.0.0/8`, `fd00::/8`, or a single address.
    /// - Parameter text: without white space.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let base = IPAddress(String(parts[0])) else { return nil }
        let longest = base.isVersion4 ? 32 : 128
        var length = longest
        if parts.count == 2 {
            guard let given = Int(parts[1]), (0...longest).contains(given) else { return nil }
            length = given
        }
        self.base = base
        prefixLength = base.isVersion4 ? length + 96 : length
    }

    /// Whether an address lies in the range.
    /// - Parameter address: any.
    public func contains(_ address: IPAddress) -> Bool {
        let whole = prefixLength / 8
        guard base.bytes[..<whole] == address.bytes[..<whole] else { return false }
        let rest = prefixLength % 8
        guard rest > 0 else { return true }
        let mask = UInt8(truncatingIfNeeded: 0xFF << (8 - rest))
        return base.bytes[whole] & mask == address.bytes[whole] & mask
    }
}
