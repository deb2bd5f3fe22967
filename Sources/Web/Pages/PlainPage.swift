import Console
import HTTPTypes
import Hummingbird

/// A small page of one column, for links that people get: it works without script and without signing in, and tells
/// nobody its address, which is a secret.
enum PlainPage {
    /// An answer with a page.
    /// - Parameters:
    ///   - title: stands above it and in the browser's tab.
    ///   - status: 200 unless something is wrong.
    ///   - notices: what has just happened.
    ///   - content: what stands below the title.
    static func response(
        _ title: String, status: HTTPResponse.Status = .ok, notices: [Notice] = [], _ content: [any Component]
    ) -> Response {
        .html(
            Page(
                title: title, frame: PlainFrame(heading: title, notices: notices, content: content), hasScript: false),
            status: status, referrer: "no-referrer")
    }
}
