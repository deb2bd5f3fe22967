import Domain
import Foundation
import HTTPTypes
import Hummingbird

/// The cookie that holds a session's token in a browser.
struct SessionCookie: Sendable {
    /// `__Host-` ties the cookie to this very host over TLS; without TLS browsers refuse the prefix.
    private let name: String
    private let isSecure: Bool
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
        for header in headers[values: .cookie] {
            for pair in header.split(separator: ";") {
                let parts = pair.split(separator: "=", maxSplits: 1)
                guard parts.count == 2, parts[0].trimmingCharacters(in: .whitespaces) == name else { continue }
                let token = parts[1].trimmingCharacters(in: .whitespaces)
                // keys are for programs, which have no cookies
                return token.hasPrefix("ct_") ? nil : token
            }
        }
        return nil
    }

    /// `Set-Cookie` for a session that began.
    func set(_ token: String) -> String { "\(name)=\(token); \(attributes); Max-Age=\(7 * 86_400)" }

    /// `Set-Cookie` for a session that ended.
    func clear() -> String { "\(name)=; \(attributes); Max-Age=0" }

    /// Refuses a request that changes something and that a page of another site made the browser send with its cookie.
    /// - Throws: `Problem` (forbidden).
    func refuseForeign(_ request: Request) throws(Problem) {
        guard ![.get, .head, .options].contains(request.method) else { return }
        if let site = request.headers[.secFetchSite] {
            if site == "same-origin" || site == "none" { return }
        } else if let given = request.headers[.origin] {
            if given.lowercased() == origin { return }
        }
        throw Problem(.forbidden, "The request did not come from a page of this server.")
    }

    private var attributes: String { "Path=/; HttpOnly; SameSite=Lax" + (isSecure ? "; Secure" : "") }
}

extension HTTPField.Name {
    /// `Sec-Fetch-Site`.
    static let secFetchSite = named("sec-fetch-site")
}
