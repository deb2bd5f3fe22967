public import Domain
import Foundation
public import Mail
public import Store

/// Mails a share's link to one of its recipients.
///
/// Running twice is safe up to one repeat: the recipient's row knows that a try was begun. When a mail may have got through
/// though nobody said so, it is sent once more under the same Message-ID, and the links of both are good.
public struct ShareMailKind: JobKind {
    /// Tries for a day or so: a mail server may be gone that long. The share's end is the end of them too.
    public let limits = JobLimits {
        $0.attempts = 40
        $0.timeout = .seconds(100)
        $0.concurrency = 4
        $0.backoff = Backoff(first: 10, factor: 3, longest: 3600)
    }

    private let shares: ShareStore
    private let mail: MailSender
    private let links: PublicLinks
    private let signer: LinkSigner
    private let tracksOpening: Bool

    /// Prepares to send.
    /// - Parameters:
    ///   - shares: whose links.
    ///   - mail: sends mails.
    ///   - links: where the links lead.
    ///   - signer: signs the image that tells that a mail was opened.
    ///   - tracksOpening: whether mails carry it.
    public init(shares: ShareStore, mail: MailSender, links: PublicLinks, signer: LinkSigner, tracksOpening: Bool) {
        self.shares = shares
        self.mail = mail
        self.links = links
        self.signer = signer
        self.tracksOpening = tracksOpening
    }

    /// Sends one mail.
    public func run(_ payload: ShareMailJob, _ run: JobRun) async throws -> JobOutcome {
        guard let tenant = run.tenant else { return .dead("a share without a tenant") }
        guard let pending = try await shares.begin(payload, tenant: tenant, lease: run.lease, now: run.now) else {
            return .done("it is over already")
        }
        guard pending.uncertainties < 2 else {
            return try await giveUp(pending, run, "it may have been sent twice; not tried again")
        }
        let message: MailMessage
        do { message = try await self.message(pending, now: run.now) } catch let objection as Objection {
            return try await giveUp(pending, run, objection.words, isFailure: false)
        }
        let store = shares
        do {
            _ = try await mail.send(message, date: pending.share.createdAt)
        } catch {
            return try await failed(error, pending, run)
        }
        // what was found out is noted also when the run was cancelled meanwhile
        try await uncancelled { try await store.finish(pending, lease: run.lease, now: run.now) }
        return .finished
    }

    /// Why nobody is to get the mail any more.
    private struct Objection: Error {
        var words: String
    }

    private func failed(
        _ failure: MailFailure, _ pending: ShareStore.PendingMail, _ run: JobRun
    ) async throws -> JobOutcome {
        switch failure.kind {
        case .permanent: return try await giveUp(pending, run, "refused: \(failure.words)")
        case .uncertain where pending.uncertainties > 0:
            return try await giveUp(pending, run, "\(failure); it may have been sent, and is not tried again")
        case .transient, .configuration, .uncertain:
            guard !run.isLastAttempt else { return try await giveUp(pending, run, "\(failure)") }
            let store = shares
            let isUncertain = failure.kind == .uncertain
            try await uncancelled {
                try await store.putBack(
                    pending, lease: run.lease, reason: "not sent yet: \(failure)", isUncertain: isUncertain)
            }
            return .failed("\(failure)")
        }
    }

    private func giveUp(
        _ pending: ShareStore.PendingMail, _ run: JobRun, _ reason: String, isFailure: Bool = true
    ) async throws -> JobOutcome {
        let store = shares
        try await uncancelled {
            try await store.giveUp(pending, lease: run.lease, reason: reason, keepsJob: isFailure)
        }
        return isFailure ? .dead(reason) : .finished
    }

    private func message(_ pending: ShareStore.PendingMail, now: Timestamp) async throws -> MailMessage {
        let share = pending.share
        switch share.state {
        case .active: break
        case .revoked: throw Objection(words: "the share was revoked before the mail was sent")
        case .expired: throw Objection(words: "the share expired before the mail was sent")
        case .callExpired: throw Objection(words: "the call expired before the mail was sent")
        }
        guard let recipient = EmailAddress(pending.recipient.email), let sharer = EmailAddress(share.createdByEmail)
        else { throw Objection(words: "there is no such address") }
        guard let log = try await shares.log(of: pending, now: now) else {
            throw Objection(words: "the call expired before the mail was sent")
        }
        let pixel = signer.token(purpose: .shareMailOpened, tenant: pending.tenant, id: pending.recipient.id)
        let call = ShareFacts.Call(
            applicationName: log.application.name, statusCode: Int(log.statusCode), isError: log.status == .error,
            occurredAt: log.occurredAt, method: log.method.rawValue, urlHost: Self.hostAndPath(log.url),
            bot: log.bot.name ?? log.bot.id)
        let facts = ShareFacts(
            tenantName: pending.tenantName, sharerName: share.createdByName, sharer: sharer, message: share.message,
            call: share.hasPassphrase ? nil : call, link: links.share(pending.token), expiresAt: share.expiresAt,
            pixelURL: tracksOpening ? links.opened(pixel) : nil)
        return .share(id: "share-\(pending.recipient.id.uuidString.lowercased())", to: recipient, facts: facts)
    }

    /// Without scheme, user and query: what a mail may tell.
    private static func hostAndPath(_ url: String) -> String {
        let rest = url.range(of: "://").map { url[$0.upperBound...] } ?? url[...]
        let plain = rest.prefix { $0 != "?" && $0 != "#" }
        let authority = plain.prefix { $0 != "/" }
        guard let at = authority.lastIndex(of: "@") else { return String(plain) }
        return String(plain[plain.index(after: at)...])
    }
}
