import Domain
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The pages that show no call, and what all pages have in common.
extension SharePage {
    static func passphraseForm(_ alert: String? = nil, status: HTTPResponse.Status = .ok) -> Response {
        small("This call is protected", status: status) { main in
            if let alert { main.element("p", ["class": "notice error", "role": "alert"], alert) }
            main.element("p", "Whoever shared it with you has the passphrase; the mail does not.")
            main.element("form", ["method": "post"]) { form in
                form.element("label") { label in
                    label.write("Passphrase")
                    label.void(
                        "input",
                        [
                            "type": "password", "name": "passphrase", "maxlength": "128", "autocomplete": "off",
                            "required": "", "autofocus": "",
                        ])
                }
                form.element("button", ["class": "button primary"], "Show the call")
            }
        }
    }

    static func tooMany(_ problem: Problem) -> Response {
        var response = small("Not just now", status: .tooManyRequests) { main in
            let seconds = problem.retryAfterSeconds ?? 1
            let wait = seconds < 90 ? "\(seconds) seconds" : "\((seconds + 59) / 60) minutes"
            main.element("p", ["class": "notice error", "role": "alert"], "\(problem.detail) Try again in \(wait).")
        }
        if let seconds = problem.retryAfterSeconds { response.headers[.retryAfter] = String(seconds) }
        return response
    }

    static var unknown: Response {
        small("This link does not work", status: .notFound) { main in
            main.element("p", "It is not complete, or never was one. Open it from the mail once more.")
        }
    }

    static var usedUp: Response {
        small("This link was used too often", status: .tooManyRequests) { main in
            main.element("p", "It works no more. Ask whoever sent it for a new one.")
        }
    }

    /// For whoever has the link alone, so these words help nobody to guess one.
    static func ended(_ state: Share.State) -> Response {
        small("This link does not work any more", status: .gone) { main in
            let why =
                switch state {
                case .revoked: "Whoever shared the call has ended that."
                case .expired: "Its time is over."
                case .callExpired, .active: "The call is kept no longer."
                }
            main.element("p", "\(why) Ask whoever sent you the link.")
        }
    }

    static func small(
        _ title: String, status: HTTPResponse.Status, _ content: (inout HTMLWriter) -> Void
    ) -> Response {
        document(title, status: status, kind: "single") { body in
            body.element("main") { main in
                writeName(tenant: nil, into: &main)
                main.element("section", ["class": "card"]) { section in
                    section.element("h1", title)
                    content(&section)
                }
            }
        }
    }

    /// Calltrail's name and sign, and whose call it is.
    static func writeName(tenant: String?, into html: inout HTMLWriter) {
        html.element("p", ["class": "name"]) { line in
            line.element("svg", ["viewBox": "0 0 16 16", "aria-hidden": "true"]) { sign in
                sign.element("path", ["d": "M2.5 4h7M2.5 8h11M2.5 12h5"]) { _ in }
            }
            line.element("span", "Calltrail")
            guard let tenant else { return }
            line.element("bdi", ["class": "soft"], tenant.visible)
        }
    }

    /// A page with the headers of every answer below `/s/`.
    static func document(
        _ title: String, status: HTTPResponse.Status = .ok, kind: String = "page",
        _ content: (inout HTMLWriter) -> Void
    ) -> Response {
        var html = HTMLWriter()
        html.element("html", ["lang": "en"]) { html in
            html.element("head") { head in
                head.void("meta", ["charset": "utf-8"])
                head.void("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
                head.void("meta", ["name": "robots", "content": "noindex, nofollow"])
                head.element("title", "\(title) · Calltrail")
                head.style(ShareStyle.style)
            }
            html.element("body", ["class": kind]) { body in content(&body) }
        }
        return Response(
            status: status, headers: [.contentType: "text/html; charset=utf-8", .contentSecurityPolicy: policy],
            body: .init(byteBuffer: ByteBuffer(string: html.text)))
    }

    static func harden(_ response: Response) -> Response {
        var response = response
        response.headers[.referrerPolicy] = "no-referrer"
        response.headers[.cacheControl] = "no-store"
        response.headers[.xRobotsTag] = "noindex, nofollow, noarchive"
        return response
    }

    static let policy =
        "default-src 'none'; style-src \(ShareStyle.style.source); form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}
