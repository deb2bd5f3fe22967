public import Domain
public import Foundation
import Postgres

extension NotificationStore {
    /// A notification that is to be sent.
    public struct PendingNotification: Sendable {
        /// The ledger's id.
        public var id: UUID
        /// Whose.
        public var tenant: TenantID
        /// The tenant's name.
        public var tenantName: String
        /// What it is about.
        public var event: NotificationEvent
        /// The same for everybody who is told of it.
        public var subjectKey: String
        /// How.
        public var medium: NotificationMedium
        /// An address, or the name of a hook.
        public var recipient: String
        /// The person; nil for hooks.
        public var userID: UUID?
        /// The hook; nil for people.
        public var channelID: UUID?
        /// What the message says, JSON.
        public var factsJSON: String
        /// Tries, this one included.
        public var attempts: Int
        /// Tries that may have got through though nobody said so.
        public var uncertainties: Int
        /// When it was decided.
        public var createdAt: Timestamp
        /// Not before this.
        public var dueAt: Timestamp?
        /// Why it must not be sent any more; nil when it may.
        public var objection: String?
    }

    /// Begins a try: marks the notification as being sent and counts the try.
    ///
    /// When the last try was begun and never ended, its worker was lost at a moment when the message may have been out: that
    /// counts as an uncertainty.
    /// - Parameters:
    ///   - id: the notification.
    ///   - tenant: whose.
    ///   - lease: the job that sends it.
    ///   - now: by `app_now()`.
    /// - Returns: nil when it is over already.
    /// - Throws: `LeaseLost`; `DatabaseError`.
    public func begin(
        _ id: UUID, tenant: TenantID, lease: JobLease, now: Timestamp
    ) async throws -> PendingNotification? {
        try await database.transaction(in: .everyTenant) { transaction in
            try JobStore.hold(lease, transaction)
            return try transaction.first(
                """
                update notification n
                set state = 'sending', attempts = n.attempts + 1,
                    uncertainties = n.uncertainties + case when n.state = 'sending' then 1 else 0 end
                from tenant t
                where n.tenant_id = \(tenant) and n.notification_id = \(id) and t.tenant_id = n.tenant_id
                  and n.state in ('queued', 'sending', 'uncertain')
                returning n.event, n.subject_key, n.channel, n.recipient, n.user_id, n.channel_id, n.facts::text,
                          n.attempts, n.uncertainties, n.created_at, n.due_at, t.name,
                          (select case when m.user_id is null or m.disabled_at is not null or u.disabled_at is not null
                                       then 'no longer a member'
                                       when case n.event when 'first_error' then p.first_error
                                                         when 'reauthorise' then p.reauthorise end is false
                                       then 'switched off by the recipient' end
                           from (select 1) one
                           left join membership m on m.tenant_id = n.tenant_id and m.user_id = n.user_id
                           left join app_user u on u.user_id = m.user_id
                           left join notification_preference p on p.tenant_id = n.tenant_id and p.user_id = n.user_id)
                """
            ) { row in
                let userID = try row.decode(UUID?.self, at: 4)
                return PendingNotification(
                    id: id, tenant: tenant, tenantName: try row.text(at: 11) ?? "",
                    event: NotificationEvent(rawValue: try row.text(at: 0) ?? "") ?? .test,
                    subjectKey: try row.text(at: 1) ?? "",
                    medium: NotificationMedium(rawValue: try row.text(at: 2) ?? "") ?? .none,
                    recipient: try row.text(at: 3) ?? "", userID: userID, channelID: try row.decode(UUID?.self, at: 5),
                    factsJSON: try row.text(at: 6) ?? "{}", attempts: Int(try row.int16(at: 7) ?? 0),
                    uncertainties: Int(try row.int16(at: 8) ?? 0), createdAt: try row.decode(Timestamp.self, at: 9),
                    dueAt: try row.decode(Timestamp?.self, at: 10),
                    objection: userID == nil ? nil : try row.text(at: 12))
            }
        }
    }

    /// Ends a notification for good, and its job with it.
    /// - Parameters:
    ///   - id: the notification.
    ///   - tenant: whose.
    ///   - lease: the job that sent it.
    ///   - state: sent, uncertain, suppressed or dead.
    ///   - reason: in words.
    ///   - now: by `app_now()`.
    ///   - keepsJob: true leaves the job to the caller, to be kept as dead.
    /// - Throws: `LeaseLost`: somebody else has the job, and what they find counts; `DatabaseError`.
    public func finish(
        _ id: UUID, tenant: TenantID, lease: JobLease, state: NotificationState, reason: String, now: Timestamp,
        keepsJob: Bool = false
    ) async throws {
        try await database.transaction(in: .everyTenant) { transaction in
            if keepsJob {
                try JobStore.hold(lease, transaction)
            } else {
                try JobStore.finish(lease, transaction)
            }
            try transaction.execute(
                """
                update notification
                set state = \(state.rawValue), reason = \(reason.plainLine(longest: 500)),
                    sent_at = case when \(state == .sent) then \(now) else sent_at end
                where tenant_id = \(tenant) and notification_id = \(id)
                """)
        }
    }

    /// When the quiet hours end that hold a time; nil when it is not quiet, or when that can't be found out.
    /// - Parameters:
    ///   - tenant: whose.
    ///   - time: by `app_now()`.
    public func quietEnd(of tenant: TenantID, at time: Timestamp) async -> Timestamp? {
        try? await NotificationSettingStore(database: database).settings(of: tenant).quietHours?.end(holding: time)
    }

    /// Puts a notification back before another try.
    /// - Parameters:
    ///   - id: the notification.
    ///   - tenant: whose.
    ///   - lease: the job that sends it.
    ///   - reason: why it was not sent.
    ///   - isUncertain: whether it may have got through.
    /// - Throws: `LeaseLost`; `DatabaseError`.
    public func putBack(
        _ id: UUID, tenant: TenantID, lease: JobLease, reason: String, isUncertain: Bool = false
    ) async throws {
        try await database.transaction(in: .everyTenant) { transaction in
            try JobStore.hold(lease, transaction)
            try transaction.execute(
                """
                update notification
                set state = \((isUncertain ? NotificationState.uncertain : .queued).rawValue),
                    reason = \(reason.plainLine(longest: 500)), uncertainties = uncertainties + \(Int16(isUncertain ? 1 : 0))
                where tenant_id = \(tenant) and notification_id = \(id)
                """)
        }
    }
}
