import Domain
import Foundation

/// A place in a list, as text that clients hand back unread: version, time, id, and to which query it belongs.
enum CallLogCursor {
    private static let version: UInt8 = 1

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
