public import Domain
import Postgres

/// Bots. They register themselves by their first entry.
public struct BotStore: Sendable {
    private let database: Database

    /// Works on a database.
    /// - Parameter database: a migrated one.
    public init(database: Database) { self.database = database }

    /// A page of a tenant's bots, in the order of their ids.
    /// - Parameters:
    ///   - tenant: whose bots.
    ///   - after: the id of the last bot of the page before.
    ///   - limit: the most bots to give; one more tells whether there is a next page.
    /// - Throws: `DatabaseError`.
    public func list(tenant: TenantID, after: String?, limit: Int) async throws -> [Bot] {
        try await database.query(
            """
            select bot_id, name, source_url_template, created_at from bot
            where tenant_id = \(tenant) and bot_id > \(after ?? "") order by bot_id limit \(Int64(limit))
            """, in: .tenant(tenant), Self.bot)
    }

    /// A bot.
    /// - Parameters:
    ///   - id: the client's own id of the bot.
    ///   - tenant: whose bot.
    /// - Returns: nil when there is none.
    /// - Throws: `DatabaseError`.
    public func find(_ id: String, tenant: TenantID) async throws -> Bot? {
        try await database.query(
            """
            select bot_id, name, source_url_template, created_at from bot
            where tenant_id = \(tenant) and bot_id = \(id)
            """, in: .tenant(tenant), Self.bot
        ).first
    }

    /// Changes a bot.
    /// - Parameters:
    ///   - id: the client's own id of the bot.
    ///   - tenant: whose bot.
    ///   - name: nil leaves it.
    ///   - sourceURLTemplate: nil leaves it; the empty text removes it.
    /// - Returns: the bot as it is now; nil when there is none.
    /// - Throws: `DatabaseError`.
    public func update(
        _ id: String, tenant: TenantID, name: String?, sourceURLTemplate: String?
    ) async throws -> Bot? {
        try await database.transaction(in: .tenant(tenant)) { transaction in
            let before = try transaction.first(
                """
                select bot_id, name, source_url_template, created_at from bot
                where tenant_id = \(tenant) and bot_id = \(id) for no key update
                """, Self.bot)
            let bot = try transaction.first(
                """
                update bot set name = coalesce(\(name), name),
                               source_url_template = nullif(coalesce(\(sourceURLTemplate), source_url_template), '')
                where tenant_id = \(tenant) and bot_id = \(id)
                returning bot_id, name, source_url_template, created_at
                """, Self.bot)
            guard let before, let bot else { return nil }
            let fields =
                (before.name == bot.name ? [] : ["name"])
                + (before.sourceURLTemplate == bot.sourceURLTemplate ? [] : ["source_url_template"])
            try AuditLog.record(
                .updated(.bot, bot.id, label: bot.name.isEmpty ? nil : bot.name, fields: fields), tenant: tenant,
                transaction)
            return bot
        }
    }

    /// The keys of bots, registering those that are new and renaming those whose name changed.
    /// - Parameters:
    ///   - bots: bots of one tenant, each id once.
    ///   - tenant: whose bots.
    /// - Returns: the key of each bot by its id.
    /// - Throws: `DatabaseError`.
    func register(_ bots: [BotReference], tenant: TenantID) async throws -> [ExactText: Int32] {
        // one order for everybody, so that two writers can't wait for each other
        let bots = bots.sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
        let registered = try await database.query(
            """
            insert into bot (tenant_id, bot_id, name)
            select \(tenant), id, name from unnest(\(bots.map(\.id)), \(bots.map { $0.name ?? "" })) as given (id, name)
            on conflict (tenant_id, bot_id) do update
                set name = case when excluded.name = '' then bot.name else excluded.name end
            returning bot_id, bot_key
            """, in: .tenant(tenant)
        ) { row in (ExactText(try row.decode(String.self, at: 0)), try row.decode(Int32.self, at: 1)) }
        return Dictionary(uniqueKeysWithValues: registered)
    }

    private static func bot(_ row: Row) throws -> Bot {
        let (id, name, template, createdAt) = try row.decode(
            String.self, String.self, String?.self, Timestamp.self)
        return Bot(id: id, name: name, sourceURLTemplate: template, createdAt: createdAt)
    }
}
