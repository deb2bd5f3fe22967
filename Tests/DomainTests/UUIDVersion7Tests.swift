import Domain
import Foundation
import Testing

@Suite struct UUIDVersion7Tests {
    /// RFC 9562, section 5.7: 48 bits of milliseconds, the version, the variant, and random bits in all the rest.
    @Test func idsAreOfTheirTimeVersionAndVariant() {
        let time = Timestamp(microseconds: 1_645_557_742_000_999)
        let ids = (0..<2000).map { _ in UUID.version7(at: time) }
        #expect(Set(ids).count == ids.count)
        #expect(ids.allSatisfy { $0.uuidString.hasPrefix("017F22E2-79B0-7") })
        #expect(ids.allSatisfy { $0.uuid.8 & 0xC0 == 0x80 })
        // each random bit is seen both set and clear
        let masks: [UInt8] = [0, 0, 0, 0, 0, 0, 0x0F, 0xFF, 0x3F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
        let bytes = ids.map { id in withUnsafeBytes(of: id.uuid) { Array($0) } }
        for (index, mask) in masks.enumerated() {
            #expect(bytes.reduce(0) { $0 | $1[index] } & mask == mask)
            #expect(bytes.reduce(mask) { $0 & $1[index] } & mask == 0)
        }
    }
}
