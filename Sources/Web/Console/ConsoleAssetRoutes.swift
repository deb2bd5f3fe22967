import Console
import Domain
import HTTPTypes
import Hummingbird
import NIOCore

/// The files that pages load, compressed once for browsers that take that, which is all of them.
struct ConsoleAssetRoutes: Sendable {
    private let plain = Self.responses { ($0.bytes, nil) }
    private let gzipped = Self.responses { asset in asset.gzipped.map { ($0, "gzip") } ?? (asset.bytes, nil) }

    var endpoints: [Endpoint] {
        [
            .open(.get, "/assets/{file}") { request in
                let files = Self.takesGzip(request.request.headers) ? gzipped : plain
                guard let file = files[request.request.uri.path] else {
                    throw Problem(.notFound, "There is no such file.")
                }
                return file
            }
        ]
    }

    private static func responses(
        _ content: (ConsoleAssets.Asset) -> (bytes: [UInt8], encoding: String?)
    ) -> [String: Response] {
        var responses: [String: Response] = [:]
        for asset in ConsoleAssets.all {
            let (bytes, encoding) = content(asset)
            var response = Response(
                status: .ok,
                headers: [
                    .contentType: asset.type, .cacheControl: "public, max-age=31536000, immutable",
                    .vary: "Accept-Encoding",
                ],
                body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
            response.headers[.contentEncoding] = encoding
            responses[asset.path] = response
        }
        return responses
    }

    /// Whether `Accept-Encoding` names gzip and does not refuse it.
    private static func takesGzip(_ headers: HTTPFields) -> Bool {
        headers[.acceptEncoding]?.split(separator: ",").contains { part in
            let words = part.split(separator: ";").map { $0.filter { !$0.isWhitespace }.lowercased() }
            return words.first == "gzip" && !words.dropFirst().contains { Double($0.dropFirst(2)) == 0 }
        } ?? false
    }
}
