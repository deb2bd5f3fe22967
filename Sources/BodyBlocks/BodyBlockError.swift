/// Why a block could not be written or read.
public enum BodyBlockError: Error, Sendable, Hashable {
    /// The bytes are no block, or a damaged one; the sentence says what was found.
    case corrupt(String)
    /// Written by a later version of the program.
    case unknownVersion(UInt8)
    /// There are fewer exchanges in the block.
    case noSuchPosition(Int)
    /// The compression library refused; the sentence is its own.
    case compressionFailed(String)
}
