import AuditChain
import CZstd
import Crypto
import Foundation

/// Writes lines into a file as zstd frames of about a megabyte each, and hashes the file on the way.
struct ZstdFrameWriter: ~Copyable {
    private static let frameSize = 1 << 20
    private static let level: Int32 = 6

    private let handle: FileHandle
    private var pending: [UInt8] = []
    private var hasher = SHA256()
    private var bytes = 0

    init(file: URL) throws {
        guard FileManager.default.createFile(atPath: file.path, contents: nil, attributes: [.posixPermissions: 0o600])
        else { throw CocoaError(.fileWriteUnknown) }
        handle = try FileHandle(forWritingTo: file)
    }

    mutating func append(_ line: AuditLine) throws {
        try line.write(to: &pending)
        if pending.count >= Self.frameSize { try flush() }
    }

    private mutating func flush() throws {
        guard !pending.isEmpty else { return }
        var frame = [UInt8](repeating: 0, count: ZSTD_compressBound(pending.count))
        let size = ZSTD_compress(&frame, frame.count, pending, pending.count, Self.level)
        guard ZSTD_isError(size) == 0 else {
            throw AuditArchive.Damaged(description: String(cString: ZSTD_getErrorName(size)))
        }
        let data = Data(frame[..<size])
        hasher.update(data: data)
        bytes += size
        try handle.write(contentsOf: data)
        pending.removeAll(keepingCapacity: true)
    }

    /// Writes the rest, durably.
    /// - Returns: the file's size and its SHA-256.
    mutating func finish() throws -> (bytes: Int, digest: String) {
        try flush()
        try handle.synchronize()
        try handle.close()
        return (bytes, hasher.finalize().map { String(format: "%02x", $0) }.joined())
    }
}

/// Reads a file of zstd frames, chunk by chunk or line by line.
struct ZstdFrameReader {
    private static let chunkSize = 1 << 20
    /// A line is an entry; its texts are limited, and JSON may write each byte in six.
    private static let longestLine = 32 << 20

    private let file: URL

    init(file: URL) throws {
        guard FileManager.default.isReadableFile(atPath: file.path) else {
            throw AuditArchive.Damaged(description: "\(file.path) can't be read")
        }
        self.file = file
    }

    func eachChunk(_ body: (Data) throws -> Void) throws {
        let handle = try FileHandle(forReadingFrom: file)
        defer { try? handle.close() }
        while let chunk = try handle.read(upToCount: Self.chunkSize), !chunk.isEmpty { try body(chunk) }
    }

    func eachLine(_ body: ([UInt8]) throws -> Void) throws {
        guard let stream = ZSTD_createDStream() else {
            throw AuditArchive.Damaged(description: "there is no memory for reading the archive")
        }
        defer { ZSTD_freeDStream(stream) }
        var line: [UInt8] = []
        var output = [UInt8](repeating: 0, count: ZSTD_DStreamOutSize())
        var isAtFrameEnd = true
        try eachChunk { chunk in
            let chunk = Array(chunk)
            var position = 0
            while position < chunk.count {
                let (count, result) = Self.decompress(stream, chunk, &position, &output)
                guard ZSTD_isError(result) == 0 else {
                    throw AuditArchive.Damaged(description: String(cString: ZSTD_getErrorName(result)))
                }
                isAtFrameEnd = result == 0
                for byte in output[..<count] {
                    guard byte == UInt8(ascii: "\n") else {
                        line.append(byte)
                        continue
                    }
                    try body(line)
                    line.removeAll(keepingCapacity: true)
                }
                guard line.count <= Self.longestLine else {
                    throw AuditArchive.Damaged(description: "a line is too long")
                }
            }
        }
        guard isAtFrameEnd, line.isEmpty else {
            throw AuditArchive.Damaged(description: "the archive ends in the middle of a line")
        }
    }

    private static func decompress(
        _ stream: OpaquePointer, _ chunk: [UInt8], _ position: inout Int, _ output: inout [UInt8]
    ) -> (count: Int, result: Int) {
        chunk.withUnsafeBytes { source in
            output.withUnsafeMutableBytes { target in
                var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: position)
                var out = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
                let result = ZSTD_decompressStream(stream, &out, &input)
                position = input.pos
                return (out.pos, result)
            }
        }
    }
}
