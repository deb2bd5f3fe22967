public import Foundation

extension UUID {
    /// A random UUIDv7 (RFC 9562, section 5.7): ids that are made later sort later.
    /// - Parameter time: what its first 48 bits hold, in milliseconds.
    public static func version7(at time: Timestamp) -> UUID {
        // straight from the system: Foundation opens /dev/urandom for each
        var system = SystemRandomNumberGenerator()
        var bytes: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        withUnsafeMutableBytes(of: &bytes) { bytes in
            for offset in [0, 8] { bytes.storeBytes(of: system.next(), toByteOffset: offset, as: UInt64.self) }
        }
        withUnsafeBytes(of: (UInt64(bitPattern: time.milliseconds) << 16).bigEndian) { time in
            (bytes.0, bytes.1, bytes.2) = (time[0], time[1], time[2])
            (bytes.3, bytes.4, bytes.5) = (time[3], time[4], time[5])
        }
        bytes.6 = bytes.6 & 0x0F | 0x70
        bytes.8 = bytes.8 & 0x3F | 0x80
        return UUID(uuid: bytes)
    }
}
