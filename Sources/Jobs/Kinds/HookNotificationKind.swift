public import Domain
import Foundation
public import Store
import Transfer
import Vault

/// Gets a notification to a webhook or to Slack.
///
/// Running twice is safe: a notification that is over is not sent again. One that was sent, but whose worker was lost
/// before it could note so, is; a webhook can tell by the message's id, which stays the same, and Slack shows it twice.
public struct HookNotificationKind: JobKind {
    /// Twelve attempts in about 21 hours: 5 s after the first, three times longer each time, up to 20,000 s.
    public let limits = JobLimits { limits in
        limits.attempts = 12
        limits.timeout = .seconds(60)
        limits.concurrency = 32
        limits.backoff = Backoff(first: 5, factor: 3, longest: 20_000, jitter: 0.1)
    }

    private let notifications: NotificationStore
    private let channels: NotificationChannelStore
    private let sender: HookSender

    /// A kind that works on some stores.
    /// - Parameters:
    ///   - notifications: the ledger.
    ///   - channels: the hooks.
    ///   - sender: posts to them.
    public init(notifications: NotificationStore, channels: NotificationChannelStore, sender: HookSender) {
        self.notifications = notifications
        self.channels = channels
        self.sender = sender
    }

    /// A try that is under way.
    private struct Attempt {
        let notification: NotificationStore.PendingNotification
        let run: JobRun
        let began = ContinuousClock.now
    }

    /// Sends one notification.
    public func run(_ payload: HookNotificationJob, _ run: JobRun) async throws -> JobOutcome {
        guard let tenant = run.tenant else { return .dead("the notification is nobody's") }
        let begun = try await notifications.begin(payload.notification, tenant: tenant, lease: run.lease, now: run.now)
        guard let begun else { return .done("it was over already") }
        let attempt = Attempt(notification: begun, run: run)
        let found: NotificationChannelStore.Opened?
        do { found = try await channel(of: begun) } catch let error as VaultError {
            // somebody may put the key back
            return try await tryAgain(attempt, reason: "\(error)")
        }
        guard let opened = found else { return try await end(attempt, .suppressed, "the channel was removed") }
        if let reason = opened.channel.disabledReason, begun.event != .test {
            return try await end(attempt, .suppressed, "the channel is disabled: \(reason)")
        }
        // people read a chat; machines do not sleep
        if opened.channel.kind == .slack, begun.event != .test,
            let end = await notifications.quietEnd(of: tenant, at: run.now)
        {
            let reason = "quiet hours until \(end)"
            try await putBack(attempt, reason, isUncertain: false)
            return .later(end, reason: reason)
        }
        return try await conclude(attempt, opened.channel.id, try await send(begun, to: opened))
    }

    private func channel(
        of notification: NotificationStore.PendingNotification
    ) async throws -> NotificationChannelStore.Opened? {
        guard let id = notification.channelID else { return nil }
        return try await channels.findForDelivery(id, tenant: notification.tenant)
    }

    private func send(
        _ notification: NotificationStore.PendingNotification, to opened: NotificationChannelStore.Opened
    ) async throws -> HookSender.Outcome {
        let news = HookNews(
            notification.event, factsJSON: notification.factsJSON, createdAt: notification.createdAt)
        switch opened.channel.kind {
        case .webhook:
            let message = try WebhookMessage(id: notification.id, news)
            guard let headers = message.headers(secret: opened.secret ?? "", date: Date()) else {
                return .refused("its secret can't be used")
            }
            return try await sender.post(message.body, to: opened.url, headers: headers, tellsWhy: false)
        case .slack:
            return try await sender.post(try SlackMessage(news).body, to: opened.url, headers: [], tellsWhy: true)
        }
    }

    /// Notes what became of a post: in the channel, so that one that is dead for days is disabled, and in the ledger.
    private func conclude(_ attempt: Attempt, _ channel: UUID, _ outcome: HookSender.Outcome) async throws -> JobOutcome
    {
        let (tenant, now) = (attempt.notification.tenant, attempt.run.now)
        func noteFailure(_ reason: String, isGone: Bool = false) async throws {
            try await channels.noteFailure(channel, tenant: tenant, reason: reason, isGone: isGone, now: now)
        }
        switch outcome {
        case .taken:
            let ended = try await end(attempt, .sent, "it was taken")
            // the notification is over, whatever becomes of this
            try? await channels.noteSuccess(channel, tenant: tenant, now: now)
            return ended
        case .gone(let reason):
            try await noteFailure(reason, isGone: true)
            return try await end(attempt, .dead, reason)
        case .refused(let reason):
            try await noteFailure(reason)
            return try await end(attempt, .dead, reason)
        case .unknown(let reason):
            try await noteFailure(reason)
            return try await end(attempt, .uncertain, reason)
        case .failed(let reason, let seconds, let mayHaveArrived):
            try await noteFailure(reason)
            return try await tryAgain(attempt, reason: reason, after: seconds, isUncertain: mayHaveArrived)
        case .interrupted:
            let reason = "the worker was stopped"
            try await putBack(attempt, reason, isUncertain: true)
            return .later(now, reason: reason)
        }
    }

    /// Has the notification sent again later, unless this was the last attempt.
    ///
    /// A wait that the hook asked for, which is never shorter than the usual one, does not count as an attempt of the job, so
    /// the ledger's own count ends it.
    private func tryAgain(
        _ attempt: Attempt, reason: String, after seconds: Int64? = nil, isUncertain: Bool = false
    ) async throws -> JobOutcome {
        let (notification, run) = (attempt.notification, attempt.run)
        guard !run.isLastAttempt, notification.attempts < limits.attempts else {
            let words = "given up after \(notification.attempts) attempts; the last time: \(reason)"
            let mayHaveArrived = isUncertain || notification.uncertainties > 0
            return try await end(attempt, mayHaveArrived ? .uncertain : .dead, words)
        }
        try await putBack(attempt, reason, isUncertain: isUncertain)
        guard let seconds else { return .failed(reason) }
        let usual = limits.backoff.seconds(after: notification.attempts, random: .random(in: 0...1))
        let elapsed = (ContinuousClock.now - attempt.began).components.seconds + 1
        return .later(run.now.advanced(bySeconds: max(seconds, Int64(usual)) + elapsed), reason: reason)
    }

    private func end(_ attempt: Attempt, _ state: NotificationState, _ reason: String) async throws -> JobOutcome {
        try await uncancelled {
            try await notifications.finish(
                attempt.notification.id, tenant: attempt.notification.tenant, lease: attempt.run.lease, state: state,
                reason: reason, now: attempt.run.now)
        }
        return .finished
    }

    private func putBack(_ attempt: Attempt, _ reason: String, isUncertain: Bool) async throws {
        try await uncancelled {
            try await notifications.putBack(
                attempt.notification.id, tenant: attempt.notification.tenant, lease: attempt.run.lease, reason: reason,
                isUncertain: isUncertain)
        }
    }
}
