public import Domain
import Foundation
public import Logging
public import Store

/// Decides who is told of a bot's first error, and writes every decision into the ledger.
///
/// Running twice is safe: a decision that stands in the ledger is not taken again, and the ledger, the jobs that send and
/// the end of this job are one transaction.
public struct FirstErrorKind: JobKind {
    /// Decisions are quick.
    public let limits = JobLimits {
        $0.attempts = 20
        $0.timeout = .seconds(60)
        $0.concurrency = 4
        $0.backoff = Backoff(first: 2, factor: 2, longest: 600)
    }

    private let store: NotificationStore
    private let links: PublicLinks
    private let mailDomain: String
    private let logger: Logger

    /// Prepares to decide.
    /// - Parameters:
    ///   - store: the ledger.
    ///   - links: where people read more.
    ///   - mailDomain: the part of a mail's Message-ID behind the `@`.
    ///   - logger: for what could not be found out.
    public init(store: NotificationStore, links: PublicLinks, mailDomain: String, logger: Logger) {
        self.store = store
        self.links = links
        self.mailDomain = mailDomain
        self.logger = logger
    }

    /// Decides about one cycle.
    public func run(_ payload: FirstErrorJob, _ run: JobRun) async throws -> JobOutcome {
        let openedAt = Timestamp(microseconds: payload.openedAt)
        guard let tenant = run.tenant else { return .dead("a first error without a tenant") }
        guard let found = try await store.firstErrorCase(botKey: payload.botKey, openedAt: openedAt, tenant: tenant)
        else {
            return try await suppress(payload, "nobody could be told within the 24 hours of its cycle", tenant, run)
        }
        guard let log = found.log, ErrorCycle.mayOpen(occurredAt: log.occurredAt, now: run.now) else {
            return try await suppress(payload, "older than 24 hours when somebody could be told", tenant, run)
        }
        let reading = StatusReading.sentence(
            statusCode: Int(log.statusCode), application: log.application.name, errorType: log.error?.type)
        var news = FirstErrorNews(
            log, tenantName: found.tenantName, reading: reading, cycle: found.cycle, links: links)
        await addHistory(to: &news, found, log, payload.botKey, tenant)
        let plan = NotificationPlan(
            .firstError, people: found.people, hooks: found.hooks, settings: found.settings, now: run.now)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        try await store.record(
            plan, event: .firstError,
            subjectKey: ErrorCycle.subjectKey(botKey: payload.botKey, openedAt: openedAt),
            facts: String(decoding: try encoder.encode(news), as: UTF8.self), botKey: payload.botKey,
            entryID: log.id, mailDomain: mailDomain, tenant: tenant, lease: run.lease, now: run.now)
        return .finished
    }

    /// Nobody is told, and the ledger says why.
    private func suppress(
        _ payload: FirstErrorJob, _ reason: String, _ tenant: TenantID, _ run: JobRun
    ) async throws -> JobOutcome {
        try await store.record(
            NotificationPlan(suppressing: reason), event: .firstError,
            subjectKey: ErrorCycle.subjectKey(
                botKey: payload.botKey, openedAt: Timestamp(microseconds: payload.openedAt)),
            facts: "{}", botKey: payload.botKey, entryID: payload.entry, mailDomain: mailDomain, tenant: tenant,
            lease: run.lease,
            now: run.now)
        return .finished
    }

    /// What followed the last mail. A message without it is better than none.
    private func addHistory(
        to news: inout FirstErrorNews, _ found: NotificationStore.FirstErrorCase, _ log: CallLog, _ botKey: Int32,
        _ tenant: TenantID
    ) async {
        guard let previous = found.previous else { return }
        do {
            // from the error that opened the cycle on, though it may have come late and with others; it is not one that followed
            let first = min(found.previousErrorAt ?? previous.openedAt, previous.openedAt)
            let span = ErrorCycle(openedAt: Timestamp(microseconds: first.microseconds - 1), until: previous.until)
            news.previousErrors = max(try await store.errors(in: span, botKey: botKey, tenant: tenant) - 1, 0)
            news.previousSince = previous.openedAt.description
            news.previousUntil = previous.until.description
            news.recoveredAt = try await store.recovery(
                before: log.occurredAt, since: span.openedAt, botKey: botKey, tenant: tenant)?.description
        } catch {
            logger.warning("what followed the last mail could not be found out", metadata: ["error": "\(error)"])
        }
    }
}
