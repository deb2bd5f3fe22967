import CZlib
import CZstd

/// Why a compressed body could not be read.
public enum DecompressionError: Error, Sendable, Hashable {
    /// It ends before its last frame or member does.
    case truncated
    /// It is not of the format, or its checksum is wrong.
    case corrupt
    /// It holds more than the limit, or asks for more memory than that to be read.
    case tooLarge
    /// No memory.
    case outOfMemory
    /// A `Content-Encoding` that is neither gzip nor zstd.
    case unsupportedEncoding(String)
}

/// Reads compressed request bodies, and stops at a limit, so that a small body cannot become a large one.
public enum Decompressor {
    /// Bytes that a request may have when decompressed.
    public static let defaultLimit = 16 * 1024 * 1024

    private static let chunk = 128 * 1024

    /// Reads a body as its `Content-Encoding` says.
    /// - Parameters:
    ///   - body: as sent.
    ///   - encoding: `gzip`, `zstd`, `identity`, or nil when there was none.
    ///   - limit: bytes it may hold.
    /// - Returns: what it holds.
    /// - Throws: `DecompressionError`.
    public static func decompress(
        _ body: [UInt8],
        encoding: String?,
        limit: Int = defaultLimit
    ) throws(DecompressionError) -> [UInt8] {
        let encoding = encoding ?? "identity"
        switch encoding.lowercased().filter({ $0 != " " }) {
        case "gzip", "x-gzip": return try gunzip(body, limit: limit)
        case "zstd": return try unzstd(body, limit: limit)
        case "identity", "":
            guard body.count <= limit else { throw .tooLarge }
            return body
        default: throw .unsupportedEncoding(encoding)
        }
    }

    /// Reads gzip (RFC 1952), of one member or several.
    /// - Parameters:
    ///   - body: the compressed body.
    ///   - limit: bytes it may hold.
    /// - Returns: what it holds.
    /// - Throws: `DecompressionError`.
    public static func gunzip(_ body: [UInt8], limit: Int = defaultLimit) throws(DecompressionError) -> [UInt8] {
        // zlib remembers where the stream lies: it must not move.
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let scratch = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: chunk)
        defer {
            stream.deallocate()
            scratch.deallocate()
        }
        // 15 bits of window, plus 16 for gzip alone.
        let size = Int32(MemoryLayout<z_stream>.size)
        guard inflateInit2_(stream, 15 + 16, ZLIB_VERSION, size) == Z_OK else { throw .outOfMemory }
        defer { inflateEnd(stream) }
        return try body.withUnsafeBufferPointer { input throws(DecompressionError) in
            // zlib does not write to its input, it only lacks the const.
            stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            stream.pointee.avail_in = UInt32(clamping: input.count)
            var output: [UInt8] = []
            output.reserveCapacity(min(limit, input.count * 4))
            while true {
                stream.pointee.next_out = scratch.baseAddress
                stream.pointee.avail_out = UInt32(scratch.count)
                let status = inflate(stream, Z_NO_FLUSH)
                let produced = scratch.count - Int(stream.pointee.avail_out)
                guard output.count + produced <= limit else { throw .tooLarge }
                output.append(contentsOf: scratch[..<produced])
                switch status {
                case Z_STREAM_END:
                    if stream.pointee.avail_in == 0 { return output }
                    guard inflateReset(stream) == Z_OK else { throw .corrupt }
                case Z_OK: continue
                // No progress: there is room for output, so it is input that lacks.
                case Z_BUF_ERROR: throw .truncated
                case Z_MEM_ERROR: throw .outOfMemory
                default: throw .corrupt
                }
            }
        }
    }

    /// Reads zstd (RFC 8878), of one frame or several.
    /// - Parameters:
    ///   - body: the compressed body.
    ///   - limit: bytes it may hold.
    /// - Returns: what it holds.
    /// - Throws: `DecompressionError`.
    public static func unzstd(_ body: [UInt8], limit: Int = defaultLimit) throws(DecompressionError) -> [UInt8] {
        guard let context = ZSTD_createDCtx() else { throw .outOfMemory }
        defer { ZSTD_freeDCtx(context) }
        // A window is memory: one larger than what may come out of it has no use. 2^24 = 16 MiB.
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, 24)
        guard !body.isEmpty else { throw .truncated }
        let scratch = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: chunk)
        defer { scratch.deallocate() }
        return try body.withUnsafeBufferPointer { bytes throws(DecompressionError) in
            var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
            var output: [UInt8] = []
            output.reserveCapacity(min(limit, bytes.count * 4))
            while true {
                var chunk = ZSTD_outBuffer(dst: scratch.baseAddress, size: scratch.count, pos: 0)
                let result = ZSTD_decompressStream(context, &chunk, &input)
                if ZSTD_isError(result) != 0 { throw error(of: result) }
                guard output.count + chunk.pos <= limit else { throw .tooLarge }
                output.append(contentsOf: scratch[..<chunk.pos])
                // 0 tells that a frame has ended and all of it is out.
                if result == 0, input.pos == input.size { return output }
                if input.pos == input.size, chunk.pos < chunk.size { throw .truncated }
            }
        }
    }

    private static func error(of result: Int) -> DecompressionError {
        switch ZSTD_getErrorCode(result) {
        case ZSTD_error_frameParameter_windowTooLarge: .tooLarge
        case ZSTD_error_memory_allocation: .outOfMemory
        default: .corrupt
        }
    }
}
