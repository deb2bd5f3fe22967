public import Domain
import Foundation
import Logging
import Postgres

/// The daily partitions: made ahead, made on demand, and taken away after retention.
public struct PartitionStore: Sendable {
    /// A leaf of one of the partitioned tables.
    public struct Leaf: Sendable, Hashable {
        /// The partitioned table.
        public var parent: String
        /// The leaf's own name.
        public var name: String
        /// The UTC day that it holds.
        public var day: Day
        /// False for a table that has the name of a leaf but belongs to no parent.
        public var isAttached: Bool
        /// True when a detach was interrupted and must be finalised.
        public var isPending: Bool
    }

    /// What a retention run did to one leaf.
    public enum Step: Sendable, Hashable, CustomStringConvertible {
        case finalized(String)
        case detached(String)
        case dropped(String)
        /// Somebody held a lock for longer than we wait; the next run goes on.
        case postponed(String)

        /// In words.
        public var description: String {
            switch self {
            case .finalized(let leaf): "finalized the detach of \(leaf)"
            case .detached(let leaf): "detached \(leaf)"
            case .dropped(let leaf): "dropped \(leaf)"
            case .postponed(let leaf): "postponed \(leaf): a lock was not to be had"
            }
        }
    }

    /// Tables whose days are made and dropped together.
    public enum Family: Sendable {
        /// Calls, their bodies and their counts.
        case calls
        /// The audit log, which has its own retention.
        case audit

        var parents: Set<String> {
            switch self {
            case .calls: ["call_log", "call_body", "call_count"]
            case .audit: ["audit_log"]
            }
        }

        func creation(of day: Day) -> SQL {
            switch self {
            case .calls: "select calltrail_create_day(\(day))"
            case .audit: "select calltrail_create_audit_day(\(day))"
            }
        }
    }

    private let database: Database
    private let family: Family

    /// What is made for a day, in words.
    public var name: String {
        switch family {
        case .calls: "partitions"
        case .audit: "partition of the audit log"
        }
    }

    /// Works on a database.
    /// - Parameters:
    ///   - database: a migrated one.
    ///   - family: whose partitions.
    public init(database: Database, family: Family = .calls) {
        self.database = database
        self.family = family
    }

    /// Makes the leaves of a period, where they are missing.
    /// - Parameter days: the days; each takes one short transaction.
    /// - Returns: the days whose leaves were made now.
    /// - Throws: `DatabaseError`.
    public func create(_ days: [Day]) async throws -> [Day] {
        var made: [Day] = []
        for day in days {
            let isNew = try await database.pool.transaction { transaction in
                // Whoever makes days takes turns, with more patience than for the parents' locks, where ingest may queue behind.
                try transaction.execute("select pg_advisory_xact_lock(hashtext('calltrail.partitions'))")
                try transaction.execute("set local lock_timeout = '2s'")
                return try transaction.first(family.creation(of: day)) { row in try row.decode(Bool.self, at: 0) }
            }
            if isNew == true { made.append(day) }
        }
        return made
    }

    /// Every leaf of the family there is.
    /// - Throws: `DatabaseError`.
    public func leaves() async throws -> [Leaf] {
        try await database.pool.withConnection { connection in try leaves(connection) }
    }

    /// Full days from today on, today included, for which every parent has its leaf.
    /// - Parameter today: by `app_now()`.
    /// - Throws: `DatabaseError`.
    public func daysAhead(today: Day) async throws -> Int {
        let attached = try await leaves().filter { $0.isAttached && !$0.isPending }
        let parents = Dictionary(grouping: attached, by: \.day)
        var days = 0
        while parents[today.advanced(by: Int32(days))]?.count == family.parents.count { days += 1 }
        return days
    }

    /// Takes away the leaves of days before `firstKept`: finalises what was interrupted, detaches, drops, and sweeps
    /// tables that have a leaf's name but no parent. Each step stands alone, so that an interrupted run is gone on with.
    ///
    /// Readers are never made to wait: the detach is concurrent, and no lock is waited for longer than `lockTimeout`.
    /// - Parameters:
    ///   - firstKept: the oldest day to keep.
    ///   - ready: the only days that may go; nil for all that are old enough.
    ///   - lockTimeout: milliseconds to wait for a lock before a step is put off.
    /// - Returns: what was done, in order.
    /// - Throws: `DatabaseError`, except for a lock that was not to be had.
    public func dropLeaves(
        before firstKept: Day, ready: Set<Day>? = nil, lockTimeout: Int = 2000
    ) async throws -> [Step] {
        try await database.pool.withConnection { connection in
            try connection.script("set lock_timeout = \(lockTimeout)")
            defer { try? connection.script("reset lock_timeout") }
            var steps = try finalize(connection)
            // a parent can have one pending detach: after a postponed one, the rest of its days wait too
            var busy: Set<String> = []
            for leaf in try leaves(connection)
            where leaf.isAttached && !leaf.isPending && leaf.day < firstKept && !busy.contains(leaf.parent)
                && ready?.contains(leaf.day) != false
            {
                let step = try Self.attempt(leaf) {
                    // first of all nothing more may go in: it would be acknowledged and then dropped
                    try connection.script("revoke all on \(leaf.name) from calltrail_writer")
                    // one statement a script: it may not run in a transaction
                    try connection.script("alter table \(leaf.parent) detach partition \(leaf.name) concurrently")
                    return .detached(leaf.name)
                }
                if case .postponed = step { busy.insert(leaf.parent) }
                steps.append(step)
            }
            // what was postponed may have become free meanwhile
            if !busy.isEmpty { steps += try finalize(connection) }
            // what hangs unattached was detached just now or before an interruption
            for leaf in try leaves(connection) where !leaf.isAttached {
                steps.append(
                    try Self.attempt(leaf) {
                        try connection.script("drop table \(leaf.name)")
                        return .dropped(leaf.name)
                    })
            }
            return steps
        }
    }

    /// Ends detaches that were interrupted: until then their rows are hidden and other detaches of the parent fail.
    private func finalize(_ connection: isolated PostgresConnection) throws -> [Step] {
        var steps: [Step] = []
        for leaf in try leaves(connection) where leaf.isPending {
            steps.append(
                try Self.attempt(leaf) {
                    try connection.script("alter table \(leaf.parent) detach partition \(leaf.name) finalize")
                    return .finalized(leaf.name)
                })
        }
        return steps
    }

    private static func attempt(_ leaf: Leaf, _ work: () throws -> Step) throws -> Step {
        do { return try work() } catch let error as DatabaseError
            where error.isLockNotAvailable || error.sqlState == "55000" || error.kind == .timeout
        {
            return .postponed(leaf.name)
        }
    }

    private func leaves(_ connection: isolated PostgresConnection) throws -> [Leaf] {
        try connection.query("select parent, leaf, day, attached, pending from calltrail_leaves()") { row in
            let (parent, name, day, attached, pending) = try row.decode(
                String.self, String.self, Day.self, Bool.self, Bool.self)
            return Leaf(parent: parent, name: name, day: day, isAttached: attached, isPending: pending)
        }.filter { family.parents.contains($0.parent) }
    }
}
