import BodyBlocks
public import Domain
import Postgres

/// Merges small blocks of bodies into full ones.
///
/// Entries that are posted one by one make blocks of one entry, which compress badly. Blocks of one tenant and day are
/// put together without touching a row of `call_log`: the merged block keeps the id of its first and reaches to that of its
/// last, and its directory says where the exchanges of each begin. Merges of a tenant and day are made under an advisory
/// lock, some in each of a row of short transactions: whoever reads meanwhile sees a block or what it became.
public struct CompactionStore: Sendable {
    /// A block that can't be read. It is left as it is.
    public struct Damage: Sendable, Hashable, CustomStringConvertible {
        /// Whose block.
        public var tenant: TenantID
        /// Its day.
        public var day: Day
        /// Its id.
        public var block: Int64
        /// What is wrong with it.
        public var reason: String

        /// In words.
        public var description: String { "body block \(block) of tenant \(tenant) on \(day) can't be read: \(reason)" }
    }

    /// What a run did.
    public struct Summary: Sendable {
        /// Blocks that are no more by themselves.
        public var merged = 0
        /// Blocks that they became.
        public var made = 0
        /// Exchanges in them.
        public var entries = 0
        /// Blocks that can't be read; each run finds them again.
        public var damaged: [Damage] = []
        /// Days whose space was given back, in words.
        public var tidied: [String] = []
        /// What another worker was at, or a lock kept from being done.
        public var postponed = 0
        /// False when the run was stopped before its end.
        public var isComplete = true
    }

    /// Seconds after which a block is left alone no more.
    public static let minimumAge: Int64 = 3600
    /// Blocks of which the headings are read at a time.
    static let window = 1024
    /// Merges in one transaction: some tens of milliseconds, and no more than 4 MiB of records.
    static let mergesPerTransaction = 16

    let database: Database
    let compressionLevel: Int
    let largestRewrite: Int64

    /// Works on a database.
    /// - Parameters:
    ///   - database: a migrated one.
    ///   - compressionLevel: of zstd. Of 1,416 bytes of records an entry, full blocks keep 285 at level 1, 287 at 3, 267 at
    ///     6 and 266 at 9, for 10, 15, 33 and 41 µs; a block of one entry keeps 852.
    ///   - largestRewrite: bytes that a leaf may need to be written anew when its day is over. That takes 8 to 10 ms a MiB,
    ///     under a lock that keeps readers of that day, and late entries for it, waiting.
    public init(database: Database, compressionLevel: Int = 6, largestRewrite: Int64 = 256 * 1024 * 1024) {
        self.database = database
        self.compressionLevel = compressionLevel
        self.largestRewrite = largestRewrite
    }

    /// One tenant's blocks of one day.
    struct Place: Sendable {
        var tenant: TenantID
        var day: Day
        /// Before the first small block.
        var after: Int64
        /// Younger blocks are left alone.
        var horizon: Int64
        var isOver: Bool

        /// The day stands in the statement's text, so that planning prunes to one leaf.
        var condition: SQL { "tenant_id = \(tenant) and occurred_on = \(unescaped: "date '\(day)'")" }
        /// While a day goes on, its last block grows; once it is over, only late entries come.
        var minimumCount: Int { isOver ? 4 : 16 }
    }

    /// What one pass over a day's leaf finds.
    struct DayLook: Sendable {
        var leaf: PartitionStore.Leaf
        var isOver: Bool
        /// Where there is something to merge.
        var places: [Place] = []
        /// The greatest block id.
        var highest: Int64 = 0
        /// Whether the leaf, of a day that is over, takes much more room than its rows need.
        var isWorthRewriting = false
    }

    /// Merges what is to be merged, and gives back the space.
    ///
    /// Only blocks of at least an hour ago are taken: those that the last run of an hour ago saw, or, of a day that has been
    /// over for an hour, all. Whatever ends the run, each of its transactions stands by itself, and the next run goes on.
    /// - Parameters:
    ///   - now: by `app_now()`.
    ///   - mayGoOn: asked between steps; when it says no, the run ends there.
    /// - Returns: what was done.
    /// - Throws: `DatabaseError`, `CancellationError`.
    public func compact(now: Timestamp, mayGoOn: @Sendable () -> Bool = { true }) async throws -> Summary {
        var summary = Summary()
        let horizon = try await horizon(now: now)
        let leaves = try await PartitionStore(database: database).leaves()
        var looks: [DayLook] = []
        for leaf in leaves where leaf.parent == "call_body" && leaf.isAttached && !leaf.isPending {
            let end = leaf.day.advanced(by: 1).start
            let isOver = end.advanced(bySeconds: Self.minimumAge) <= now
            looks.append(try await look(at: leaf, horizon: isOver ? Int64.max : horizon, isOver: isOver))
        }
        try await note(looks.map(\.highest).max() ?? 0, now: now)
        for look in looks {
            let before = summary.merged
            for place in look.places where summary.isComplete {
                try await merge(place, into: &summary, mayGoOn: mayGoOn)
            }
            // also after a run that ends early: what the next one merges then finds room
            if summary.merged > before || look.isWorthRewriting { try await tidy(look, into: &summary) }
            guard summary.isComplete else { break }
        }
        return summary
    }

    private func horizon(now: Timestamp) async throws -> Int64 {
        let latest = now.advanced(bySeconds: -Self.minimumAge)
        return try await database.query(
            "select max(block_id) from block_mark where noted_at <= \(latest)", in: .everyTenant
        ) { row in try row.decode(Int64?.self, at: 0) }.first.flatMap { $0 } ?? 0
    }

    /// Notes the greatest id there is, for the run in an hour.
    private func note(_ block: Int64, now: Timestamp) async throws {
        let forgotten = now.advanced(bySeconds: -86_400)
        try await database.transaction(in: .everyTenant) { transaction in
            try transaction.execute(
                """
                insert into block_mark (noted_at, block_id) values (\(now), \(block))
                on conflict (noted_at) do nothing
                """)
            try transaction.execute("delete from block_mark where noted_at < \(forgotten)")
        }
    }
}
