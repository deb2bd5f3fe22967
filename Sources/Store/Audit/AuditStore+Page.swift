public import Domain
import Foundation
import Postgres

extension AuditStore {
    /// Rows that the first statement of a search without an index may have to look at. The next ones look at more or at fewer,
    /// by how long it took: entries differ in size by a factor of 10,000.
    private static let firstStep = 2000
    private static let mostOfAStep = 20_000

    /// A page of entries, newest first.
    ///
    /// Without filters the primary key gives the page directly; a filter by key, or by codes that are not the API's calls, has
    /// an index of its own. Anything else is looked for newest first, some thousand rows at a time, until the page is full or
    /// the budget is spent. Then the page is short, and `next` goes on where it stopped.
    /// - Parameters:
    ///   - query: what is asked for.
    ///   - tenant: whose entries.
    ///   - position: where the page before ended.
    ///   - limit: entries on a page.
    ///   - now: by `app_now()`.
    ///   - budget: time after which no further step is begun; every page does at least one.
    /// - Throws: `Problem` (unavailable) when too many are searching; `DatabaseError`.
    public func page(
        _ query: AuditQuery, tenant: TenantID, after position: AuditPosition?, limit: Int, now: Timestamp,
        budget: Duration = .milliseconds(400)
    ) async throws -> AuditPage<AuditEntry> {
        try await page(query, tenant: tenant, after: position, limit: limit, now: now, budget: budget) { row in
            try row.entry()
        }
    }

    /// A page of entries as `read` takes them, newest first; see above.
    /// - Parameter read: takes what it needs of an entry; it runs on the connection's thread.
    /// - Throws: `Problem` (unavailable) when too many are searching; `DatabaseError`; what `read` throws.
    public func page<Entry: Sendable>(
        _ query: AuditQuery, tenant: TenantID, after position: AuditPosition?, limit: Int, now: Timestamp,
        budget: Duration = .milliseconds(400), reading read: @escaping Reader<Entry>
    ) async throws -> AuditPage<Entry> {
        // what was brought back is older than the retention
        let oldest = query.includesRestored ? Timestamp(microseconds: 0) : firstKept(now: now)
        var bounds = Bounds(
            query, from: max(query.from ?? oldest, oldest), after: position, limit: limit + 1,
            newest: now.day.advanced(by: 1))
        let plan = Plan(query)
        guard plan.needsSearch else {
            return Self.page(of: try await newest(plan, tenant: tenant, &bounds, read), limit: limit)
        }
        let start = bounds
        return try await searches.pass {
            try await search(plan, tenant: tenant, start, limit: limit, deadline: .now + budget, read)
        }
    }

    /// Takes what it needs of an entry.
    public typealias Reader<Entry> = @Sendable (AuditResultRow) throws -> Entry

    /// An entry and where it stands.
    private struct Found<Entry: Sendable>: Sendable {
        var position: AuditPosition
        var entry: Entry
    }

    /// What of the log a page is made of.
    struct Bounds {
        var from: Timestamp
        var to: Timestamp
        var after: AuditPosition?
        var downTo: AuditPosition?
        var limit: Int

        init(_ query: AuditQuery, from: Timestamp, after: AuditPosition?, limit: Int, newest: Day) {
            self.from = from
            self.after = after
            self.limit = limit
            to = min(query.to ?? newest.advanced(by: 1).start, newest.advanced(by: 1).start)
            if let after { to = min(to, Timestamp(microseconds: after.occurredAt.microseconds + 1)) }
        }

        /// The times and the place. The days stand in the text, so that planning prunes to their leaves.
        var conditions: [SQL] {
            let (first, last) = (from.day, Timestamp(microseconds: to.microseconds - 1).day)
            var conditions: [SQL] = [
                "occurred_at >= \(unescaped: "timestamptz '\(first.start)'")",
                "occurred_at < \(unescaped: "timestamptz '\(last.advanced(by: 1).start)'")",
                "occurred_at >= \(from)", "occurred_at < \(to)",
            ]
            if let after { conditions.append("(occurred_at, seq) < (\(after.occurredAt), \(after.seq))") }
            if let downTo { conditions.append("(occurred_at, seq) >= (\(downTo.occurredAt), \(downTo.seq))") }
            return conditions
        }
    }

    /// Days that the first, second, … statement of a page looks at. Nearly all pages are full after the first.
    private static let stretches: [Int32] = [2, 7, 31, 36_600]

    private func newest<Entry>(
        _ plan: Plan, tenant: TenantID, _ bounds: inout Bounds, _ read: @escaping Reader<Entry>
    ) async throws -> [Found<Entry>] {
        var entries: [Found<Entry>] = []
        let (oldest, limit) = (bounds.from, bounds.limit)
        for days in Self.stretches where bounds.to > oldest && entries.count < limit {
            bounds.from = Self.start(of: days, before: bounds.to, oldest: oldest)
            bounds.limit = limit - entries.count
            entries += try await rows(plan, tenant: tenant, bounds, read)
            bounds.to = bounds.from
        }
        return entries
    }

    private static func start(of days: Int32, before end: Timestamp, oldest: Timestamp) -> Timestamp {
        max(oldest, Timestamp(microseconds: end.microseconds - 1).day.advanced(by: 1 - days).start)
    }

    private func search<Entry>(
        _ plan: Plan, tenant: TenantID, _ start: Bounds, limit: Int, deadline: ContinuousClock.Instant,
        _ read: @escaping Reader<Entry>
    ) async throws -> AuditPage<Entry> {
        var bounds = start
        let oldest = start.from
        var entries: [Found<Entry>] = []
        var step = Self.firstStep
        var stretch = 0
        while bounds.to > oldest {
            bounds.from = Self.start(of: Self.stretches[min(stretch, 3)], before: bounds.to, oldest: oldest)
            let began = ContinuousClock.now
            bounds.downTo = try await end(of: step, plan, tenant: tenant, bounds)
            bounds.limit = limit + 1 - entries.count
            entries += try await rows(plan, tenant: tenant, bounds, read)
            guard entries.count <= limit else { return Self.page(of: entries, limit: limit) }
            if let reached = bounds.downTo {
                bounds.after = reached
                bounds.to = min(bounds.to, Timestamp(microseconds: reached.occurredAt.microseconds + 1))
            } else {
                bounds.to = bounds.from
                stretch += 1
            }
            guard bounds.to > oldest else { break }
            if ContinuousClock.now > deadline {
                let next = bounds.downTo ?? AuditPosition(occurredAt: bounds.to, seq: 0)
                return AuditPage(entries: entries.map(\.entry), next: next, scannedTo: next.occurredAt)
            }
            step =
                ContinuousClock.now - began < .milliseconds(50) ? min(step * 4, Self.mostOfAStep) : max(step / 4, 100)
        }
        return AuditPage(entries: entries.map(\.entry), next: nil)
    }

    private static func page<Entry>(of entries: [Found<Entry>], limit: Int) -> AuditPage<Entry> {
        guard entries.count > limit, let last = entries.prefix(limit).last else {
            return AuditPage(entries: entries.map(\.entry), next: nil)
        }
        return AuditPage(entries: entries.prefix(limit).map(\.entry), next: last.position)
    }

    /// The last row that the next statement may look at; nil when it may look at all that is left of the stretch.
    private func end(
        of step: Int, _ plan: Plan, tenant: TenantID, _ bounds: Bounds
    ) async throws -> AuditPosition? {
        var bounds = bounds
        bounds.downTo = nil
        let conditions = ["tenant_id = \(tenant)"] + bounds.conditions
        return try await database.query(
            """
            select occurred_at, seq
            from \(fragment: plan.source(conditions, columns: "occurred_at, seq", limit: step)) a
            order by occurred_at desc, seq desc offset \(Int64(step - 1)) limit 1
            """, in: .tenant(tenant)
        ) { row in
            AuditPosition(occurredAt: try row.decode(Timestamp.self, at: 0), seq: try row.decode(Int64.self, at: 1))
        }.first
    }

    private func rows<Entry>(
        _ plan: Plan, tenant: TenantID, _ bounds: Bounds, _ read: @escaping Reader<Entry>
    ) async throws -> [Found<Entry>] {
        let conditions = ["tenant_id = \(tenant)"] + bounds.conditions + plan.conditions
        return try await database.query(
            """
            select \(fragment: AuditResultRow.columns)
            from \(fragment: plan.rows(conditions, limit: bounds.limit)) a
            order by occurred_at desc, seq desc limit \(Int64(bounds.limit))
            """, in: .tenant(tenant)
        ) { row in
            let row = try AuditResultRow(row)
            return Found(position: row.position, entry: try read(row))
        }
    }
}
