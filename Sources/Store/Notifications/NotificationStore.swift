public import Domain
public import Foundation
import Postgres

/// The ledger of notifications: every decision to tell somebody something, or not to, with its reason.
public struct NotificationStore: Sendable {
    /// A line of the ledger.
    public struct Entry: Sendable {
        /// UUIDv7.
        public var id: UUID
        /// What it is about.
        public var event: NotificationEvent
        /// How.
        public var medium: NotificationMedium
        /// Whom; empty where the decision was not about a recipient.
        public var recipient: String
        /// Where it stands.
        public var state: NotificationState
        /// Why.
        public var reason: String
        /// Stays the same however often it is tried.
        public var messageID: String?
        /// The client's own id of the bot.
        public var botID: String?
        /// The call that it is about.
        public var entryID: UUID?
        /// The connection that it is about.
        public var connectionID: UUID?
        /// How often it was tried.
        public var attempts: Int16
        /// When it was decided.
        public var createdAt: Timestamp
        /// Not before this.
        public var dueAt: Timestamp?
        /// When it was taken.
        public var sentAt: Timestamp?
        /// When it was first opened.
        public var openedAt: Timestamp?
    }

    /// Which lines of the ledger to list.
    public struct Filter: Sendable {
        /// Nil for every event.
        public var event: NotificationEvent?
        /// Empty for every state.
        public var states: [NotificationState] = []
        /// The client's own id of a bot; nil for every bot.
        public var botID: String?
        /// What one person got or did not get; nil for everybody's.
        public var userID: UUID?

        /// Everything.
        public init() {}
    }

    let database: Database

    /// Works on a database.
    /// - Parameter database: a migrated one.
    public init(database: Database) { self.database = database }

    /// A page of the ledger, newest first.
    /// - Parameters:
    ///   - tenant: whose.
    ///   - filter: which lines.
    ///   - after: the id of the last line of the page before.
    ///   - limit: the most to give.
    /// - Throws: `DatabaseError`.
    public func list(tenant: TenantID, filter: Filter, after: UUID?, limit: Int) async throws -> [Entry] {
        let states = filter.states.map(\.rawValue)
        // ids are UUIDv7: their order is that of time
        return try await database.query(
            """
            select n.notification_id, n.event, n.channel, n.recipient, n.state, n.reason, n.message_id, b.bot_id, n.entry_id,
                   n.attempts, n.created_at, n.due_at, n.sent_at, n.opened_at,
                   case when n.event = 'reauthorise' then split_part(n.subject_key, ':', 1) end
            from notification n
            left join bot b on b.tenant_id = n.tenant_id and b.bot_key = n.bot_key
            where n.tenant_id = \(tenant)
              and (\(after)::uuid is null or n.notification_id < \(after))
              and (\(filter.event?.rawValue)::text is null or n.event = \(filter.event?.rawValue))
              and (\(states.isEmpty) or n.state = any(\(states)))
              and (\(filter.botID)::text is null or b.bot_id = \(filter.botID))
              and (\(filter.userID)::uuid is null or n.user_id = \(filter.userID))
            order by n.notification_id desc limit \(Int64(limit))
            """, in: .tenant(tenant), Self.entry
        ).compactMap(\.self)
    }

    /// Notes that a mail was opened, the first time.
    /// - Parameters:
    ///   - id: the notification.
    ///   - tenant: whose.
    /// - Throws: `DatabaseError`.
    public func noteOpened(_ id: UUID, tenant: TenantID) async throws {
        _ = try await database.execute(
            """
            update notification set opened_at = app_now()
            where tenant_id = \(tenant) and notification_id = \(id) and opened_at is null
            """, in: .tenant(tenant))
    }

    /// Deletes lines that nobody will ask about any more, a few thousand at a time.
    /// - Parameter time: lines made before it go.
    /// - Returns: how many went.
    /// - Throws: `DatabaseError`.
    public func prune(before time: Timestamp) async throws -> Int {
        var gone = 0
        while true {
            let batch = try await database.execute(
                """
                delete from notification where (tenant_id, notification_id) in (
                    select tenant_id, notification_id from notification where created_at < \(time)
                    order by created_at limit 5000)
                """, in: .everyTenant)
            gone += batch
            guard batch == 5000 else { return gone }
            try Task.checkCancellation()
        }
    }

    private static func entry(_ row: Row) throws -> Entry? {
        guard let event = NotificationEvent(rawValue: try row.text(at: 1) ?? ""),
            let medium = NotificationMedium(rawValue: try row.text(at: 2) ?? ""),
            let state = NotificationState(rawValue: try row.text(at: 4) ?? "")
        else { return nil }
        return Entry(
            id: try row.decode(UUID.self, at: 0), event: event, medium: medium, recipient: try row.text(at: 3) ?? "",
            state: state, reason: try row.text(at: 5) ?? "", messageID: try row.text(at: 6), botID: try row.text(at: 7),
            entryID: try row.decode(UUID?.self, at: 8),
            connectionID: try row.text(at: 14).flatMap(UUID.init(uuidString:)), attempts: try row.int16(at: 9) ?? 0,
            createdAt: try row.decode(Timestamp.self, at: 10), dueAt: try row.decode(Timestamp?.self, at: 11),
            sentAt: try row.decode(Timestamp?.self, at: 12), openedAt: try row.decode(Timestamp?.self, at: 13))
    }
}
