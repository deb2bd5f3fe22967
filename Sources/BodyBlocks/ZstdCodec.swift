import CZstd
import Synchronization

/// One-shot zstd frames with a checksum, over contexts that are kept: making one costs more than compressing a block.
enum ZstdCodec {
    /// The most bytes that a block's content may have: an exchange is far below, and a damaged size must not make us
    /// ask for any amount of memory.
    private static let maximumContentSize: UInt64 = 64 * 1024 * 1024

    private static let noMemory = BodyBlockError.compressionFailed("there is no memory for a context")
    private static let compressors = ContextPool<CompressionContext>()
    private static let decompressors = ContextPool<DecompressionContext>()

    static func compress(_ content: [UInt8], level: Int, prefix: [UInt8]) throws(BodyBlockError) -> [UInt8] {
        guard let context = compressors.take() ?? CompressionContext() else { throw noMemory }
        defer { compressors.give(context) }
        ZSTD_CCtx_setParameter(context.pointer, ZSTD_c_compressionLevel, Int32(clamping: level))
        ZSTD_CCtx_setParameter(context.pointer, ZSTD_c_checksumFlag, 1)
        let bound = ZSTD_compressBound(content.count)
        var result = 0
        // Compressed into scratch memory first: the payload should not hold on to the capacity of the worst case.
        let payload = withUnsafeTemporaryAllocation(byteCount: bound, alignment: 16) { scratch in
            result = content.withUnsafeBytes {
                ZSTD_compress2(context.pointer, scratch.baseAddress, bound, $0.baseAddress, $0.count)
            }
            guard ZSTD_isError(result) == 0 else { return [UInt8]() }
            var payload: [UInt8] = []
            payload.reserveCapacity(prefix.count + result)
            payload.append(contentsOf: prefix)
            payload.append(contentsOf: scratch[..<result])
            return payload
        }
        guard ZSTD_isError(result) == 0 else { throw .compressionFailed(String(cString: ZSTD_getErrorName(result))) }
        return payload
    }

    static func decompress(_ payload: [UInt8], from start: Int) throws(BodyBlockError) -> [UInt8] {
        guard let context = decompressors.take() ?? DecompressionContext() else { throw noMemory }
        defer { decompressors.give(context) }
        return try payload.withUnsafeBufferPointer { buffer throws(BodyBlockError) in
            let frame = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[start...])
            let size = ZSTD_getFrameContentSize(frame.baseAddress, frame.count)
            // ZSTD_CONTENTSIZE_UNKNOWN and _ERROR are the two largest values.
            guard size <= maximumContentSize else { throw .corrupt("the frame does not tell a sensible size") }
            var result = 0
            let content = [UInt8](unsafeUninitializedCapacity: Int(size)) { bytes, count in
                result = ZSTD_decompressDCtx(
                    context.pointer,
                    bytes.baseAddress,
                    bytes.count,
                    frame.baseAddress,
                    frame.count
                )
                count = ZSTD_isError(result) == 0 ? result : 0
            }
            guard ZSTD_isError(result) == 0 else { throw .corrupt(String(cString: ZSTD_getErrorName(result))) }
            guard content.count == Int(size) else { throw .corrupt("the frame is shorter than it says") }
            return content
        }
    }
}

/// A compression context.
///
/// Invariant of `@unchecked Sendable`: whoever took it from the pool is the only one to use it until it is given back.
private final class CompressionContext: @unchecked Sendable {
    let pointer: OpaquePointer

    init?() {
        guard let pointer = ZSTD_createCCtx() else { return nil }
        self.pointer = pointer
    }

    deinit { ZSTD_freeCCtx(pointer) }
}

/// A decompression context.
///
/// Invariant of `@unchecked Sendable`: whoever took it from the pool is the only one to use it until it is given back.
private final class DecompressionContext: @unchecked Sendable {
    let pointer: OpaquePointer

    init?() {
        guard let pointer = ZSTD_createDCtx() else { return nil }
        self.pointer = pointer
    }

    deinit { ZSTD_freeDCtx(pointer) }
}

/// Contexts that wait for their next use.
private final class ContextPool<Context: Sendable>: Sendable {
    /// More than there are cores is never in use at once; a burst beyond makes its own and drops them.
    private static var capacity: Int { 16 }
    private let free = Mutex<[Context]>([])

    func take() -> Context? { free.withLock { $0.popLast() } }

    func give(_ context: Context) {
        free.withLock { contexts in
            if contexts.count < Self.capacity { contexts.append(context) }
        }
    }
}
