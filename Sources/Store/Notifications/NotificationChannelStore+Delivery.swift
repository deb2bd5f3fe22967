public import Domain
public import Foundation
import Postgres
import Vault

extension NotificationChannelStore {
    /// A channel with its secrets, for whoever delivers.
    public struct Opened: Sendable {
        /// The channel.
        public var channel: NotificationChannel
        /// Its whole address.
        public var url: String
        /// What a webhook's messages are signed with: `whsec_` and base64.
        public var secret: String?
    }

    /// Days without a single delivery after which a channel is disabled, when enough have failed.
    static let mostDaysFailing: Int64 = 3
    /// Failures after which a channel may be disabled.
    static let leastFailures = 10

    /// A channel, to deliver to.
    /// - Parameters:
    ///   - id: the channel.
    ///   - tenant: whose channel.
    /// - Returns: nil when there is none.
    /// - Throws: `VaultError` when its secrets don't open; `DatabaseError`.
    public func findForDelivery(_ id: UUID, tenant: TenantID) async throws -> Opened? {
        let found = try await database.query(
            """
            select \(fragment: Self.columns), sealed_url, sealed_secret from notification_channel
            where tenant_id = \(tenant) and channel_id = \(id)
            """, in: .everyTenant
        ) { row in
            (try Self.channel(row), try row.decode([UInt8].self, at: 12), try row.decode([UInt8]?.self, at: 13))
        }.first
        guard let (channel, sealedURL, sealedSecret) = found, let channel else { return nil }
        return Opened(
            channel: channel, url: try vault.open(sealedURL, Self.place(tenant, id, "sealed_url")),
            secret: try sealedSecret.map { try vault.open($0, Self.place(tenant, id, "sealed_secret")) })
    }

    /// Notes that a delivery was taken.
    /// - Parameters:
    ///   - id: the channel.
    ///   - tenant: whose channel.
    ///   - now: by `app_now()`.
    /// - Throws: `DatabaseError`.
    public func noteSuccess(_ id: UUID, tenant: TenantID, now: Timestamp) async throws {
        _ = try await database.execute(
            """
            update notification_channel set failures = 0, failing_since = null, last_ok_at = \(now)
            where tenant_id = \(tenant) and channel_id = \(id)
            """, in: .everyTenant)
    }

    /// Notes that a delivery failed, and disables the channel when that is enough: at once when it says that it is gone;
    /// else when at least ten failed, over three days, and none was taken in between.
    /// - Parameters:
    ///   - id: the channel.
    ///   - tenant: whose channel.
    ///   - reason: why it failed, in words.
    ///   - isGone: whether it asked not to be called again.
    ///   - now: by `app_now()`.
    /// - Throws: `DatabaseError`.
    public func noteFailure(
        _ id: UUID, tenant: TenantID, reason: String, isGone: Bool, now: Timestamp
    ) async throws {
        let limit = now.advanced(bySeconds: -Self.mostDaysFailing * 86_400)
        let words =
            isGone ? reason : "nothing was taken in \(Self.mostDaysFailing) days; the last time: \(reason)"
        _ = try await database.execute(
            """
            update notification_channel
            set failures = failures + 1, failing_since = coalesce(failing_since, \(now)),
                disabled_at = coalesce(disabled_at, case when ends then \(now)::timestamptz end),
                disabled_reason = coalesce(disabled_reason, case when ends then \(words) end)
            from (
                select \(isGone) or (failures + 1 >= \(Int32(Self.leastFailures))
                                     and failing_since <= \(limit)) as ends
                from notification_channel where tenant_id = \(tenant) and channel_id = \(id) for no key update
            ) verdict
            where tenant_id = \(tenant) and channel_id = \(id)
            """, in: .everyTenant)
    }

    /// Asks for a test of a channel: a line in the ledger and the job that delivers it, in one transaction.
    /// - Parameters:
    ///   - id: the channel; one that is disabled may be tested too.
    ///   - tenant: whose channel.
    ///   - person: who asks; nil for somebody without an account.
    ///   - now: by `app_now()`.
    /// - Returns: the notification's id; nil when there is no such channel.
    /// - Throws: `DatabaseError`.
    public func test(_ id: UUID, tenant: TenantID, person: UUID?, now: Timestamp) async throws -> UUID? {
        let notification = UUID.version7(at: now)
        let name = notification.uuidString.lowercased()
        let isQueued = try await database.transaction(in: .everyTenant) { transaction in
            let queued = try transaction.execute(
                """
                insert into notification (tenant_id, notification_id, event, subject_key, channel, recipient, channel_id,
                                          state, reason, message_id, facts, created_at)
                select tenant_id, \(notification), 'test', \("test:\(name)"), kind, name, channel_id, 'queued',
                       'a test by ' || coalesce(asker.email, 'the operator'), \(name),
                       jsonb_build_object('channel_name', name, 'requested_by', asker.email), \(now)
                from notification_channel
                left join (select email from app_user where user_id = \(person)) asker on true
                where tenant_id = \(tenant) and channel_id = \(id)
                """)
            guard queued == 1 else { return false }
            let job = NewJob(HookNotificationJob(notification: notification), tenant: tenant)
            try JobQueue.enqueue([job], transaction)
            return true
        }
        guard isQueued else { return nil }
        database.jobSignal.send()
        return notification
    }
}
