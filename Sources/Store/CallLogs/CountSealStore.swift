public import Domain
import Postgres

/// Seals days that are over: puts the hourly counts of each together, for reading them at once. See `SealedCounts`.
public struct CountSealStore: Sendable {
    /// What a run did.
    public struct Summary: Sendable {
        /// Days that were sealed.
        public var sealed: [Day] = []
        /// Days that somebody was writing to for longer than we wait.
        public var postponed: [Day] = []
    }

    /// Seconds after which a day is sealed anew that was written to since it was sealed: those who are late come together.
    static let quietSeconds: Int64 = 300
    /// Milliseconds to wait for those who are writing to a day: others wait behind.
    private static let lockTimeout = 500

    private let database: Database

    /// Works on a database.
    /// - Parameter database: a migrated one.
    public init(database: Database) { self.database = database }

    /// Seals the days before today that are not sealed, newest first, each in a transaction of its own, and forgets days
    /// that are kept no longer.
    /// - Parameters:
    ///   - firstKept: the oldest day that is kept.
    ///   - now: by `app_now()`.
    ///   - mayGoOn: whether a further day may be begun.
    /// - Throws: `DatabaseError`, except for a lock that was not to be had.
    public func seal(
        from firstKept: Day, now: Timestamp, while mayGoOn: () -> Bool = { true }
    ) async throws -> Summary {
        _ = try await database.execute("delete from sealed_day where day < \(firstKept)", in: .everyTenant)
        _ = try await database.execute("delete from sealed_count where day < \(firstKept)", in: .everyTenant)
        var summary = Summary()
        for day in try await due(from: firstKept, now: now) where mayGoOn() {
            do {
                // no role: the trigger is made by the owner of the leaf
                let isSealed = try await database.pool.transaction { transaction in
                    try transaction.script("set local lock_timeout = \(Self.lockTimeout)")
                    return try transaction.first("select calltrail_seal_day(\(day))") { row in
                        try row.decode(Bool.self, at: 0)
                    }
                }
                if isSealed == true { summary.sealed.append(day) }
            } catch let error as DatabaseError where error.isLockNotAvailable {
                summary.postponed.append(day)
            }
        }
        return summary
    }

    private func due(from firstKept: Day, now: Timestamp) async throws -> [Day] {
        try await database.pool.withConnection { connection in
            try connection.query(
                """
                select l.day from calltrail_leaves() l left join sealed_day s on s.day = l.day
                where l.parent = 'call_count' and l.attached and not l.pending
                  and l.day >= \(firstKept) and l.day < \(now.day)
                  and (s.day is null
                       or not s.is_sealed and s.changed_at < \(now.advanced(bySeconds: -Self.quietSeconds)))
                order by l.day desc
                """
            ) { row in try row.decode(Day.self, at: 0) }
        }
    }
}
