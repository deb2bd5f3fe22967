import Domain
import Foundation
import HTTPTypes
import Hummingbird

/// The cookie that holds a session's token in a browser.
struct SessionCookie: Sendable {
    /// `__Host-` ties the cookie to this very host over TLS; without TLS browsers refuse the prefix.
    private let name: String
    let isSecure: Bool
    /// Scheme and host of the public address.
    private let origin: String

    /// - Parameter publicURL: as people's browsers know this server.
    init(publicURL: String) {
        isSecure = publicURL.lowercased().hasPrefix("https://")
        name = isSecure ? "__Host-calltrail" : "calltrail"
        let parts = publicURL.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        origin = parts.prefix(3).joined(separator: "/").lowercased()
    }

    /// The token in a request's cookies.
    func token(in headers: HTTPFields) -> String? {
        // keys are for programs, which have no cookies
        headers.cookie(name).flatMap { $0.hasPrefix("ct_") ? nil : $0 }
    }

    /// `Set-Cookie` for a session that began.
    func set(_ token: String) -> String { "\(name)=\(token); \(attributes); Max-Age=\(7 * 86_400)" }

    /// `Set-Cookie` for a session that ended.
    func clear() -> String { "\(name)=; \(attributes); Max-Age=0" }

    /// Refuses a request that changes something and that a page of another site made the browser send with its cookie.
    /// - Throws: `Problem` (forbidden).
    func refuseForeign(_ request: Request) throws(Problem) {
        guard ![.get, .head, .options].contains(request.method) else { return }
        guard isOwn(request) == true else { throw Self.foreign }
    }

    /// Refuses a form that a page of another site sent where no cookie is needed: it could sign somebody in as another.
    /// A client that says nothing of where it comes from is no browser, and has nobody to deceive.
    /// - Throws: `Problem` (forbidden).
    func refuseKnownForeign(_ request: Request) throws(Problem) {
        guard isOwn(request) != false else { throw Self.foreign }
    }

    /// Whether a page of this server sent a request; nil when it does not say.
    private func isOwn(_ request: Request) -> Bool? {
        if let site = request.headers[.secFetchSite] {
            return site == "same-origin" || site == "none"
        }
        return request.headers[.origin].map { $0.lowercased() == origin }
    }

    private static let foreign = Problem(.forbidden, "The request did not come from a page of this server.")

    private var attributes: String { "Path=/; HttpOnly; SameSite=Lax" + (isSecure ? "; Secure" : "") }
}

extension HTTPField.Name {
    /// `Sec-Fetch-Site`.
    static let secFetchSite = named("sec-fetch-site")
}
