import Domain
import Foundation
public import Logging
import Postgres
import Synchronization

/// Stores entries: several requests in one transaction, rows and bodies by COPY into the leaves of their days.
///
/// The fast path does not look for duplicates: an entry that can come again has an id that is derived from the client's,
/// so the primary key refuses the repeat, and only then the ids that are there are looked up and left out.
public final class CallLogWriter: Sendable {
    /// Attempts at a group whose transaction collides with others' before it is given up.
    private static let attempts = 8

    private let database: Database
    private let partitions: PartitionStore
    private let directory: BotDirectory
    private let clock: DatabaseClock
    private let firstErrors = FirstErrorGate()
    private let connections = ConnectionGate()
    private let blocks: BlockIDAllocator
    private let compressionLevel: Int
    private let logger: Logger
    private let knownDays = Mutex<Set<Day>>([])

    /// Prepares to write.
    /// - Parameters:
    ///   - database: a migrated one.
    ///   - clock: gives `app_now()`.
    ///   - compressionLevel: of zstd, for the bodies.
    ///   - logger: for days made on demand and collisions.
    public init(database: Database, clock: DatabaseClock, compressionLevel: Int = 1, logger: Logger) {
        self.database = database
        self.clock = clock
        self.compressionLevel = compressionLevel
        self.logger = logger
        partitions = PartitionStore(database: database)
        directory = BotDirectory(store: BotStore(database: database))
        blocks = BlockIDAllocator(database: database)
    }

    /// Stores a group of requests in one transaction.
    ///
    /// - Parameter batches: the requests; one with an Idempotency-Key must be alone, so that it can be taken back alone.
    /// - Returns: what became of each; when this returns, what was stored is durable.
    /// - Throws: `DatabaseError`; then nothing of the group was stored, unless the connection broke during the commit.
    public func store(_ batches: [EntryBatch]) async throws -> [EntryBatchOutcome] {
        precondition(batches.count == 1 || batches.allSatisfy { $0.idempotency == nil }, "keyed requests stand alone")
        var known: Set<UUID> = []
        var failure: (any Error)?
        for attempt in 1...Self.attempts {
            do {
                if let collision = failure as? DatabaseError, collision.isUniqueViolation {
                    known = try await knownIDs(batches)
                }
                return try await store(batches, leavingOut: known)
            } catch let error as DatabaseError {
                failure = error
                guard Self.mayPass(error) else { throw error }
                // a day's leaf may be gone, or not there yet
                if error.isUndefinedTable || error.isCheckViolation { knownDays.withLock { $0.removeAll() } }
                logger.debug("entries go again", metadata: ["attempt": "\(attempt)", "because": "\(error)"])
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...(5 * attempt))))
            } catch is AnsweredBefore {
                return [.answeredBefore]
            }
        }
        throw failure ?? Problem(.unavailable, "The entries could not be stored just now.", retryAfterSeconds: 1)
    }

    /// Whether the same transaction may succeed a moment later: it collided with another, or with the life of a partition.
    ///
    /// A leaf that retention is about to take away has lost the writer's rights (insufficient privilege), and its name is in
    /// use until it is dropped (object not in prerequisite state): then the entries are refused for now, never stored
    /// where they would vanish.
    private static func mayPass(_ error: DatabaseError) -> Bool {
        guard !error.isLeafOnItsWayOut else { return false }
        return error.isUniqueViolation || error.isUndefinedTable || error.isCheckViolation
            || error.isTransactionConflict
    }

    private struct AnsweredBefore: Error {}

    private func store(_ batches: [EntryBatch], leavingOut known: Set<UUID>) async throws -> [EntryBatchOutcome] {
        let keys = try await directory.keys(of: Self.bots(of: batches))
        try await makeDays(of: batches)
        // the most that can be needed; what is left goes back
        let ids = try await blocks.take(EntryGroup.mostBlocks(batches))
        var nextID = ids.startIndex
        let now = clock.now
        let group = try EntryGroup(
            batches, leavingOut: known, bots: keys, compressionLevel: compressionLevel,
            newsSince: now.advanced(bySeconds: -ErrorCycle.seconds)
        ) {
            guard nextID < ids.endIndex else { throw Problem(.internalError, "A group needs more blocks than it can.") }
            defer { nextID += 1 }
            return ids[nextID]
        }
        blocks.giveBack(ids[nextID...])
        let parts = group.parts
        let duplicates = group.duplicates
        let tenant = batches.first?.tenant
        let idempotency = batches.first?.idempotency
        let errors = firstErrors.undecided(group.errors, now: now)
        let signals = connections.signals(of: batches, now: now)
        let findings = try await database.transaction(in: .ingest) { transaction in
            for part in parts { try Self.write(part, transaction) }
            // after all counts, by every writer: so no two wait for each other
            let findings = errors.isEmpty ? .init() : try FirstErrorGate.decide(errors, transaction)
            if !signals.isEmpty { try ConnectionGate.enqueue(signals, transaction) }
            if let idempotency, let tenant {
                let answer = idempotency.answer(duplicates[0])
                let isFirst = try Self.keep(answer, for: idempotency, tenant: tenant, transaction)
                guard isFirst else { throw AnsweredBefore() }
            }
            return findings
        }
        firstErrors.remember(findings)
        connections.remember(signals, now: now)
        if findings.opened > 0 || !signals.isEmpty { database.jobSignal.send() }
        return duplicates.map { .stored(duplicates: $0) }
    }

    private static func write(_ part: EntryGroup.Part, _ transaction: isolated PostgresConnection) throws {
        let suffix = part.day.suffix
        try transaction.copyIn(
            "copy call_log_\(suffix) (\(EntryGroup.rowColumns)) from stdin (format binary)", [part.rows.bytes])
        try transaction.copyIn(
            "copy call_body_\(suffix) (\(EntryGroup.bodyColumns)) from stdin (format binary)", [part.bodies.bytes])
        // counts last: their rows are shared with other writers, who wait for as short as can be
        let counts = part.counts.sorted { EntryGroup.CountKey.precedes($0.key, $1.key) }
        let leaf: SQL = "\(unescaped: "call_count_" + suffix)"
        try transaction.execute(
            """
            insert into \(fragment: leaf) (tenant_id, bot_key, hour, application_code, method_code, status_code,
                                           is_error, entries)
            select * from unnest(\(counts.map(\.key.tenant)), \(counts.map(\.key.bot)), \(counts.map(\.key.hour)),
                                 \(counts.map(\.key.application)), \(counts.map(\.key.method)),
                                 \(counts.map(\.key.statusCode)), \(counts.map(\.key.isError)), \(counts.map(\.value)))
            on conflict (tenant_id, hour, bot_key, application_code, method_code, status_code, is_error)
                do update set entries = \(fragment: leaf).entries + excluded.entries
            """)
    }

    private static func keep(
        _ answer: StoredAnswer, for idempotency: EntryBatch.Idempotency, tenant: TenantID,
        _ transaction: isolated PostgresConnection
    ) throws -> Bool {
        let now = try transaction.first("select app_now()") { row in try row.decode(Timestamp.self, at: 0) }
        let expired = now?.advanced(bySeconds: -IdempotencyStore.lifetime)
        // values instead of "excluded": reading that needs the right to select, and the writer may not read answers
        let kept = try transaction.execute(
            """
            insert into idempotent_answer (tenant_id, key_hash, request_hash, status, answer, created_at)
            values (\(tenant), \(idempotency.keyHash), \(idempotency.requestHash), \(Int16(answer.status)),
                    \(answer.body), \(now))
            on conflict (tenant_id, key_hash) do update
                set request_hash = \(idempotency.requestHash), status = \(Int16(answer.status)),
                    answer = \(answer.body), created_at = \(now)
                where idempotent_answer.created_at < \(expired)
            """)
        return kept == 1
    }

    /// The ids of the batches' repeatable entries that are stored already.
    private func knownIDs(_ batches: [EntryBatch]) async throws -> Set<UUID> {
        var wanted: [Day: (tenants: [Int32], times: [Timestamp], ids: [UUID])] = [:]
        for batch in batches {
            for entry in batch.entries where entry.isRepeatable {
                let day = entry.log.occurredAt.day
                wanted[day, default: ([], [], [])].tenants.append(batch.tenant.rawValue)
                wanted[day, default: ([], [], [])].times.append(entry.log.occurredAt)
                wanted[day, default: ([], [], [])].ids.append(entry.log.id)
            }
        }
        let days = wanted
        return try await database.transaction(in: .ingest) { transaction in
            var known: Set<UUID> = []
            for (day, keys) in days {
                let leaf = "call_log_" + day.suffix
                known.formUnion(
                    try transaction.query(
                        """
                        select id from unnest(\(keys.tenants), \(keys.times), \(keys.ids))
                            as wanted (tenant_id, occurred_at, id)
                        join \(unescaped: leaf) using (tenant_id, occurred_at, id)
                        """
                    ) { row in try row.decode(UUID.self, at: 0) })
            }
            return known
        }
    }

    private func makeDays(of batches: [EntryBatch]) async throws {
        let days = batches.reduce(into: Set<Day>()) { $0.formUnion($1.days) }
        let missing = knownDays.withLock { days.subtracting($0) }
        guard !missing.isEmpty else { return }
        let made = try await partitions.create(missing.sorted())
        for day in made { logger.info("made a day's partitions on demand", metadata: ["day": "\(day)"]) }
        knownDays.withLock { $0.formUnion(missing) }
    }

    private static func bots(of batches: [EntryBatch]) -> [TenantID: Set<BotReference>] {
        batches.reduce(into: [:]) { bots, batch in bots[batch.tenant, default: []].formUnion(batch.bots) }
    }
}
