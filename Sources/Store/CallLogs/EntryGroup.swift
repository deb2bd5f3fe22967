import BodyBlocks
import Domain
import Foundation
import Postgres

/// The entries of several requests, encoded for one transaction: per day the rows, the body blocks, the counts.
struct EntryGroup {
    /// What goes into the leaves of one day.
    struct Part: Sendable {
        var day: Day
        var rows = CopyEncoder()
        var bodies = CopyEncoder()
        var counts: [CountKey: Int32] = [:]
    }

    /// One row of the hourly counts.
    struct CountKey: Sendable, Hashable {
        var tenant: Int32
        var bot: Int32
        var hour: Timestamp
        var application: Int16
        var method: Int16
        var statusCode: Int16
        var isError: Bool

        /// The order in which every writer updates counts, so that no two wait for each other.
        static func precedes(_ left: CountKey, _ right: CountKey) -> Bool {
            (left.tenant, left.hour, left.bot, left.application, left.method, left.statusCode)
                < (right.tenant, right.hour, right.bot, right.application, right.method, right.statusCode)
                || (left.tenant, left.hour, left.bot, left.application, left.method, left.statusCode)
                    == (right.tenant, right.hour, right.bot, right.application, right.method, right.statusCode)
                    && !left.isError && right.isError
        }
    }

    /// Where an entry stands among the batches; sorted, entries of a day and tenant stand together, in time order.
    private struct Reference {
        var day: Int32
        var tenant: Int32
        var microseconds: Int64
        var batch: Int32
        var entry: Int32
    }

    private(set) var parts: [Part] = []
    /// The earliest error of each bot that has one, of those that are news.
    private(set) var errors: [FirstErrorGate.BotID: FirstErrorGate.FirstError] = [:]
    /// Entries left out because the group held the same id before, per batch.
    private(set) var duplicates: [Int]

    /// Encodes entries.
    /// - Parameters:
    ///   - batches: the requests.
    ///   - known: ids that are in the database already; their entries are left out and count as duplicates.
    ///   - keys: of every bot of the batches.
    ///   - compressionLevel: of zstd.
    ///   - newsSince: errors up to this are too old to be told of.
    ///   - nextBlockID: gives each block its id; ids grow.
    /// - Throws: `BodyBlockError` when zstd fails.
    init(
        _ batches: [EntryBatch], leavingOut known: Set<UUID>, bots keys: [TenantID: [ExactText: Int32]],
        compressionLevel: Int, newsSince: Timestamp, nextBlockID: () throws -> Int64
    ) throws {
        duplicates = Array(repeating: 0, count: batches.count)
        let references = Self.references(batches, leavingOut: known, duplicates: &duplicates)
        var block = BodyBlockBuilder()
        var blockID: Int64 = 0
        var bot = BotReference(id: "")
        var botKey: Int32 = 0
        var botTenant: Int32 = 0
        for (index, reference) in references.enumerated() {
            if parts.last?.day.number != reference.day {
                parts.append(Part(day: Day(number: reference.day)))
            }
            let last = parts.count - 1
            if block.count == 0 { blockID = try nextBlockID() }
            // by index all the way: a copy of an entry is thirty references counted up and down
            let batch = Int(reference.batch)
            let entry = Int(reference.entry)
            let position = block.append(batches[batch].entries[entry].exchange)
            if reference.tenant != botTenant || batches[batch].entries[entry].log.bot != bot {
                bot = batches[batch].entries[entry].log.bot
                botTenant = reference.tenant
                botKey =
                    keys[TenantID(rawValue: reference.tenant)]?[ExactText(batches[batch].entries[entry].log.bot.id)]
                    ?? 0
            }
            Self.encode(
                batches[batch].entries[entry].log, tenant: reference.tenant, bot: botKey, block: blockID,
                position: Int16(position), into: &parts[last].rows)
            let count = CountKey(batches[batch].entries[entry].log, tenant: reference.tenant, bot: botKey)
            parts[last].counts[count, default: 0] += 1
            if count.isError, batches[batch].entries[entry].log.occurredAt > newsSince {
                note(batches[batch].entries[entry].log, of: .init(tenant: reference.tenant, bot: botKey))
            }
            let isLastOfBlock =
                block.isFull || index + 1 == references.count || references[index + 1].day != reference.day
                || references[index + 1].tenant != reference.tenant
            if isLastOfBlock {
                try Self.encode(
                    block, id: blockID, tenant: reference.tenant, level: compressionLevel, into: &parts[last])
                block = BodyBlockBuilder()
            }
        }
    }

    /// Entries come in time order within a day, and days in order too: the first error met is the earliest.
    private mutating func note(_ log: CallLog, of bot: FirstErrorGate.BotID) {
        if errors[bot] == nil {
            errors[bot] = .init(id: log.id, occurredAt: log.occurredAt)
        } else {
            errors[bot]?.count += 1
        }
    }

    /// The most blocks that entries can fill: a block is closed by its count, its size, or a change of day or tenant.
    static func mostBlocks(_ batches: [EntryBatch]) -> Int {
        let entries = batches.reduce(0) { $0 + $1.entries.count }
        let bytes = batches.reduce(0) { $0 + $1.bytes }
        let places = batches.reduce(0) { $0 + $1.days.count }
        return min(entries, entries / BodyBlock.maximumCount + bytes / BodyBlock.maximumRawSize + places)
    }

    private static func references(
        _ batches: [EntryBatch], leavingOut known: Set<UUID>, duplicates: inout [Int]
    ) -> [Reference] {
        var references: [Reference] = []
        references.reserveCapacity(batches.reduce(0) { $0 + $1.entries.count })
        var seen = known
        for (batchIndex, batch) in batches.enumerated() {
            for entryIndex in batch.entries.indices {
                if batch.entries[entryIndex].isRepeatable, !seen.insert(batch.entries[entryIndex].log.id).inserted {
                    duplicates[batchIndex] += 1
                    continue
                }
                let occurredAt = batch.entries[entryIndex].log.occurredAt
                references.append(
                    Reference(
                        day: occurredAt.day.number, tenant: batch.tenant.rawValue,
                        microseconds: occurredAt.microseconds, batch: Int32(batchIndex),
                        entry: Int32(entryIndex)))
            }
        }
        references.sort { left, right in
            (left.day, left.tenant, left.microseconds, left.batch, left.entry)
                < (right.day, right.tenant, right.microseconds, right.batch, right.entry)
        }
        return references
    }

    /// The columns of `call_log`, in the order of `encode`.
    static let rowColumns = """
        occurred_at, body_block, id, tenant_id, bot_key, duration_ms, status_code, body_position, attempt, is_error, \
        method, application, url, source_type, source_path, source_node_id, agent_name, agent_email, user_id, \
        user_name, error_type, error_message, connection_id
        """
    /// The columns of `call_body`, in the order of `encode`.
    static let bodyColumns = "occurred_on, tenant_id, entries, block_id, last_block, raw_bytes, payload"

    private static func encode(
        _ log: CallLog, tenant: Int32, bot: Int32, block: Int64, position: Int16, into rows: inout CopyEncoder
    ) {
        rows.row(columns: 23)
        rows.field(log.occurredAt)
        rows.field(block)
        rows.field(log.id)
        rows.field(tenant)
        rows.field(bot)
        rows.field(log.durationMilliseconds)
        rows.field(log.statusCode)
        rows.field(position)
        rows.field(log.attempt)
        rows.field(log.status == .error)
        rows.field(log.method.rawValue)
        rows.field(log.application.rawValue)
        rows.field(log.url)
        switch log.source {
        case .flow(let path, let nodeID):
            rows.field("flow")
            rows.field(path)
            rows.field(nodeID)
            rows.field(String?.none)
            rows.field(String?.none)
        case .inbox(let name, let email):
            rows.field("inbox")
            rows.field(String?.none)
            rows.field(String?.none)
            rows.field(name)
            rows.field(email)
        case nil:
            for _ in 0..<5 { rows.field(String?.none) }
        }
        rows.field(log.user?.id)
        rows.field(log.user?.name)
        rows.field(log.error?.type)
        rows.field(log.error?.message)
        rows.field(log.connectionID)
    }

    private static func encode(
        _ block: BodyBlockBuilder, id: Int64, tenant: Int32, level: Int, into part: inout Part
    ) throws {
        let entries = Int32(block.count)
        let rawSize = Int32(clamping: block.rawSize)
        part.bodies.row(columns: 7)
        part.bodies.field(part.day)
        part.bodies.field(tenant)
        part.bodies.field(entries)
        part.bodies.field(id)
        part.bodies.field(id)
        part.bodies.field(rawSize)
        part.bodies.field(try block.finish(level: level))
    }
}

extension EntryGroup.CountKey {
    init(_ log: CallLog, tenant: Int32, bot: Int32) {
        self.init(
            tenant: tenant, bot: bot, hour: log.occurredAt.hour, application: log.application.code,
            method: log.method.code, statusCode: log.statusCode, isError: log.status == .error)
    }
}
