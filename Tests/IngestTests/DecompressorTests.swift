import Foundation
import Ingest
import Testing

@Suite("Compressed bodies")
struct DecompressorTests {
    /// `hello, gzip` and a line break, three times.
    private static let gzip = bytes("H4sIAAAAAAACA8tIzcnJ11FIr8os4MrAwQYAJiEHESQAAAA=")
    private static let gzipText = Array(String(repeating: "hello, gzip\n", count: 3).utf8)
    /// `hello, zstd` and a line break.
    private static let zstd = bytes("KLUv/QRYYQAAaGVsbG8sIHpzdGQKhFhcoA==")
    private static let zstdText = Array("hello, zstd\n".utf8)
    /// 1 MiB of NUL in 51 bytes.
    private static let zstdZeros = bytes(
        "KLUv/QRoTAAACAABAPz/ORACAgAQAAIAEAACABAAAgAQAAIAEAACABAAAwAQAPE+FuE="
    )

    private static func bytes(_ base64: String) -> [UInt8] { Array(Data(base64Encoded: base64) ?? Data()) }

    @Test("Each encoding is read, of one member or frame and of several")
    func read() throws {
        #expect(try Decompressor.decompress(Self.gzip, encoding: "GZIP") == Self.gzipText)
        #expect(try Decompressor.decompress(Self.gzip + Self.gzip, encoding: "x-gzip") == Self.gzipText + Self.gzipText)
        #expect(try Decompressor.decompress(Self.zstd, encoding: "zstd") == Self.zstdText)
        #expect(try Decompressor.decompress(Self.zstd + Self.zstd, encoding: "zstd") == Self.zstdText + Self.zstdText)
        #expect(try Decompressor.decompress(Self.zstdText, encoding: nil) == Self.zstdText)
        #expect(try Decompressor.decompress(Self.zstdText, encoding: "identity") == Self.zstdText)
        for encoding in ["br", "deflate", "gzip, zstd"] {
            #expect(throws: DecompressionError.unsupportedEncoding(encoding)) {
                try Decompressor.decompress(Self.gzip, encoding: encoding)
            }
        }
    }

    @Test("A body that ends early is truncated, wherever it ends")
    func truncated() {
        for length in 0..<Self.gzip.count {
            #expect(throws: DecompressionError.truncated, "\(length)") {
                try Decompressor.gunzip(Array(Self.gzip[..<length]))
            }
        }
        for length in 0..<Self.zstd.count {
            #expect(throws: DecompressionError.truncated, "\(length)") {
                try Decompressor.unzstd(Array(Self.zstd[..<length]))
            }
        }
        #expect(throws: DecompressionError.truncated) { try Decompressor.gunzip(Self.gzip + Self.gzip.prefix(12)) }
        #expect(throws: DecompressionError.truncated) { try Decompressor.unzstd(Self.zstd + Self.zstd.prefix(12)) }
    }

    @Test("Rubbish and wrong checksums are corrupt")
    func corrupt() {
        var badGzip = Self.gzip
        badGzip[badGzip.count - 6] ^= 1
        #expect(throws: DecompressionError.corrupt) { try Decompressor.gunzip(badGzip) }
        var badZstd = Self.zstd
        badZstd[badZstd.count - 1] ^= 1
        #expect(throws: DecompressionError.corrupt) { try Decompressor.unzstd(badZstd) }
        #expect(throws: DecompressionError.corrupt) { try Decompressor.gunzip(Array("{\"a\":1}".utf8)) }
        #expect(throws: DecompressionError.corrupt) { try Decompressor.unzstd(Array("{\"a\":1}".utf8)) }
        #expect(throws: DecompressionError.corrupt) { try Decompressor.gunzip(Self.gzip + Array("rubbish".utf8)) }
    }

    @Test("A bomb stops at the limit")
    func bombs() throws {
        let sixteen = Array(repeating: Self.zstdZeros, count: 16).flatMap { $0 }
        #expect(try Decompressor.unzstd(sixteen).count == 16 << 20)
        #expect(throws: DecompressionError.tooLarge) { try Decompressor.unzstd(sixteen + Self.zstd) }
        // 1,000 members of 1 MiB each, a gigabyte in all.
        let gzipBomb = Array(repeating: Self.gzipZeros, count: 1000).flatMap { $0 }
        #expect(throws: DecompressionError.tooLarge) { try Decompressor.gunzip(gzipBomb) }
        #expect(throws: DecompressionError.tooLarge) { try Decompressor.gunzip(Self.gzip, limit: 35) }
        #expect(try Decompressor.gunzip(Self.gzip, limit: 36).count == 36)
        #expect(throws: DecompressionError.tooLarge) { try Decompressor.decompress(Self.gzip, encoding: nil, limit: 5) }
    }

    /// 1 MiB of NUL: deflate writes most of it as zero bits.
    private static let gzipZeros: [UInt8] = {
        var bytes = [UInt8](repeating: 0, count: 1051)
        let others =
            [
                (0, 31), (1, 139), (2, 8), (8, 2), (9, 3), (10, 237), (11, 193), (12, 49), (13, 1), (17, 194),
                (18, 160),
                (19, 245), (20, 79), (21, 109), (22, 8), (23, 95), (24, 160), (1041, 62), (1042, 3), (1043, 28),
                (1044, 234), (1045, 56), (1046, 167), (1049, 16),
            ] as [(Int, UInt8)]
        for (index, byte) in others { bytes[index] = byte }
        return bytes
    }()
}
