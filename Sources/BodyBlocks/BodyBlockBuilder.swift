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

    /// Appends the exchanges of another block, in their order.
    /// - Parameter payload: the whole block. Each record is read once, so that nothing damaged is carried over.
    /// - Returns: how many there were; the first one's position is the `count` of before.
    /// - Throws: `BodyBlockError` when the block is damaged or of a later version; then nothing was appended.
    public mutating func append(block payload: [UInt8]) throws(BodyBlockError) -> Int {
        let content = try BlockContent(payload: payload)
        for position in 0..<content.count { _ = try content.exchange(at: position) }
        for position in 0..<content.count {
            let record = try content.record(at: position)
            offsets.append(UInt32(truncatingIfNeeded: rawSize))
            records.append(raw: record)
        }
        return content.count
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
