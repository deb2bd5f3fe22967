import CResources
import Crypto
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The published form of the API, for programs and for people.
struct DocumentRoutes: Sendable {
    /// The page that the document makes, or why it makes none.
    private let page: Result<CachedDocument, OrderedJSON.Malformed>
    private let document: CachedDocument

    /// Renders the page, once.
    init() {
        let text = Self.openAPI
        document = CachedDocument(text, headers: [.contentType: "application/json"])
        page = Result { () throws(OrderedJSON.Malformed) in
            let page = DocsPage(try OpenAPIDocument(text))
            return CachedDocument(
                Array(page.html.utf8),
                headers: [
                    .contentType: "text/html; charset=utf-8",
                    .contentSecurityPolicy: page.contentSecurityPolicy,
                    .referrerPolicy: "no-referrer",
                ])
        }
    }

    var endpoints: [Endpoint] {
        [
            .open(.get, "/openapi.json") { request in document.response(to: request.request) },
            .open(.get, "/docs") { request in try page.get().response(to: request.request) },
        ]
    }

    /// The document, as it is part of the program.
    static var openAPI: [UInt8] {
        let resource = calltrail_openapi_json()
        return Array(UnsafeBufferPointer(start: resource.bytes, count: resource.count))
    }
}

/// Bytes that stay the same as long as the program runs, and that clients may keep for a while.
struct CachedDocument: Sendable {
    private let body: ByteBuffer
    private let headers: HTTPFields
    private let tag: String

    /// - Parameters:
    ///   - bytes: the body.
    ///   - headers: of the whole answer, besides those about keeping it.
    init(_ bytes: [UInt8], headers: HTTPFields) {
        body = ByteBuffer(bytes: bytes)
        self.headers = headers
        let hash = SHA256.hash(data: bytes).prefix(8)
        tag = "\"" + hash.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() + "\""
    }

    /// The bytes, or 304 to whoever has them.
    func response(to request: Request) -> Response {
        var response = Response(status: .notModified)
        if !isKnown(to: request) {
            response = Response(status: .ok, headers: headers, body: .init(byteBuffer: body))
        }
        response.headers[.eTag] = tag
        response.headers[.cacheControl] = "public, max-age=300"
        return response
    }

    /// Compares as RFC 9110, section 13.1.2, says: weakly.
    private func isKnown(to request: Request) -> Bool {
        guard let known = request.headers[.ifNoneMatch] else { return false }
        return known.split(separator: ",").contains { part in
            let given = part.trimmingCharacters(in: .whitespaces)
            return given == "*" || given == tag || given == "W/" + tag
        }
    }
}

extension HTTPField.Name {
    /// `Referrer-Policy`.
    static let referrerPolicy = named("referrer-policy")
}
