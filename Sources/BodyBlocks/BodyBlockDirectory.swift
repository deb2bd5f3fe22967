/// Where the exchanges of older blocks begin in the block that they were merged into.
///
/// ```
/// directory  version  count  (distance of the id from the one before  start)…
/// ```
/// Ids ascend; all numbers are LEB128. Neighbours take two bytes each.
public struct BodyBlockDirectory: Sendable, Hashable {
    /// The version that is written.
    public static let version: UInt8 = 1

    /// One older block.
    public struct Entry: Sendable, Hashable {
        /// The id that it had, by which rows still name it.
        public var blockID: Int64
        /// The position of its first exchange in the merged block.
        public var start: Int
    }

    /// The older blocks, by ascending id.
    public private(set) var entries: [Entry] = []

    /// Starts an empty directory.
    public init() {}

    /// Adds a block that holds its own exchanges only.
    /// - Parameters:
    ///   - blockID: its id; not in the directory yet.
    ///   - start: the position of its first exchange, at most 32,767.
    public mutating func insert(_ blockID: Int64, at start: Int) {
        let index = entries.firstIndex { $0.blockID > blockID } ?? entries.endIndex
        entries.insert(Entry(blockID: blockID, start: start), at: index)
    }

    /// Adds the blocks of a merged block that is merged again.
    /// - Parameters:
    ///   - other: its directory.
    ///   - start: the position of its first exchange.
    public mutating func insert(_ other: BodyBlockDirectory, at start: Int) {
        for entry in other.entries { insert(entry.blockID, at: start + entry.start) }
    }

    /// Where an older block begins.
    /// - Parameter blockID: the id that it had.
    /// - Returns: nil when it was not merged into this block.
    public func start(of blockID: Int64) -> Int? {
        entries.first { $0.blockID == blockID }?.start
    }

    /// Reads a directory.
    /// - Parameter bytes: as `bytes` gave them.
    /// - Throws: `BodyBlockError` when they are damaged or of a later version.
    public init(bytes: [UInt8]) throws(BodyBlockError) {
        guard let version = bytes.first else { throw .corrupt("the directory is empty") }
        guard version == Self.version else { throw .unknownVersion(version) }
        entries = try bytes.withUnsafeBufferPointer { buffer throws(BodyBlockError) in
            try Self.read(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[1...]))
        }
    }

    private static func read(_ bytes: UnsafeRawBufferPointer) throws(BodyBlockError) -> [Entry] {
        var reader = ByteReader(bytes)
        var entries: [Entry] = []
        var blockID: Int64 = 0
        // No reservation by the count: a damaged one could ask for any amount of memory.
        for number in 0..<(try reader.length()) {
            let distance = try reader.length()
            let start = try reader.length()
            guard number == 0 || distance > 0 else { throw .corrupt("the directory names a block twice") }
            let (next, overflow) = blockID.addingReportingOverflow(Int64(distance))
            guard !overflow, start <= Int(Int16.max) else { throw .corrupt("the directory leads outside of its block") }
            blockID = next
            entries.append(Entry(blockID: blockID, start: start))
        }
        guard reader.isAtEnd else { throw .corrupt("the directory goes on after its end") }
        return entries
    }

    /// The encoded directory.
    public var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.append(byte: Self.version)
        writer.append(length: entries.count)
        var last: Int64 = 0
        for entry in entries {
            writer.append(length: Int(entry.blockID - last))
            writer.append(length: entry.start)
            last = entry.blockID
        }
        return writer.bytes
    }
}
