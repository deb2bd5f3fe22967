import BodyBlocks
import Domain
import Postgres

extension CompactionStore {
    /// What one transaction did.
    private struct Step: Sendable {
        var merged = 0
        var made = 0
        var entries = 0
        var damaged: [Damage] = []
        /// Nil when the place is done.
        var resumeAfter: Int64?
    }

    /// The tenants with something to merge on a day, and what room the day takes.
    ///
    /// One pass over the leaf's rows, of which a day of full blocks has few: a million entries in 7,815 blocks take 340 pages
    /// and 4 ms. Payloads are stored apart and not looked at.
    func look(at leaf: PartitionStore.Leaf, horizon: Int64, isOver: Bool) async throws -> DayLook {
        let small: SQL = """
            entries < \(unescaped: "\(BlockHeading.smallEntries)")
                and raw_bytes < \(unescaped: "\(BlockHeading.smallRawSize)") and block_id <= \(horizon)
            """
        var settings = Database.Scope.everyTenant.settings
        settings.local.append(("statement_timeout", "120s"))
        let found = try await database.pool.query(
            """
            select tenant_id, max(last_block), count(*) filter (where small), min(block_id) filter (where small),
                   sum(raw_bytes) filter (where small), max(raw_bytes) filter (where small),
                   \(fragment: Self.room)
            from (select tenant_id, block_id, last_block, raw_bytes, payload, \(fragment: small) as small from call_body
                  where occurred_on = \(unescaped: "date '\(leaf.day)'")) block
            group by tenant_id order by tenant_id
            """, in: settings, timeout: .seconds(125)
        ) { row in
            (
                try row.decode(TenantID.self, at: 0), try row.decode(Int64.self, at: 1),
                try row.decode(Int.self, at: 2), try row.decode(Int64?.self, at: 3) ?? 0,
                try row.decode(Int64?.self, at: 4) ?? 0, try row.int32(at: 5) ?? 0, try row.decode(Int64.self, at: 6)
            )
        }
        var look = DayLook(leaf: leaf, isOver: isOver)
        look.highest = found.map(\.1).max() ?? 0
        for (tenant, _, count, first, rawSize, largest, _) in found {
            let place = Place(tenant: tenant, day: leaf.day, after: first - 1, horizon: horizon, isOver: isOver)
            let isWorthwhile = BlockMergePlan.isWorthwhile(
                count: count, rawSize: Int(rawSize), largest: Int(largest), minimumCount: place.minimumCount)
            if isWorthwhile { look.places.append(place) }
        }
        if isOver {
            look.isWorthRewriting = isWorthRewriting(
                taken: try await room(takenBy: leaf), needed: found.map(\.6).reduce(0, +))
        }
        return look
    }

    /// Merges one tenant's blocks of a day, some merges a transaction.
    func merge(_ place: Place, into summary: inout Summary, mayGoOn: @Sendable () -> Bool) async throws {
        var after: Int64? = place.after
        var damaged: [Int64: String] = [:]
        while let cursor = after {
            try Task.checkCancellation()
            guard mayGoOn() else {
                summary.isComplete = false
                return
            }
            do {
                let known = damaged
                let level = compressionLevel
                let step = try await database.transaction(in: .everyTenant) { transaction in
                    try Self.step(place, after: cursor, damaged: known, level: level, transaction)
                }
                guard let step else {
                    summary.postponed += 1
                    return
                }
                summary.merged += step.merged
                summary.made += step.made
                summary.entries += step.entries
                for damage in step.damaged where damaged.updateValue(damage.reason, forKey: damage.block) == nil {
                    summary.damaged.append(damage)
                }
                after = step.resumeAfter
            } catch let error as DatabaseError where Self.mayPass(error) {
                summary.postponed += 1
                return
            }
        }
    }

    /// Whether the same may succeed in a later run: a lock was held for long, or the day was being taken away.
    private static func mayPass(_ error: DatabaseError) -> Bool {
        error.isLockNotAvailable || error.isTransactionConflict || error.isUndefinedTable || error.isCheckViolation
    }

    /// Nil when another worker is at this tenant and day.
    private static func step(
        _ place: Place, after cursor: Int64, damaged: [Int64: String], level: Int,
        _ transaction: isolated PostgresConnection
    ) throws -> Step? {
        try transaction.execute("set local lock_timeout = '2s'")
        let key = "calltrail.compaction \(place.tenant.rawValue) \(place.day)"
        let isMine = try transaction.first("select pg_try_advisory_xact_lock(hashtextextended(\(key), 0))") { row in
            try row.decode(Bool.self, at: 0)
        }
        guard isMine == true else { return nil }
        let headings = try headings(place, after: cursor, damaged: damaged, transaction)
        let earlier = try earlier(place, through: cursor, transaction)
        let plan = BlockMergePlan(
            headings, earlier: earlier, isComplete: headings.count < window, minimumCount: place.minimumCount,
            maximumGroups: mergesPerTransaction)
        var step = Step()
        step.damaged = headings.compactMap { heading in
            heading.damage.map { Damage(tenant: place.tenant, day: place.day, block: heading.id, reason: $0) }
        }
        let isLast = headings.count < window && plan.resumeAfter >= headings.last?.id ?? 0
        step.resumeAfter = isLast ? nil : plan.resumeAfter
        for group in plan.groups {
            let payloads = try payloads(place, of: group, transaction)
            var block = BodyBlockBuilder()
            var directory = BodyBlockDirectory()
            var found: [Damage] = []
            for heading in group {
                if let reason = append(heading, payloads[heading.id], to: &block, &directory) {
                    found.append(Damage(tenant: place.tenant, day: place.day, block: heading.id, reason: reason))
                }
            }
            guard found.isEmpty else {
                // planned again without them: which others may be merged depends on them
                step.damaged += found
                step.resumeAfter = min(step.resumeAfter ?? Int64.max, (group.first?.id ?? 0) - 1)
                continue
            }
            step.merged += group.count
            step.made += 1
            step.entries += block.count
            try replace(place, group, by: block, directory, level: level, transaction)
        }
        return step
    }

    /// Adds a block's exchanges; says why when they can't be read.
    private static func append(
        _ heading: BlockHeading, _ payload: Result<[UInt8], BodyBlockError>?, to block: inout BodyBlockBuilder,
        _ directory: inout BodyBlockDirectory
    ) -> String? {
        do {
            let start = block.count
            guard let payload = try payload?.get() else { return "it is gone" }
            let count = try block.append(block: payload)
            guard count == heading.entries else { return "it holds \(count) exchanges, not \(heading.entries)" }
            if let inner = heading.directory {
                directory.insert(inner, at: start)
            } else {
                directory.insert(heading.id, at: start)
            }
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// The first of the blocks becomes the merged one, the others go.
    private static func replace(
        _ place: Place, _ group: [BlockHeading], by block: consuming BodyBlockBuilder, _ directory: BodyBlockDirectory,
        level: Int, _ transaction: isolated PostgresConnection
    ) throws {
        guard let first = group.first?.id, let last = group.map(\.last).max() else { return }
        let (entries, rawSize) = (Int32(block.count), Int32(clamping: block.rawSize))
        let payload = try block.finish(level: level)
        let others = group.dropFirst().map(\.id)
        let condition = place.condition
        let deleted = try transaction.execute(
            "delete from call_body where \(fragment: condition) and block_id = any(\(others))")
        let updated = try transaction.execute(
            """
            update call_body set last_block = \(last), entries = \(entries), raw_bytes = \(rawSize),
                directory = \(directory.bytes), payload = \(payload)
            where \(fragment: condition) and block_id = \(first)
            """)
        // the lock keeps other workers away; somebody at a prompt, or retention, does not ask for it
        guard deleted == others.count, updated == 1 else {
            throw DatabaseError(.server, "blocks went away while they were merged", sqlState: "40001")
        }
    }

    // MARK: Reading

    private static func headings(
        _ place: Place, after cursor: Int64, damaged: [Int64: String], _ transaction: isolated PostgresConnection
    ) throws -> [BlockHeading] {
        let condition: SQL = """
            block_id > \(cursor) and block_id <= \(place.horizon) and (last_block > block_id
                or (entries < \(unescaped: "\(BlockHeading.smallEntries)")
                    and raw_bytes < \(unescaped: "\(BlockHeading.smallRawSize)")))
            """
        return try headings(place, where: condition, damaged: damaged, transaction)
    }

    private static func earlier(
        _ place: Place, through cursor: Int64, _ transaction: isolated PostgresConnection
    ) throws -> [BlockHeading] {
        try headings(
            place, where: "block_id <= \(cursor) and last_block > \(cursor)", damaged: [:], limit: nil, transaction)
    }

    private static func headings(
        _ place: Place, where condition: SQL, damaged: [Int64: String], limit: Int? = window,
        _ transaction: isolated PostgresConnection
    ) throws -> [BlockHeading] {
        try transaction.query(
            """
            select block_id, last_block, entries, raw_bytes, directory from call_body
            where \(fragment: place.condition) and \(fragment: condition)
            order by block_id limit \(limit.map(Int64.init))
            """
        ) { row in
            let (id, last, entries, rawSize, bytes) = try row.decode(
                Int64.self, Int64.self, Int32.self, Int32.self, [UInt8]?.self)
            var heading = BlockHeading(id: id, last: last, entries: Int(entries), rawSize: Int(rawSize))
            heading.damage = damaged[id]
            do { heading.directory = try bytes.map { try BodyBlockDirectory(bytes: $0) } } catch {
                heading.damage = "\(error)"
            }
            if last > id, heading.directory == nil, heading.damage == nil { heading.damage = "it has no directory" }
            return heading
        }
    }

    /// The payloads by block. What the server itself can't read is found one by one.
    private static func payloads(
        _ place: Place, of group: [BlockHeading], _ transaction: isolated PostgresConnection
    ) throws -> [Int64: Result<[UInt8], BodyBlockError>] {
        func read(_ ids: [Int64]) throws -> [(Int64, [UInt8])] {
            try transaction.savepoint { transaction in
                try transaction.query(
                    """
                    select block_id, payload from call_body where \(fragment: place.condition)
                        and block_id = any(\(ids))
                    """
                ) { row in try row.decode(Int64.self, [UInt8].self) }
            }
        }
        let ids = group.map(\.id)
        do {
            return Dictionary(uniqueKeysWithValues: try read(ids).map { ($0.0, .success($0.1)) })
        } catch let error as DatabaseError where error.isCorruption {
            var payloads: [Int64: Result<[UInt8], BodyBlockError>] = [:]
            for id in ids {
                do {
                    payloads[id] = try read([id]).first.map { .success($0.1) }
                } catch let error as DatabaseError where error.isCorruption {
                    payloads[id] = .failure(.corrupt(error.message))
                }
            }
            return payloads
        }
    }
}

extension DatabaseError {
    /// The server found its own files damaged (class XX).
    fileprivate var isCorruption: Bool { sqlState?.hasPrefix("XX") == true }
}
