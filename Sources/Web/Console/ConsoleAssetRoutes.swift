import Console
import Domain
import HTTPTypes
import Hummingbird
import NIOCore

/// The files that pages load.
struct ConsoleAssetRoutes: Sendable {
    private let files: [String: Response] = Dictionary(
        uniqueKeysWithValues: ConsoleAssets.all.map { asset in
            let response = Response(
                status: .ok,
                headers: [.contentType: asset.type, .cacheControl: "public, max-age=31536000, immutable"],
                body: .init(byteBuffer: ByteBuffer(bytes: asset.bytes)))
            return (asset.path, response)
        })

    var endpoints: [Endpoint] {
        [
            .open(.get, "/assets/{file}") { request in
                guard let file = files[request.request.uri.path] else {
                    throw Problem(.notFound, "There is no such file.")
                }
                return file
            }
        ]
    }
}
