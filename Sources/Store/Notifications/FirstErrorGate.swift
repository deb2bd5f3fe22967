import Domain
import Foundation
import Postgres
import Synchronization

/// Opens the 24-hour cycle of a bot's first error, in the transaction that stores the entry.
///
/// What the process knows of open cycles spares the database: while a cycle is known to be open, an error of its bot costs
/// a look into a dictionary.
final class FirstErrorGate: Sendable {
    /// A bot.
    struct BotID: Sendable, Hashable {
        var tenant: Int32
        var bot: Int32

        /// The order in which every writer opens cycles, so that no two wait for each other.
        static func precedes(_ left: BotID, _ right: BotID) -> Bool {
            (left.tenant, left.bot) < (right.tenant, right.bot)
        }
    }

    /// The earliest error of a bot in a group of entries.
    struct FirstError: Sendable {
        var id: UUID
        var occurredAt: Timestamp
        /// Errors of the bot in the group.
        var count = 1
    }

    /// What became known in a transaction; to be remembered when it has committed.
    struct Findings: Sendable {
        fileprivate var cycles: [BotID: Known] = [:]
        /// Cycles that were opened: somebody is to be told.
        var opened = 0
    }

    fileprivate struct Known: Sendable {
        var cycle: ErrorCycle
        /// Whether the ledger says that further errors are kept quiet.
        var isNoted: Bool
    }

    /// Bots remembered; past it the memory starts anew, which costs one statement a bot.
    private static let capacity = 100_000

    private let known = Mutex<[BotID: Known]>([:])

    /// The errors that the database has to decide about.
    /// - Parameters:
    ///   - errors: the earliest error of each bot.
    ///   - now: by `app_now()`.
    func undecided(_ errors: [BotID: FirstError], now: Timestamp) -> [BotID: FirstError] {
        guard !errors.isEmpty else { return [:] }
        return known.withLock { known in
            errors.filter { bot, error in
                guard ErrorCycle.mayOpen(occurredAt: error.occurredAt, now: now) else { return false }
                guard let state = known[bot], state.cycle.until > now else { return true }
                return !state.isNoted
            }
        }
    }

    /// Remembers what a transaction found, once it has committed.
    func remember(_ findings: Findings) {
        guard !findings.cycles.isEmpty else { return }
        known.withLock { known in
            if known.count > Self.capacity { known = [:] }
            known.merge(findings.cycles) { _, new in new }
        }
    }

    /// Opens cycles where none is open, asks for the mails, and notes once a cycle that its further errors are kept quiet.
    static func decide(
        _ errors: [BotID: FirstError], _ transaction: isolated PostgresConnection
    ) throws -> Findings {
        var findings = Findings()
        // the database's own clock, also where the process' knowledge of it is a second old
        let time = try transaction.first("select app_now()") { row in try row.decode(Timestamp.self, at: 0) }
        guard let now = time else { return findings }
        let sorted = errors.filter { ErrorCycle.mayOpen(occurredAt: $0.value.occurredAt, now: now) }
            .sorted { BotID.precedes($0.key, $1.key) }
        guard !sorted.isEmpty else { return findings }
        let until = now.advanced(bySeconds: ErrorCycle.seconds)
        let opened = Set(
            try transaction.query(
                """
                insert into error_cycle (tenant_id, bot_key, opened_at, until, entry_id, entry_occurred_at)
                select tenant, bot, \(now), \(until), entry, occurred_at
                from unnest(\(sorted.map(\.key.tenant)), \(sorted.map(\.key.bot)), \(sorted.map(\.value.id)),
                            \(sorted.map(\.value.occurredAt))) as given (tenant, bot, entry, occurred_at)
                on conflict (tenant_id, bot_key) do update
                    set opened_at = excluded.opened_at, until = excluded.until, entry_id = excluded.entry_id,
                        entry_occurred_at = excluded.entry_occurred_at,
                        previous_entry_occurred_at = error_cycle.entry_occurred_at,
                        previous_opened_at = error_cycle.opened_at, previous_until = error_cycle.until
                    where error_cycle.until <= \(now)
                returning tenant_id, bot_key
                """
            ) { row in BotID(tenant: try row.decode(Int32.self, at: 0), bot: try row.decode(Int32.self, at: 1)) })
        for bot in opened {
            // the errors that came with the first are further ones already
            findings.cycles[bot] = Known(cycle: ErrorCycle(openedAt: now, until: until), isNoted: false)
        }
        findings.opened = opened.count
        try JobQueue.enqueue(
            sorted.filter { opened.contains($0.key) }.map { bot, error in
                NewJob(
                    FirstErrorJob(botKey: bot.bot, openedAt: now, entry: error.id),
                    tenant: TenantID(rawValue: bot.tenant),
                    uniqueKey: "\(bot.tenant):\(bot.bot):\(now.microseconds)")
            }, transaction)
        let quiet = sorted.filter { !opened.contains($0.key) || $0.value.count > 1 }
        try note(quiet, opened: findings.cycles, into: &findings, now: now, transaction)
        return findings
    }

    private static func note(
        _ errors: [(key: BotID, value: FirstError)], opened: [BotID: Known], into findings: inout Findings,
        now: Timestamp, _ transaction: isolated PostgresConnection
    ) throws {
        guard !errors.isEmpty else { return }
        let cycles = try transaction.query(
            """
            select tenant_id, bot_key, opened_at, until from error_cycle
            join unnest(\(errors.map(\.key.tenant)), \(errors.map(\.key.bot))) as given (tenant, bot)
                on tenant_id = tenant and bot_key = bot
            """
        ) { row in
            (
                BotID(tenant: try row.decode(Int32.self, at: 0), bot: try row.decode(Int32.self, at: 1)),
                ErrorCycle(
                    openedAt: try row.decode(Timestamp.self, at: 2), until: try row.decode(Timestamp.self, at: 3))
            )
        }.sorted { BotID.precedes($0.0, $1.0) }
        let entries = Dictionary(errors.map { ($0.key, $0.value.id) }, uniquingKeysWith: { first, _ in first })
        for (bot, cycle) in cycles { findings.cycles[bot] = Known(cycle: cycle, isNoted: true) }
        try transaction.execute(
            """
            insert into notification (tenant_id, notification_id, event, subject_key, channel, state, reason, bot_key,
                                      entry_id, created_at)
            select tenant, id, 'first_error', subject, 'none', 'suppressed', reason, bot, entry, \(now)
            from unnest(\(cycles.map(\.0.tenant)), \(cycles.map { _ in UUID.version7(at: now) }),
                        \(cycles.map { ErrorCycle.subjectKey(botKey: $0.0.bot, openedAt: $0.1.openedAt) }),
                        \(cycles.map { "cycle of \($0.1.openedAt) open until \($0.1.until)" }),
                        \(cycles.map(\.0.bot)), \(cycles.compactMap { entries[$0.0] }))
                as given (tenant, id, subject, reason, bot, entry)
            on conflict (tenant_id, subject_key, channel, recipient) do nothing
            """)
    }
}
