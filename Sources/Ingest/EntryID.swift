import Crypto
import Domain
import Foundation

/// Makes the ids of a request's entries: UUIDv7 (RFC 9562, section 5.7), whose first 48 bits are the entry's time.
struct EntryIDGenerator {
    /// Counts up within the request, in the 14 bits after the time, so that entries of one millisecond keep their order.
    /// It starts low enough for 10,000 entries.
    private var counter: UInt64
    private var state: UInt64
    private let gamma: UInt64
    private let hashPrefix: [UInt8]

    init(tenantID: Int32) {
        var system = SystemRandomNumberGenerator()
        counter = system.next() % (16_384 - UInt64(EntrySplitter.maximumEntries))
        state = system.next()
        gamma = system.next() | 1
        hashPrefix = Array("calltrail-entry\0\(tenantID)\0".utf8)
    }

    /// An id that no other entry has.
    mutating func random(at time: Timestamp) -> UUID {
        counter &+= 1
        let low = (counter & 0b11) << 60 | nextRandom() & 0x0FFF_FFFF_FFFF_FFFF
        return Self.identifier(at: time, randomA: counter >> 2, randomB: low)
    }

    /// The id that this entry gets each time it is sent.
    /// - Parameters:
    ///   - clientID: the client's own id.
    ///   - time: the entry's `occurred_at`.
    /// - Returns: a UUIDv7, of which 74 bits are from SHA-256 over tenant and id.
    func deterministic(clientID: UnsafeBufferPointer<UInt8>, at time: Timestamp) -> UUID {
        var hash = SHA256()
        hashPrefix.withUnsafeBytes { hash.update(bufferPointer: $0) }
        hash.update(bufferPointer: UnsafeRawBufferPointer(clientID))
        return hash.finalize().withUnsafeBytes { digest in
            Self.identifier(
                at: time,
                randomA: UInt64(bigEndian: digest.loadUnaligned(as: UInt64.self)),
                randomB: UInt64(bigEndian: digest.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
    }

    /// Takes the low 12 bits of `randomA` and the low 62 of `randomB`.
    private static func identifier(at time: Timestamp, randomA: UInt64, randomB: UInt64) -> UUID {
        let high = UInt64(bitPattern: time.milliseconds) << 16 | 0x7000 | randomA & 0x0FFF
        let low = 0b10 << 62 | randomB & 0x3FFF_FFFF_FFFF_FFFF
        func byte(_ word: UInt64, _ index: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: word >> (56 - 8 * index)) }
        return UUID(
            uuid: (
                byte(high, 0), byte(high, 1), byte(high, 2), byte(high, 3), byte(high, 4), byte(high, 5),
                byte(high, 6), byte(high, 7), byte(low, 0), byte(low, 1), byte(low, 2), byte(low, 3),
                byte(low, 4), byte(low, 5), byte(low, 6), byte(low, 7)
            )
        )
    }

    /// SplitMix64 with a secret start and step (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators").
    private mutating func nextRandom() -> UInt64 {
        state &+= gamma
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
