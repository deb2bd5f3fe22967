import CResources
import Crypto
import Foundation

/// The files that pages load. They are part of the program; their names hold a hash of what is in them, so that
/// browsers may keep them for good.
public enum ConsoleAssets {
    /// A file.
    public struct Asset: Sendable {
        /// Where it is: `/assets/console-1a2b3c4d5e6f.css`.
        public let path: String
        /// Its media type.
        public let type: String
        /// What is in it.
        public let bytes: [UInt8]
        /// The same in gzip; nil where that would be no shorter.
        public let gzipped: [UInt8]?

        init(_ name: String, _ ending: String, type: String, _ resource: calltrail_resource) {
            bytes = ConsoleAssets.bytes(resource)
            let hash = SHA256.hash(data: bytes).prefix(6)
                .map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
            path = "/assets/\(name)-\(hash).\(ending)"
            self.type = type
            gzipped = Gzip.compress(bytes).flatMap { [bytes] in $0.count < bytes.count ? $0 : nil }
        }
    }

    static let sheet = Asset("console", "css", type: "text/css; charset=utf-8", calltrail_console_css())
    static let script = Asset("console", "js", type: "text/javascript; charset=utf-8", calltrail_console_js())
    static let icon = Asset("favicon", "svg", type: "image/svg+xml", calltrail_favicon_svg())

    /// Every file.
    public static let all = [sheet, script, icon]

    /// The colours and measures of the console, with which its stylesheet begins: for pages that load no file.
    public static let tokens = String(decoding: bytes(calltrail_console_tokens()), as: UTF8.self)

    private static func bytes(_ resource: calltrail_resource) -> [UInt8] {
        Array(UnsafeBufferPointer(start: resource.bytes, count: resource.count))
    }
}
