public import Domain

/// Collects exchanges for one block.
public struct BodyBlockBuilder: Sendable {
    private var records = ByteWriter()
    private var offsets: [UInt32] = []

    /// Starts an empty block.
    public init() {}

    /// The exchanges appended.
    public var count: Int { offsets.count }

    /// True before the first exchange.
    public var isEmpty: Bool { offsets.isEmpty }

    /// Bytes of the records, before compression.
    public var rawSize: Int { records.bytes.count }

    /// True when no further exchange should be appended: 128 of them, or 256 KiB of records.
    ///
    /// A single large exchange may exceed the size: it is appended first and makes the block full.
    public var isFull: Bool {
        count >= BodyBlock.maximumCount || rawSize >= BodyBlock.maximumRawSize
    }

    /// Appends an exchange.
    /// - Parameter exchange: at most 4 GiB of them fit a block; `isFull` asks for a new one long before.
    /// - Returns: its position in the block.
    public mutating func append(_ exchange: CallExchange) -> Int {
        if offsets.isEmpty { records.reserve(64 * 1024) }
        offsets.append(UInt32(truncatingIfNeeded: rawSize))
        ExchangeRecord.write(exchange, to: &records)
        return count - 1
    }

    /// Compresses the block.
    /// - Parameter level: zstd's, 1…19; 1 is the one to ingest with, 3 or more to merge with.
    /// - Returns: the payload.
    /// - Throws: `BodyBlockError.compressionFailed` without memory.
    public consuming func finish(level: Int = 1) throws(BodyBlockError) -> [UInt8] {
        for offset in offsets { records.append(fixed: offset) }
        records.append(fixed: UInt32(truncatingIfNeeded: offsets.count))
        return try ZstdCodec.compress(records.bytes, level: level, prefix: BodyBlock.magic + [BodyBlock.version])
    }
}
