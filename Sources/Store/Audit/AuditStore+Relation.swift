public import Domain
import Foundation
import Postgres

extension AuditStore {
    /// Something that an entry is about: its kind and its id.
    public struct Relation: Sendable, Hashable {
        /// Which kind.
        public var entity: AuditEntity
        /// Its id, as it was given.
        public var key: String

        /// Puts both together.
        /// - Parameters:
        ///   - entity: which kind.
        ///   - key: its id.
        public init(_ entity: AuditEntity, _ key: String) {
            self.entity = entity
            self.key = key
        }

        /// The key as the database writes it; nil when nothing can have it.
        fileprivate var stored: String? {
            switch entity {
            case .bot, .tenant, .notificationSettings: key
            // nobody outside learns a session's id
            case .session: nil
            default: UUID(uuidString: key)?.uuidString.lowercased()
            }
        }
    }

    /// Which of some entities a tenant has: one statement, however many they are.
    /// - Parameters:
    ///   - relations: kinds and ids, of which any may be made up.
    ///   - tenant: whose they would be.
    /// - Throws: `DatabaseError`.
    public func known(_ relations: Set<Relation>, tenant: TenantID) async throws -> Set<Relation> {
        let askedFor = Dictionary(grouping: relations.filter { $0.stored != nil }, by: \.entity)
        var known: Set<Relation> = []
        var parts: [SQL] = []
        for (entity, asked) in askedFor.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            switch entity {
            case .tenant, .notificationSettings: known.formUnion(asked.filter { $0.key == tenant.description })
            default: parts.append(Self.keys(of: entity, among: asked.compactMap(\.stored), tenant))
            }
        }
        guard !parts.isEmpty else { return known }
        let found = try await database.query(parts.joined(separator: " union all "), in: .tenant(tenant)) { row in
            try row.decode(String.self, String.self)
        }
        let stored = Dictionary(grouping: found, by: \.0).mapValues { Set($0.map(\.1)) }
        return known.union(
            relations.filter { one in one.stored.map { stored[one.entity.rawValue]?.contains($0) ?? false } ?? false })
    }

    /// A kind, and those of some ids of its that are a tenant's.
    private static func keys(of entity: AuditEntity, among keys: [String], _ tenant: TenantID) -> SQL {
        let (table, column): (String, String)
        switch entity {
        case .bot:
            return """
                select \(entity.rawValue)::text, bot_id from bot
                where tenant_id = \(tenant) and bot_id = any(\(keys))
                """
        case .callLog: return calls(keys.compactMap(UUID.init(uuidString:)), tenant)
        case .apiKey: (table, column) = ("api_key", "key_id")
        case .connection: (table, column) = ("connection", "connection_id")
        case .invitation: (table, column) = ("invitation", "invitation_id")
        case .notificationChannel: (table, column) = ("notification_channel", "channel_id")
        case .share: (table, column) = ("share", "share_id")
        case .user, .notificationPreferences: (table, column) = ("membership", "user_id")
        case .tenant, .notificationSettings, .session: return "select null::text, null::text where false"
        }
        return """
            select \(entity.rawValue)::text, \(identifier: column)::text from \(identifier: table)
            where tenant_id = \(tenant) and \(identifier: column) = any(\(keys.compactMap(UUID.init(uuidString:))))
            """
    }

    /// Calls by their primary key: their ids hold when they were made.
    private static func calls(_ ids: [UUID], _ tenant: TenantID) -> SQL {
        // no call is of a year with five digits, which texts of times do not have
        let given = ids.compactMap { id in id.version7Time.map { (id: id, time: $0) } }
            .filter { $0.time.microseconds < 253_402_214_400_000_000 }
        let kind = AuditEntity.callLog.rawValue
        guard let first = given.map(\.time).min(), let last = given.map(\.time).max() else {
            return "select \(kind)::text, null::text where false"
        }
        // the days as text: planning leaves out the others
        return """
            select \(kind)::text, c.id::text
            from unnest(\(given.map(\.id)), \(given.map(\.time))) as given (id, occurred_at)
            join call_log c on c.tenant_id = \(tenant) and c.occurred_at = given.occurred_at and c.id = given.id
            where c.occurred_at >= \(unescaped: "timestamptz '\(first.day.start)'")
              and c.occurred_at < \(unescaped: "timestamptz '\(last.day.advanced(by: 1).start)'")
            """
    }
}
