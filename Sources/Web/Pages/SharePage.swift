import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Mail
import NIOCore
import Store
import Vault

/// What the links in share mails open: a call, for people without an account, and its downloads. It works without script.
///
/// Every request is noted, with what it was, before it is answered: what could not be noted is not shown.
struct SharePage: Sendable {
    let shares: ShareStore
    let clock: DatabaseClock
    let links: PublicLinks
    /// Its keys sign the cookies of those who gave a passphrase.
    let vault: Vault
    let isSecure: Bool

    var endpoints: [Endpoint] {
        [
            .open(.get, "/s/{token}", show),
            .open(.post, "/s/{token}", unlock),
            .open(.get, "/s/{token}/har") { request in
                try await download(request, .har) { detail in
                    var json = JSONWriter()
                    HARDocument.write(detail, into: &json)
                    return json.buffer
                }
            },
            .open(.get, "/s/{token}/curl") { request in
                try await download(request, .curl) { ByteBuffer(string: $0.curl + "\n") }
            },
        ]
    }

    private enum Download: String {
        case har, curl

        var contentType: String { self == .har ? "application/json" : "text/plain; charset=utf-8" }
        var fileType: String { self == .har ? "har" : "sh" }
        var what: String { self == .har ? "HAR downloaded" : "curl command downloaded" }
    }

    /// What is answered, and what is noted of it beside the request itself.
    private struct Answer {
        var response: Response
        /// The request in words.
        var what: String
        var steps: [(code: AuditCode, what: String, value: String?)] = []
    }

    private func show(_ request: IncomingRequest) async throws -> Response {
        try await answer(request, part: "", "Page requested") { link, now in
            let opened = (code: AuditCode.urlOpened, what: "Link opened", value: String?.none)
            guard isUnlocked(request, link) else {
                return Answer(
                    response: Self.passphraseForm(), what: "Page requested: it asks for the passphrase", steps: [opened]
                )
            }
            guard let detail = try await shares.call(of: link, now: now) else { return nil }
            return Answer(
                response: Self.page(link, detail, path: links.sharePath(token(request))), what: "Page requested",
                steps: [opened, (.pageLoaded, "Page loaded", nil)])
        }
    }

    private func download(
        _ request: IncomingRequest, _ kind: Download, _ write: @Sendable (CallLogStore.Detail) -> ByteBuffer
    ) async throws -> Response {
        let noun = kind == .har ? "HAR" : "curl command"
        return try await answer(request, part: "/\(kind.rawValue)", "\(noun) requested") { link, now in
            guard isUnlocked(request, link) else {
                return Answer(
                    response: Self.passphraseForm(status: .forbidden), what: "\(noun) requested without the passphrase")
            }
            guard let detail = try await shares.call(of: link, now: now) else { return nil }
            let name = HARDocument.fileName(detail.item.log, kind.fileType)
            let response = Response(
                status: .ok,
                headers: [
                    .contentType: kind.contentType, .contentDisposition: "attachment; filename=\"\(name)\"",
                    .contentSecurityPolicy: "default-src 'none'; sandbox",
                ],
                body: .init(byteBuffer: write(detail)))
            return Answer(
                response: response, what: "\(noun) requested",
                steps: [(.mediaDownloaded, kind.what, kind.rawValue)])
        }
    }

    private func unlock(_ request: IncomingRequest) async throws -> Response {
        try await answer(request, part: "", "Passphrase sent") { link, now in
            let path = links.sharePath(token(request))
            guard link.share.hasPassphrase else {
                return Answer(response: Self.seeOther(path), what: "Passphrase sent: there is none")
            }
            let passphrase = try await FormFields(of: request)["passphrase"]
            do {
                guard try await shares.accepts(passphrase, of: link, from: request.address, now: now) else {
                    return Answer(
                        response: Self.passphraseForm("That is not the passphrase.", status: .forbidden),
                        what: "Passphrase sent: a wrong one")
                }
            } catch let problem as Problem where problem.code == .rateLimited {
                return Answer(response: Self.tooMany(problem), what: "Passphrase sent: not looked at, after too many")
            }
            var response = Self.seeOther(path)
            response.headers[.setCookie] = cookie(for: link, path: path, now: now)
            return Answer(response: response, what: "Passphrase sent: the right one")
        }
    }

    /// Finds the share of a request's token, serves it unless it has ended, and notes what was done.
    /// - Parameters:
    ///   - request: the request.
    ///   - part: what stands behind the token in its path.
    ///   - what: the request in words, for a share that has ended.
    ///   - serve: gives nil when the call is gone after all.
    private func answer(
        _ request: IncomingRequest, part: String, _ what: String,
        _ serve: (ShareStore.Link, Timestamp) async throws -> Answer?
    ) async throws -> Response {
        let now = clock.now
        let link: ShareStore.Link
        do {
            guard let found = try await shares.open(token(request), from: request.address, now: now) else {
                return Self.harden(Self.unknown)
            }
            link = found
        } catch let problem as Problem where problem.code == .rateLimited {
            return Self.harden(Self.tooMany(problem))
        }
        guard !link.isUsedUp else { return Self.harden(Self.usedUp) }
        var answer = link.isGood ? try await serve(link, now) : nil
        let isLookedAt = Self.isLookedAt(request.request)
        if !isLookedAt { answer?.steps = [] }
        let given = answer ?? Answer(response: Self.ended(link.share.state), what: "\(what) after the end")
        let status = Int(given.response.status.code)
        let prefix = isLookedAt ? "" : "By a program: "
        try await shares.note(
            ShareStore.Visit(
                method: request.request.method.rawValue, part: part, status: status,
                what: "\(prefix)\(given.what) (\(status))", steps: given.steps, address: request.address,
                requestID: request.context.requestID, time: now),
            of: link)
        return Self.harden(given.response)
    }

    /// Programs look at links before people do: a HEAD, or what a browser fetches in advance, is no opening.
    static func isLookedAt(_ request: Request) -> Bool {
        guard request.method != .head else { return false }
        let purposes = [HTTPField.Name.purpose, .secPurpose, .xPurpose, .xMoz].compactMap { request.headers[$0] }
        return !purposes.contains { purpose in
            let words = purpose.lowercased()
            return words.contains("prefetch") || words.contains("prerender") || words.contains("preview")
        }
    }

    private func token(_ request: IncomingRequest) -> String { request.context.parameters.get("token") ?? "" }

    private static let cookieName = "calltrail_share"

    private var signer: LinkSigner { LinkSigner(keys: vault.signingKeys("share unlock")) }

    private func isUnlocked(_ request: IncomingRequest, _ link: ShareStore.Link) -> Bool {
        guard link.share.hasPassphrase else { return true }
        let pairs = request.request.headers[values: .cookie].flatMap { $0.split(separator: ";") }
        return pairs.contains { pair in
            let parts = pair.trimmingCharacters(in: .whitespaces).split(separator: "=", maxSplits: 1)
            guard parts.count == 2, parts[0] == Self.cookieName,
                let (tenant, id) = signer.verify(String(parts[1]), purpose: .shareUnlocked)
            else { return false }
            return tenant == link.tenant && id == link.recipient.id
        }
    }

    /// For this link alone, and no longer than it.
    private func cookie(for link: ShareStore.Link, path: String, now: Timestamp) -> String {
        let value = signer.token(purpose: .shareUnlocked, tenant: link.tenant, id: link.recipient.id)
        let seconds = (link.share.expiresAt.microseconds - now.microseconds) / 1_000_000
        return "\(Self.cookieName)=\(value); Path=\(path); Max-Age=\(seconds); HttpOnly; SameSite=Lax"
            + (isSecure ? "; Secure" : "")
    }

    private static func seeOther(_ path: String) -> Response {
        Response(status: .seeOther, headers: [.location: path])
    }
}

extension HTTPField.Name {
    /// `X-Robots-Tag`.
    static let xRobotsTag = named("x-robots-tag")
    /// `Purpose`.
    static let purpose = named("purpose")
    /// `Sec-Purpose`.
    static let secPurpose = named("sec-purpose")
    /// `X-Purpose`.
    static let xPurpose = named("x-purpose")
    /// `X-Moz`.
    static let xMoz = named("x-moz")
}
