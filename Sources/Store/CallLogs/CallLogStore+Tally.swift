import Domain
import Postgres

/// What is counted, and by what: the same over the hourly counts and over the rows.
struct CallTally<Key: Hashable & Sendable>: Sendable {
    /// Columns of a statement that make up a key, from column 1 on; column 0 is the number of calls.
    struct Source: Sendable {
        var columns: SQL
        var key: @Sendable (Row) throws -> Key
    }

    /// Only calls that match are counted.
    var query: CallLogQuery
    /// Over `call_count n`.
    var counts: Source
    /// Over `call_log`.
    var rows: Source
    /// Over the hourly counts of days that are over.
    var sealed: SealedCounts.Grouping<Key>
}

/// What a tally found.
struct TallyResult<Key: Hashable & Sendable>: Sendable {
    var calls: [Key: Int] = [:]
    /// Set when the budget ended it: only calls at or after this time were counted.
    var scannedTo: Timestamp?

    mutating func add(_ found: [(Key, Int)]) {
        for (key, count) in found { calls[key, default: 0] += count }
    }
}

extension CallLogStore {
    /// Days of counts that the first statement reads; how long it takes tells whether the rest can be read at once.
    private static let firstDays: Int32 = 4

    /// A part of a period, and what answers it exactly.
    private enum Section {
        case rows(Range<Timestamp>)
        case counts(Range<Timestamp>)
    }

    /// What is kept of the period that a query asks for; empty when nothing is.
    func period(of query: CallLogQuery, now: Timestamp) -> Range<Timestamp> {
        let from = max(query.from ?? firstKept(now: now), firstKept(now: now))
        return from..<max(from, min(query.to ?? Self.newestEnd(now: now), Self.newestEnd(now: now)))
    }

    /// Counts calls exactly, newest first: whole hours by the hourly counts where these know all filters, and by the rows
    /// what is left, which is the period's first and last hour if it cuts them, or all of it.
    ///
    /// Rows and counts are written in one transaction, and a section reads one of the two: nothing is counted twice or
    /// missed, however late it arrives.
    /// - Parameters:
    ///   - tally: what to count.
    ///   - tenant: whose calls.
    ///   - period: kept calls only; see `period(of:now:)`.
    ///   - deadline: no further step is begun after it, but the first always is.
    /// - Throws: `DatabaseError`.
    func count<Key>(
        _ tally: CallTally<Key>, tenant: TenantID, period: Range<Timestamp>, deadline: ContinuousClock.Instant
    ) async throws -> TallyResult<Key> {
        var result = TallyResult<Key>()
        for section in Self.sections(of: period, needsRows: tally.query.needsRows) {
            let scannedTo: Timestamp
            switch section {
            case .counts(let hours):
                scannedTo = try await addCounts(tally, tenant: tenant, hours: hours, deadline: deadline, to: &result)
            case .rows(let times):
                scannedTo = try await addRows(tally, tenant: tenant, times: times, deadline: deadline, to: &result)
            }
            if scannedTo > period.lowerBound && ContinuousClock.now > deadline {
                result.scannedTo = scannedTo
                break
            }
        }
        return result
    }

    /// Newest first.
    private static func sections(of period: Range<Timestamp>, needsRows: Bool) -> [Section] {
        let (from, to) = (period.lowerBound, period.upperBound)
        let firstWhole = from == from.hour ? from : from.hour.advanced(bySeconds: 3600)
        guard !period.isEmpty else { return [] }
        guard !needsRows, firstWhole < to.hour else { return [.rows(period)] }
        var sections: [Section] = [.counts(firstWhole..<to.hour)]
        if to.hour < to { sections.insert(.rows(to.hour..<to), at: 0) }
        if from < firstWhole { sections.append(.rows(from..<firstWhole)) }
        return sections
    }

    /// Whole days that are sealed are read at once, the others' hourly counts are summed up by the database.
    /// - Returns: down to which time it counted.
    private func addCounts<Key>(
        _ tally: CallTally<Key>, tenant: TenantID, hours: Range<Timestamp>, deadline: ContinuousClock.Instant,
        to result: inout TallyResult<Key>
    ) async throws -> Timestamp {
        let query = tally.query
        let bots = query.bots.isEmpty ? [] : Set(try await botKeys(query.bots, tenant: tenant).values)
        return try await inStretches(hours, deadline: deadline) { stretch, _ in
            var unsealed = [stretch]
            if let days = Self.wholeDays(of: stretch) {
                for counts in try await sealedCounts(days, tenant: tenant) {
                    try counts.add(to: &result.calls, by: tally.sealed) { $0.matches(query, bots: bots) }
                    unsealed = Self.without(counts.day, unsealed)
                }
            }
            guard !unsealed.isEmpty else { return }
            result.add(try await hourlyCounts(tally, tenant: tenant, hours: unsealed))
        }
    }

    private func hourlyCounts<Key>(
        _ tally: CallTally<Key>, tenant: TenantID, hours: [Range<Timestamp>]
    ) async throws -> [(Key, Int)] {
        let within: [SQL] = hours.map { hours in
            "\(fragment: Self.within(hours, column: "n.hour").joined(separator: " and "))"
        }
        var conditions: [SQL] = ["n.tenant_id = \(tenant)", "(\(fragment: within.joined(separator: " or ")))"]
        conditions += Self.countConditions(tally.query, tenant: tenant)
        if Self.wantsErrorsOnly(tally.query) { conditions.append("n.is_error") }
        let source = tally.counts
        return try await database.query(
            """
            select sum(n.entries), \(fragment: source.columns) from call_count n
            where \(fragment: conditions.joined(separator: " and ")) group by \(fragment: source.columns)
            """, in: .tenant(tenant)
        ) { row in (try source.key(row), try row.decode(Int.self, at: 0)) }
    }

    /// The days that a period holds from their first to their last hour.
    private static func wholeDays(of period: Range<Timestamp>) -> ClosedRange<Day>? {
        let (from, to) = (period.lowerBound, period.upperBound)
        let first = from == from.day.start ? from.day : from.day.advanced(by: 1)
        let last = to.day.advanced(by: -1)
        return first <= last ? first...last : nil
    }

    /// Takes a day out of periods.
    private static func without(_ day: Day, _ periods: [Range<Timestamp>]) -> [Range<Timestamp>] {
        let (start, end) = (day.start, day.advanced(by: 1).start)
        return periods.flatMap { period in
            guard period.lowerBound < end, start < period.upperBound else { return [period] }
            return [
                period.lowerBound..<max(period.lowerBound, start), min(period.upperBound, end)..<period.upperBound,
            ].filter { !$0.isEmpty }
        }
    }

    /// Reads a period newest first, in whole days: some days first, and then as much as the time that they took allows.
    /// - Returns: down to which time it read.
    func inStretches(
        _ period: Range<Timestamp>, deadline: ContinuousClock.Instant,
        _ read: (_ stretch: Range<Timestamp>, _ days: ClosedRange<Day>) async throws -> Void
    ) async throws -> Timestamp {
        var upper = period.upperBound
        var days = Self.firstDays
        while upper > period.lowerBound {
            // the day that holds the last moment
            let last = Timestamp(microseconds: upper.microseconds - 1).day
            let first = max(period.lowerBound.day, last.advanced(by: 1 - days))
            let lower = max(period.lowerBound, first.start)
            let began = ContinuousClock.now
            try await read(lower..<upper, first...last)
            upper = lower
            let left = deadline - .now
            if left < .zero { break }
            let remaining = upper.day.number - period.lowerBound.day.number + 1
            let daysRead = last.number - first.number + 1
            let allAtOnce = (ContinuousClock.now - began) * Int(remaining) / Int(daysRead)
            days = allAtOnce < left ? remaining : Self.firstDays
        }
        return upper
    }

    /// Returns: down to which time it counted.
    private func addRows<Key>(
        _ tally: CallTally<Key>, tenant: TenantID, times: Range<Timestamp>, deadline: ContinuousClock.Instant,
        to result: inout TallyResult<Key>
    ) async throws -> Timestamp {
        var upper = times.upperBound
        while upper > times.lowerBound {
            let lower = max(times.lowerBound, upper.advanced(bySeconds: -Self.hoursPerWindow * 3600).hour)
            for step in Self.steps(try await matchingHours(tally.query, tenant: tenant, from: lower, to: upper)) {
                let end = min(upper, step.to)
                var rest = max(lower, step.from)..<end
                while !rest.isEmpty {
                    // a step ends between two moments, so that all calls of a moment are counted together
                    let position = CallLogPosition(occurredAt: rest.upperBound, id: nil)
                    let last = try await stepEnd(step, tenant: tenant, after: position, to: end)?.occurredAt
                    let next = max(rest.lowerBound, last ?? rest.lowerBound)
                    result.add(try await rowCounts(tally, tenant: tenant, times: next..<rest.upperBound))
                    rest = rest.lowerBound..<next
                    if ContinuousClock.now > deadline { return next }
                }
            }
            upper = lower
            if ContinuousClock.now > deadline { break }
        }
        return upper
    }

    private func rowCounts<Key>(
        _ tally: CallTally<Key>, tenant: TenantID, times: Range<Timestamp>
    ) async throws -> [(Key, Int)] {
        let lastMoment = Timestamp(microseconds: times.upperBound.microseconds - 1)
        let conditions =
            [
                "tenant_id = \(tenant)", "occurred_at >= \(times.lowerBound)", "occurred_at < \(times.upperBound)",
            ] + Self.pruning(times.lowerBound.day...lastMoment.day, column: "occurred_at")
            + Self.rowConditions(tally.query, tenant: tenant)
        let source = tally.rows
        return try await database.query(
            """
            select count(*), \(fragment: source.columns) from call_log
            where \(fragment: conditions.joined(separator: " and ")) group by \(fragment: source.columns)
            """, in: .tenant(tenant)
        ) { row in (try source.key(row), try row.decode(Int.self, at: 0)) }
    }
}
