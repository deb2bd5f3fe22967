public import Domain
public import Foundation
import Postgres

extension NotificationStore {
    /// A bot's first error, with everything that deciding about it needs.
    public struct FirstErrorCase: Sendable {
        /// The tenant's name.
        public var tenantName: String
        /// The cycle that the error opened.
        public var cycle: ErrorCycle
        /// The cycle before; nil when there was none.
        public var previous: ErrorCycle?
        /// When the error happened that opened the cycle before.
        public var previousErrorAt: Timestamp?
        /// The error; nil when it is no longer there.
        public var log: CallLog?
        /// What is set.
        public var settings: NotificationSettings
        /// The tenant's members.
        public var people: [NotificationPlan.Person]
        /// The tenant's hooks.
        public var hooks: [NotificationPlan.Hook]
    }

    /// A bot's first error.
    /// - Parameters:
    ///   - botKey: the bot.
    ///   - openedAt: when the cycle was opened.
    ///   - tenant: whose bot.
    /// - Returns: nil when there is no such cycle any more.
    /// - Throws: `DatabaseError`.
    public func firstErrorCase(botKey: Int32, openedAt: Timestamp, tenant: TenantID) async throws -> FirstErrorCase? {
        try await database.transaction(in: .everyTenant) { transaction in
            let cycle = try transaction.first(
                """
                select t.name, c.until, c.entry_id, c.entry_occurred_at, c.previous_opened_at, c.previous_until,
                       c.previous_entry_occurred_at
                from error_cycle c join tenant t on t.tenant_id = c.tenant_id
                where c.tenant_id = \(tenant) and c.bot_key = \(botKey) and c.opened_at = \(openedAt)
                """
            ) { row in
                try row.decode(
                    String.self, Timestamp.self, UUID.self, Timestamp.self, Timestamp?.self, Timestamp?.self,
                    Timestamp?.self)
            }
            guard let (name, until, entry, occurredAt, previousOpenedAt, previousUntil, previousErrorAt) = cycle else {
                return nil
            }
            let log = try transaction.first(
                """
                select \(fragment: CallLogStore.itemColumns)
                from call_log c join bot b on b.tenant_id = c.tenant_id and b.bot_key = c.bot_key
                where c.tenant_id = \(tenant) and c.occurred_at = \(occurredAt) and c.id = \(entry)
                """
            ) { row in try CallLogStore.item(row).log }
            var previous: ErrorCycle?
            if let previousOpenedAt, let previousUntil {
                previous = ErrorCycle(openedAt: previousOpenedAt, until: previousUntil)
            }
            return FirstErrorCase(
                tenantName: name, cycle: ErrorCycle(openedAt: openedAt, until: until), previous: previous,
                previousErrorAt: previousErrorAt, log: log,
                settings: try transaction.first(
                    NotificationSettingStore.select(tenant), NotificationSettingStore.settings) ?? .usual,
                people: try Self.people(tenant, transaction), hooks: try Self.hooks(tenant, transaction))
        }
    }

    /// How many errors of a bot happened in a cycle: whole hours from the hourly counts, the rest from the calls.
    /// - Parameters:
    ///   - cycle: the cycle.
    ///   - botKey: the bot.
    ///   - tenant: whose bot.
    /// - Throws: `DatabaseError`.
    public func errors(in cycle: ErrorCycle, botKey: Int32, tenant: TenantID) async throws -> Int {
        let firstHour = cycle.openedAt.hour.advanced(bySeconds: 3600)
        let lastHour = cycle.until.hour
        return try await database.query(
            """
            select (select coalesce(sum(entries), 0) from call_count
                    where tenant_id = \(tenant) and bot_key = \(botKey) and is_error
                      and hour >= \(firstHour) and hour < \(lastHour))::bigint
                 + (select count(*) from call_log
                    where tenant_id = \(tenant) and bot_key = \(botKey) and is_error
                      and occurred_at > \(cycle.openedAt) and occurred_at < \(min(firstHour, cycle.until)))
                 + (select count(*) from call_log
                    where tenant_id = \(tenant) and bot_key = \(botKey) and is_error
                      and occurred_at >= \(max(lastHour, firstHour)) and occurred_at < \(cycle.until))
            """, in: .everyTenant
        ) { row in Int(try row.decode(Int64.self, at: 0)) }.first ?? 0
    }

    /// Since when calls of a bot had succeeded again before an error: the first success after the last error before it.
    /// - Parameters:
    ///   - error: the error.
    ///   - since: how far back to look.
    ///   - botKey: the bot.
    ///   - tenant: whose bot.
    /// - Returns: nil when nothing succeeded in between.
    /// - Throws: `DatabaseError`.
    public func recovery(
        before error: Timestamp, since: Timestamp, botKey: Int32, tenant: TenantID
    ) async throws -> Timestamp? {
        try await database.query(
            """
            select c.occurred_at from call_log c
            where c.tenant_id = \(tenant) and c.bot_key = \(botKey) and not c.is_error and c.occurred_at < \(error)
              and c.occurred_at > (
                select occurred_at from call_log
                where tenant_id = \(tenant) and bot_key = \(botKey) and is_error
                  and occurred_at >= \(since) and occurred_at < \(error)
                order by occurred_at desc limit 1)
            order by c.occurred_at limit 1
            """, in: .everyTenant
        ) { row in try row.decode(Timestamp.self, at: 0) }.first
    }

    /// Writes a plan into the ledger, asks for what is to be sent, and ends the job that decided, all or nothing. Decisions
    /// that stand already are not taken again.
    /// - Parameters:
    ///   - plan: what was decided.
    ///   - event: what happened.
    ///   - subjectKey: what it is about, the same for everybody who is told of it.
    ///   - facts: what the messages say, JSON.
    ///   - botKey: the bot that it is about.
    ///   - entryID: the call that it is about.
    ///   - mailDomain: the part of a mail's Message-ID behind the `@`.
    ///   - tenant: whose.
    ///   - lease: the job that decided.
    ///   - now: by `app_now()`.
    /// - Throws: `LeaseLost`; `DatabaseError`.
    public func record(
        _ plan: NotificationPlan, event: NotificationEvent, subjectKey: String, facts: String, botKey: Int32?,
        entryID: UUID?, mailDomain: String, tenant: TenantID, lease: JobLease, now: Timestamp
    ) async throws {
        let decisions = plan.decisions.map { (id: UUID.version7(at: now), decision: $0) }
        let isQueued = try await database.transaction(in: .everyTenant) { transaction in
            var mails: [NewJob<MailNotificationJob>] = []
            var hooks: [NewJob<HookNotificationJob>] = []
            for (id, decision) in decisions {
                let name = id.uuidString.lowercased()
                let messageID = decision.medium == .mail ? "<\(name)@\(mailDomain)>" : name
                let isNew = try transaction.execute(
                    """
                    insert into notification (tenant_id, notification_id, event, subject_key, channel, recipient, user_id,
                                              channel_id, state, reason, message_id, bot_key, entry_id, facts, created_at,
                                              due_at)
                    values (\(tenant), \(id), \(event.rawValue), \(subjectKey), \(decision.medium.rawValue),
                            \(decision.recipient), \(decision.userID), \(decision.channelID), \(decision.state.rawValue),
                            \(decision.reason), \(decision.state == .queued ? messageID : nil), \(botKey), \(entryID),
                            \(facts)::text::jsonb, \(now), \(decision.dueAt))
                    on conflict (tenant_id, subject_key, channel, recipient) do nothing
                    """)
                guard isNew == 1, decision.state == .queued else { continue }
                switch decision.medium {
                case .mail:
                    mails.append(
                        NewJob(MailNotificationJob(notification: id), tenant: tenant, runAt: decision.dueAt))
                case .webhook, .slack:
                    hooks.append(
                        NewJob(HookNotificationJob(notification: id), tenant: tenant, runAt: decision.dueAt))
                case .none: break
                }
            }
            try JobQueue.enqueue(mails, transaction)
            try JobQueue.enqueue(hooks, transaction)
            try JobStore.finish(lease, transaction)
            return !mails.isEmpty || !hooks.isEmpty
        }
        if isQueued { database.jobSignal.send() }
    }

    static func people(
        _ tenant: TenantID, _ transaction: isolated PostgresConnection
    ) throws -> [NotificationPlan.Person] {
        let members = try MemberStore.all(of: tenant, transaction)
        let preferences = try transaction.query(
            "select user_id, first_error, reauthorise from notification_preference where tenant_id = \(tenant)"
        ) { row in
            (
                try row.decode(UUID.self, at: 0),
                NotificationPreferences(
                    firstError: try row.decode(Bool.self, at: 1), reauthorise: try row.decode(Bool.self, at: 2))
            )
        }
        let known = Dictionary(preferences, uniquingKeysWith: { first, _ in first })
        return members.map { NotificationPlan.Person(member: $0, preferences: known[$0.userID] ?? .usual) }
    }

    static func hooks(
        _ tenant: TenantID, _ transaction: isolated PostgresConnection
    ) throws -> [NotificationPlan.Hook] {
        try transaction.query(
            """
            select channel_id, kind, name, events, disabled_reason from notification_channel
            where tenant_id = \(tenant) order by created_at, channel_id
            """
        ) { row in
            let (id, kind, name, events, reason) = try row.decode(
                UUID.self, String.self, String.self, [String].self, String?.self)
            return NotificationPlan.Hook(
                id: id, medium: NotificationMedium(rawValue: kind) ?? .none, name: name, events: events,
                disabledReason: reason)
        }
    }
}
