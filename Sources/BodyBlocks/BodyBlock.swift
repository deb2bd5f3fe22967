public import Domain

/// Up to 128 exchanges in one compressed payload, each found by its position.
///
/// ```
/// payload   "CTB"  version  zstd frame (with checksum) of:
/// content   record…  (offset of record: 4 bytes, little-endian)…  count: 4 bytes, little-endian
/// ```
/// The directory stands behind the records so that a writer need not know their sizes first. A reader decompresses the
/// whole frame, but builds only the exchange it was asked for.
public enum BodyBlock {
    /// The version that is written.
    public static let version: UInt8 = 1
    /// The most exchanges in a block.
    public static let maximumCount = 128
    /// Bytes of records, before compression, at which a block is full.
    public static let maximumRawSize = 256 * 1024

    static let magic: [UInt8] = Array("CTB".utf8)

    /// Reads one exchange.
    /// - Parameters:
    ///   - position: as `BodyBlockBuilder.append(_:)` gave it.
    ///   - payload: the whole block.
    /// - Returns: the exchange.
    /// - Throws: `BodyBlockError` when the block is damaged, of a later version, or has no such position.
    public static func exchange(at position: Int, in payload: [UInt8]) throws(BodyBlockError) -> CallExchange {
        let content = try BlockContent(payload: payload)
        guard position >= 0, position < content.count else { throw .noSuchPosition(position) }
        return try content.exchange(at: position)
    }

    /// Reads all exchanges, in their order.
    /// - Parameter payload: the whole block.
    /// - Returns: the exchanges; their indexes are their positions.
    /// - Throws: `BodyBlockError` when the block is damaged or of a later version.
    public static func exchanges(in payload: [UInt8]) throws(BodyBlockError) -> [CallExchange] {
        let content = try BlockContent(payload: payload)
        var exchanges: [CallExchange] = []
        exchanges.reserveCapacity(content.count)
        for position in 0..<content.count { exchanges.append(try content.exchange(at: position)) }
        return exchanges
    }

    /// Reads the number of exchanges.
    /// - Parameter payload: the whole block.
    /// - Returns: the number.
    /// - Throws: `BodyBlockError` when the block is damaged or of a later version.
    public static func count(in payload: [UInt8]) throws(BodyBlockError) -> Int {
        try BlockContent(payload: payload).count
    }
}

/// The decompressed content of a block, its directory checked.
struct BlockContent {
    private let bytes: [UInt8]
    private let directoryStart: Int
    let count: Int

    init(payload: [UInt8]) throws(BodyBlockError) {
        let magicCount = BodyBlock.magic.count
        guard payload.count > magicCount, payload.starts(with: BodyBlock.magic) else {
            throw .corrupt("the payload does not start as a block does")
        }
        guard payload[magicCount] == BodyBlock.version else { throw .unknownVersion(payload[magicCount]) }
        bytes = try ZstdCodec.decompress(payload, from: magicCount + 1)
        guard bytes.count >= 4 else { throw .corrupt("the content is too short for a directory") }
        count = Self.fixed(in: bytes, at: bytes.count - 4)
        guard count <= (bytes.count - 4) / 4 else { throw .corrupt("the directory is longer than the content") }
        directoryStart = bytes.count - 4 - 4 * count
    }

    private static func fixed(in bytes: [UInt8], at offset: Int) -> Int {
        (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
    }

    func exchange(at position: Int) throws(BodyBlockError) -> CallExchange {
        let range = try range(of: position)
        return try bytes.withUnsafeBufferPointer { buffer throws(BodyBlockError) in
            try ExchangeRecord.read(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[range]))
        }
    }

    /// One record, as it was written.
    func record(at position: Int) throws(BodyBlockError) -> ArraySlice<UInt8> {
        bytes[try range(of: position)]
    }

    private func range(of position: Int) throws(BodyBlockError) -> Range<Int> {
        let start = Self.fixed(in: bytes, at: directoryStart + 4 * position)
        let isLast = position + 1 == count
        let end = isLast ? directoryStart : Self.fixed(in: bytes, at: directoryStart + 4 * (position + 1))
        guard start <= end, end <= directoryStart else { throw .corrupt("the directory leads outside of the content") }
        return start..<end
    }
}
