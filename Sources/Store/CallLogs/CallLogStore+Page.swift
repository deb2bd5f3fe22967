public import Domain
import Foundation
import Postgres

extension CallLogStore {
    /// Rows of the log that one statement may have to look at; 20,000 that do not match take about 0.07 s (3.5 µs a row).
    static let rowsPerStep = 20_000
    /// Hours of counts that are read at a time.
    static let hoursPerWindow: Int64 = 96

    /// A page of calls, newest first.
    ///
    /// Without filters the primary key gives the page directly. With filters the hourly counts tell, exactly, in which hours
    /// there can be matches; only those hours are read, newest first and some thousand rows at a time, until the page is
    /// full or the budget is spent. Then the page is short, and `next` goes on where it stopped.
    /// - Parameters:
    ///   - query: what is asked for.
    ///   - tenant: whose calls.
    ///   - position: where the page before ended.
    ///   - limit: calls on a page.
    ///   - now: by `app_now()`.
    ///   - budget: time after which no further step is begun; every page does at least one.
    /// - Throws: `Problem` (unavailable) when too many are searching; `DatabaseError`.
    public func page(
        _ query: CallLogQuery, tenant: TenantID, after position: CallLogPosition?, limit: Int, now: Timestamp,
        budget: Duration = .milliseconds(400)
    ) async throws -> CallLogPage {
        let from = max(query.from ?? firstKept(now: now), firstKept(now: now))
        guard query.isFiltered else {
            let items = try await newest(
                query, tenant: tenant, from: from, after: position, limit: limit + 1, newest: now.day.advanced(by: 1))
            return Self.page(of: items, limit: limit)
        }
        return try await searches.pass {
            try await search(
                query, tenant: tenant, from: from, after: position, limit: limit, newest: Self.newestEnd(now: now),
                deadline: .now + budget)
        }
    }

    /// The end of everything that there can be: calls may lie some minutes ahead, and so in the next day.
    static func newestEnd(now: Timestamp) -> Timestamp { now.day.advanced(by: 2).start }

    /// Days that the first, second, … statement of an unfiltered page looks at.
    private static let stretches: [Int32] = [2, 7, 3660]

    /// Calls without a filter. The days stand in the statements' text, so that planning prunes to their leaves: over all
    /// thirty, planning alone took 2.7 ms and 62 relation locks; over two days the whole page takes 0.2 ms. Nearly all
    /// pages are full after the first stretch.
    private func newest(
        _ query: CallLogQuery, tenant: TenantID, from: Timestamp, after position: CallLogPosition?, limit: Int,
        newest: Day
    ) async throws -> [CallLogPage.Item] {
        var items: [CallLogPage.Item] = []
        var last = min(newest, query.to?.day ?? newest, position?.occurredAt.day ?? newest)
        for days in Self.stretches where last >= from.day && items.count < limit {
            let first = max(from.day, last.advanced(by: 1 - days))
            items += try await rows(
                query, tenant: tenant, from: from, to: query.to, after: position, days: first...last,
                limit: limit - items.count)
            last = first.advanced(by: -1)
        }
        return items
    }

    private func search(
        _ query: CallLogQuery, tenant: TenantID, from: Timestamp, after start: CallLogPosition?, limit: Int,
        newest: Timestamp, deadline: ContinuousClock.Instant
    ) async throws -> CallLogPage {
        var items: [CallLogPage.Item] = []
        var position = start
        var upper = min(query.to ?? newest, newest)
        if let start {
            upper = min(upper, Timestamp(microseconds: start.occurredAt.microseconds + (start.id == nil ? 0 : 1)))
        }
        // nothing at or after `upper` is left to look at
        while upper > from {
            let lower = max(from, upper.advanced(bySeconds: -Self.hoursPerWindow * 3600).hour)
            for hours in Self.steps(try await matchingHours(query, tenant: tenant, from: lower, to: upper)) {
                var isDone = false
                while !isDone {
                    let end = try await stepEnd(hours, tenant: tenant, after: position, to: upper)
                    items += try await rows(
                        query, tenant: tenant, from: max(lower, hours.from), to: min(upper, hours.to), after: position,
                        downTo: end, limit: limit + 1 - items.count)
                    guard items.count <= limit else { return Self.page(of: items, limit: limit) }
                    position = end ?? CallLogPosition(occurredAt: max(lower, hours.from), id: nil)
                    isDone = end == nil
                    if ContinuousClock.now > deadline, let position {
                        return Self.shortPage(of: items, after: position, from: from)
                    }
                }
            }
            upper = lower
            position = CallLogPosition(occurredAt: lower, id: nil)
            if ContinuousClock.now > deadline, let position {
                return Self.shortPage(of: items, after: position, from: from)
            }
        }
        return CallLogPage(items: items, next: nil)
    }

    private static func page(of items: [CallLogPage.Item], limit: Int) -> CallLogPage {
        guard items.count > limit, let last = items.prefix(limit).last else {
            return CallLogPage(items: items, next: nil)
        }
        return CallLogPage(
            items: Array(items.prefix(limit)),
            next: CallLogPosition(occurredAt: last.log.occurredAt, id: last.log.id))
    }

    /// A page that the budget ended: everything before `position` in the list was looked at.
    private static func shortPage(
        of items: [CallLogPage.Item], after position: CallLogPosition, from: Timestamp
    ) -> CallLogPage {
        guard position.occurredAt > from || position.id != nil else { return CallLogPage(items: items, next: nil) }
        return CallLogPage(items: items, next: position, scannedTo: position.occurredAt)
    }

    /// An hour that can hold matches.
    struct MatchingHour {
        var hour: Timestamp
        /// Calls of the hour that have to be looked at, whether they match or not.
        var entries: Int
    }

    /// Neighbouring hours that are read together.
    struct Step {
        var from: Timestamp
        var to: Timestamp
        var entries: Int
    }

    /// Puts neighbouring hours together as long as a statement stays short.
    static func steps(_ hours: [MatchingHour]) -> [Step] {
        var steps: [Step] = []
        for hour in hours {
            let end = hour.hour.advanced(bySeconds: 3600)
            if let last = steps.last, last.from == end, last.entries + hour.entries <= rowsPerStep {
                steps[steps.count - 1].from = hour.hour
                steps[steps.count - 1].entries += hour.entries
            } else {
                steps.append(Step(from: hour.hour, to: end, entries: hour.entries))
            }
        }
        return steps
    }

    /// The last row that the next statement may look at, when the hours hold more than it may; nil when it may look at all
    /// that is left of them. Found by walking the primary key, which costs a tenth of reading the rows.
    func stepEnd(
        _ step: Step, tenant: TenantID, after position: CallLogPosition?, to upper: Timestamp
    ) async throws -> CallLogPosition? {
        guard step.entries > Self.rowsPerStep else { return nil }
        var conditions: [SQL] = [
            "tenant_id = \(tenant)", "occurred_at >= \(step.from)", "occurred_at < \(min(step.to, upper))",
        ]
        if let position { conditions += Self.conditions(after: position) }
        return try await database.query(
            """
            select occurred_at, id from call_log where \(fragment: conditions.joined(separator: " and "))
            order by occurred_at desc, id desc offset \(Int64(Self.rowsPerStep - 1)) limit 1
            """, in: .tenant(tenant)
        ) { row in
            CallLogPosition(occurredAt: try row.decode(Timestamp.self, at: 0), id: try row.decode(UUID.self, at: 1))
        }.first
    }

    func matchingHours(
        _ query: CallLogQuery, tenant: TenantID, from: Timestamp, to: Timestamp
    ) async throws -> [MatchingHour] {
        let matches = (["true"] + Self.countConditions(query, tenant: tenant)).joined(separator: " and ")
        let readable: SQL = Self.wantsErrorsOnly(query) ? "and n.is_error" : ""
        let lastMoment = Timestamp(microseconds: to.microseconds - 1)
        let days = Self.pruning(from.day...max(from.day, lastMoment.day), column: "n.hour").joined(separator: " and ")
        return try await database.query(
            """
            select hour, entries from (
                select n.hour, sum(n.entries) as entries, bool_or(\(fragment: matches)) as has_matches
                from call_count n
                where n.tenant_id = \(tenant) and n.hour >= \(from.hour) and n.hour < \(to)
                  and \(fragment: days) \(fragment: readable)
                group by n.hour
            ) hours
            where has_matches order by hour desc
            """, in: .tenant(tenant)
        ) { row in
            MatchingHour(hour: try row.decode(Timestamp.self, at: 0), entries: try row.decode(Int.self, at: 1))
        }
    }

    private func rows(
        _ query: CallLogQuery, tenant: TenantID, from: Timestamp, to: Timestamp?, after position: CallLogPosition?,
        downTo end: CallLogPosition? = nil, days: ClosedRange<Day>? = nil, limit: Int
    ) async throws -> [CallLogPage.Item] {
        var conditions: [SQL] = ["tenant_id = \(tenant)", "occurred_at >= \(from)"]
        if let to { conditions.append("occurred_at < \(to)") }
        if let days { conditions += Self.pruning(days, column: "occurred_at") }
        if let position { conditions += Self.conditions(after: position) }
        if let end { conditions.append("(occurred_at, id) >= (\(end.occurredAt), \(end.id))") }
        conditions += Self.rowConditions(query, tenant: tenant)
        return try await database.query(
            """
            select \(fragment: Self.itemColumns)
            from (select * from call_log where \(fragment: conditions.joined(separator: " and "))
                  order by occurred_at desc, id desc limit \(Int64(limit))) c
            join bot b on b.tenant_id = c.tenant_id and b.bot_key = c.bot_key
            order by c.occurred_at desc, c.id desc
            """, in: .tenant(tenant), Self.item)
    }
}
