public import Domain
import Foundation
public import Mail
public import Store

/// Gets one notification to a person by mail.
///
/// Running twice is safe up to one repeat: the ledger knows that a try was begun. When a try may have got through though
/// nobody said so, it is repeated once, under the same Message-ID, so that mail programs show it once; after that it stays
/// uncertain.
public struct MailNotificationKind: JobKind {
    /// Tries for a day: a mail server may be gone that long, and older news alerts nobody.
    public let limits = JobLimits {
        $0.attempts = 40
        $0.timeout = .seconds(100)
        $0.concurrency = 4
        $0.backoff = Backoff(first: 15, factor: 3, longest: 3600)
    }
    /// Seconds after which a notification is too old to be sent.
    static let longestSeconds: Int64 = 86_400

    private let store: NotificationStore
    private let mail: MailSender
    private let links: PublicLinks
    private let signer: LinkSigner
    private let tracksOpening: Bool

    /// Prepares to send.
    /// - Parameters:
    ///   - store: the ledger.
    ///   - mail: sends mails.
    ///   - links: where people read more.
    ///   - signer: signs the links that work without signing in.
    ///   - tracksOpening: whether mails carry the image that tells that they were opened.
    public init(
        store: NotificationStore, mail: MailSender, links: PublicLinks, signer: LinkSigner, tracksOpening: Bool
    ) {
        self.store = store
        self.mail = mail
        self.links = links
        self.signer = signer
        self.tracksOpening = tracksOpening
    }

    /// Sends one mail.
    public func run(_ payload: MailNotificationJob, _ run: JobRun) async throws -> JobOutcome {
        guard let tenant = run.tenant else { return .dead("a notification without a tenant") }
        guard
            let pending = try await store.begin(payload.notification, tenant: tenant, lease: run.lease, now: run.now)
        else { return .done("it is over already") }
        func finish(_ state: NotificationState, _ reason: String) async throws -> JobOutcome {
            // what was found out is noted also when the run was cancelled meanwhile
            try await uncancelled {
                try await store.finish(
                    pending.id, tenant: tenant, lease: run.lease, state: state, reason: reason, now: run.now,
                    keepsJob: state == .dead)
            }
            return state == .dead ? .dead(reason) : .finished
        }
        if let objection = pending.objection { return try await finish(.suppressed, objection) }
        if let end = await quietEnd(pending, run) {
            let reason = "quiet hours until \(end)"
            try await uncancelled {
                try await store.putBack(pending.id, tenant: tenant, lease: run.lease, reason: reason)
            }
            return .later(end, reason: reason)
        }
        if pending.uncertainties > 1 {
            return try await finish(.uncertain, "it may have been sent twice; not tried again")
        }
        let start = max(pending.dueAt ?? pending.createdAt, pending.createdAt)
        guard run.now <= start.advanced(bySeconds: Self.longestSeconds) else {
            return try await finish(Self.end(pending), "it could not be sent within 24 hours")
        }
        guard let message = try message(pending) else {
            return try await finish(.dead, "there is no mail for this event")
        }
        let answer: String
        do { answer = try await mail.send(message, date: pending.createdAt) } catch {
            return try await failed(error, pending, run, finish)
        }
        return try await finish(.sent, answer + (pending.uncertainties > 0 ? "; it may have been sent twice" : ""))
    }

    /// A retry, or a worker that was late, may fall into hours that were not quiet when it was decided. Where the settings can't
    /// be read, being told counts for more than sleep.
    private func quietEnd(_ pending: NotificationStore.PendingNotification, _ run: JobRun) async -> Timestamp? {
        guard pending.event != .test else { return nil }
        return await store.quietEnd(of: pending.tenant, at: run.now)
    }

    private func failed(
        _ failure: MailFailure, _ pending: NotificationStore.PendingNotification, _ run: JobRun,
        _ finish: (NotificationState, String) async throws -> JobOutcome
    ) async throws -> JobOutcome {
        switch failure.kind {
        case .permanent: return try await finish(Self.end(pending), "refused: \(failure.words)")
        case .uncertain where pending.uncertainties > 0:
            return try await finish(.uncertain, "\(failure); not tried again")
        case .transient, .configuration, .uncertain:
            let isUncertain = failure.kind == .uncertain
            guard !run.isLastAttempt else {
                return try await finish(isUncertain ? .uncertain : Self.end(pending), "\(failure)")
            }
            try await uncancelled {
                try await store.putBack(
                    pending.id, tenant: pending.tenant, lease: run.lease,
                    reason: isUncertain ? "\(failure); tried once more" : "not sent yet: \(failure)",
                    isUncertain: isUncertain)
            }
            return .failed("\(failure)")
        }
    }

    /// What a notification ends as that was not taken now: an earlier try may have got through.
    private static func end(_ pending: NotificationStore.PendingNotification) -> NotificationState {
        pending.uncertainties > 0 ? .uncertain : .dead
    }

    private func message(_ pending: NotificationStore.PendingNotification) throws -> MailMessage? {
        guard let recipient = EmailAddress(pending.recipient) else { return nil }
        let name = pending.id.uuidString.lowercased()
        let unsubscribe = links.unsubscribe(
            signer.token(purpose: .unsubscribe, tenant: pending.tenant, id: pending.id))
        let pixel =
            tracksOpening
            ? links.opened(signer.token(purpose: .opened, tenant: pending.tenant, id: pending.id)) : nil
        switch pending.event {
        case .firstError:
            let news = try JSONDecoder().decode(FirstErrorNews.self, from: Data(pending.factsJSON.utf8))
            let facts = FirstErrorFacts(
                news, settingsURL: links.notificationSettings, unsubscribeURL: unsubscribe, pixelURL: pixel)
            return .firstError(id: name, to: recipient, facts: facts)
        case .test:
            return .test(
                id: name, to: recipient, tenant: pending.tenantName, settingsURL: links.notificationSettings)
        case .reauthorise:
            // what cannot be read now will not be read by another try either
            guard let news = try? JSONDecoder().decode(ConnectionNews.self, from: Data(pending.factsJSON.utf8)) else {
                return nil
            }
            return .connection(
                id: name, to: recipient, news: news, settingsURL: links.notificationSettings,
                unsubscribeURL: unsubscribe, pixelURL: pixel)
        }
    }
}

extension FirstErrorFacts {
    /// The mail's facts from the ledger's.
    fileprivate init(_ news: FirstErrorNews, settingsURL: String, unsubscribeURL: String, pixelURL: String?) {
        func time(_ text: String?) -> Timestamp? { text.flatMap { Timestamp(rfc3339: $0) } }
        var previous: Previous?
        if let errors = news.previousErrors, let since = time(news.previousSince), let until = time(news.previousUntil)
        {
            previous = Previous(errors: errors, since: since, until: until, recoveredAt: time(news.recoveredAt))
        }
        let nothing = Timestamp(microseconds: 0)
        self.init(
            tenantName: news.tenantName, botID: news.botID, botName: news.botName,
            applicationName: news.applicationName, statusCode: news.statusCode, errorMessage: news.errorMessage,
            reading: news.reading, occurredAt: time(news.occurredAt) ?? nothing, sourceLabel: news.source,
            method: news.method, urlHost: news.urlHost, durationMilliseconds: news.durationMs, entryURL: news.entryURL,
            botLogsURL: news.botLogsURL, cycleUntil: time(news.cycleUntil) ?? nothing, previous: previous,
            settingsURL: settingsURL, unsubscribeURL: unsubscribeURL, pixelURL: pixelURL)
    }
}
