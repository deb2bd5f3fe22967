import Domain
import Foundation

/// A place in a list, as text that clients hand back unread: version, time, id, and to which query it belongs.
enum CallLogCursor {
    private static let version: UInt8 = 1

    /// Ties a cursor to its tenant and filters: with others it would silently skip calls.
    static func binding(tenant: TenantID, _ parameters: QueryParameters) -> UInt32 {
        var text = "\(tenant)"
        for name in CallLogQuery.parameters.sorted() {
            if let value = parameters[name] { text += "\u{1}\(name)\u{2}\(value)" }
        }
        // FNV-1a, 32 bits: against mix-ups, not against anybody; what a cursor may show is decided by the tenant's locks
        return text.utf8.reduce(2_166_136_261) { ($0 ^ UInt32($1)) &* 16_777_619 }
    }

    static func encode(_ position: CallLogPosition, binding: UInt32) -> String {
        var bytes = [version]
        withUnsafeBytes(of: binding.bigEndian) { bytes += $0 }
        withUnsafeBytes(of: position.occurredAt.microseconds.bigEndian) { bytes += $0 }
        if let id = position.id { withUnsafeBytes(of: id.uuid) { bytes += $0 } }
        return Base64URL.encode(Data(bytes))
    }

    static func decode(_ text: String, binding: UInt32) throws(Problem) -> CallLogPosition {
        guard text.utf8.count < 100, let data = Base64URL.decode(text), data.count == 13 || data.count == 29,
            data[0] == version
        else { throw .parameter("cursor", "it is not one that was given out") }
        let bytes = [UInt8](data)
        let given = bytes[1..<5].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard given == binding else { throw .parameter("cursor", "it belongs to a list with other filters") }
        let time = bytes[5..<13].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let id =
            bytes.count == 29 ? bytes[13...].withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) } : nil
        // from 1970 to the year 9999: times beyond can't have been given out
        guard time < 253_402_300_800_000_000 else { throw .parameter("cursor", "it is not one that was given out") }
        return CallLogPosition(occurredAt: Timestamp(microseconds: Int64(time)), id: id)
    }
}
