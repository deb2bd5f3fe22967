import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// A small page of one column, for links that people get: it works without script and without signing in.
enum PlainPage {
    /// An answer with a page.
    /// - Parameters:
    ///   - title: stands above it and in the browser's tab.
    ///   - status: 200 unless something is wrong.
    ///   - content: writes what stands below the title.
    static func response(
        _ title: String, status: HTTPResponse.Status = .ok, _ content: (inout HTMLWriter) -> Void
    ) -> Response {
        var html = HTMLWriter()
        html.element("html", ["lang": "en"]) { html in
            html.element("head") { head in
                head.void("meta", ["charset": "utf-8"])
                head.void("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
                head.element("title", "\(title) · Calltrail")
                head.style(Self.style)
            }
            html.element("body") { body in
                body.element("main") { main in
                    main.element("h1", title)
                    content(&main)
                }
            }
        }
        return Response(
            status: status,
            headers: [
                .contentType: "text/html; charset=utf-8", .contentSecurityPolicy: Self.policy,
                .referrerPolicy: "no-referrer",
            ],
            body: .init(byteBuffer: ByteBuffer(string: html.text)))
    }

    /// A field of a form.
    static func field(_ name: String, of request: IncomingRequest) async throws -> String {
        let text = try await request.services.bodies.withBody(of: request.request) {
            String(decoding: $0, as: UTF8.self)
        }
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0] == name else { continue }
            return parts[1].replacing("+", with: " ").removingPercentEncoding ?? ""
        }
        return ""
    }

    private static let style: StaticString = """
        :root{color-scheme:light dark}body{font:14px/1.5 system-ui,sans-serif;margin:0;display:grid;place-items:center;\
        min-height:100vh}main{width:min(360px,calc(100% - 32px))}h1{font-size:20px}label{display:block}\
        input,button{font:inherit;width:100%;box-sizing:border-box;padding:8px 12px;margin:4px 0 12px;border-radius:6px;\
        border:1px solid #8888}button{background:#1f5fbf;color:#fff;border:0;cursor:pointer}\
        :focus-visible{outline:2px solid #1f5fbf;outline-offset:2px}[role=alert]{color:#d2392f}
        """

    private static let policy: String = {
        let hash = Data(SHA256.hash(data: Data(style.description.utf8))).base64EncodedString()
        return
            "default-src 'none'; style-src 'sha256-\(hash)'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    }()
}
