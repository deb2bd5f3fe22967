public import Domain
import Foundation
import Postgres

extension CallLogStore {
    /// Rows of the log that one statement may have to look at; 50,000 take about 0.2 s (3.5 µs a row that does not match).
    static let rowsPerStep = 50_000
    /// Hours of counts that are read at a time.
    static let hoursPerStep = 96

    /// A page of calls, newest first.
    ///
    /// Without filters the primary key gives the page directly. With filters the hourly counts tell, exactly, in which hours
    /// there are matches; only those hours are read, newest first, until the page is full or the budget is spent. Then the
    /// page is short, and `next` goes on where it stopped.
    /// - Parameters:
    ///   - query: what is asked for.
    ///   - tenant: whose calls.
    ///   - position: where the page before ended.
    ///   - limit: calls on a page.
    ///   - now: by `app_now()`.
    ///   - budget: time after which no further step is begun.
    /// - Throws: `DatabaseError`.
    public func page(
        _ query: CallLogQuery, tenant: TenantID, after position: CallLogPosition?, limit: Int, now: Timestamp,
        budget: Duration = .milliseconds(400)
    ) async throws -> CallLogPage {
        let from = max(query.from ?? firstKept(now: now), firstKept(now: now))
        guard query.isFiltered else {
            let items = try await rows(
                query, tenant: tenant, from: from, to: query.to, after: position, limit: limit + 1)
            return Self.page(of: items, limit: limit)
        }
        let start = ContinuousClock.now
        var items: [CallLogPage.Item] = []
        var upper = position?.occurredAt ?? query.to.map { Timestamp(microseconds: $0.microseconds - 1) }
        while true {
            let hours = try await matchingHours(query, tenant: tenant, from: from, upTo: upper)
            for step in Self.steps(hours) {
                items += try await rows(
                    query, tenant: tenant, from: max(from, step.from), to: min(query.to ?? step.to, step.to),
                    after: position, limit: limit + 1 - items.count)
                guard items.count <= limit else { return Self.page(of: items, limit: limit) }
                if ContinuousClock.now - start > budget {
                    guard step.from > from else { break }
                    // everything at or after step.from was looked at
                    let scannedTo = Timestamp(microseconds: step.from.microseconds)
                    return CallLogPage(
                        items: items, next: CallLogPosition(occurredAt: scannedTo, id: nil), scannedTo: scannedTo)
                }
            }
            guard hours.count == Self.hoursPerStep, let last = hours.last, last.hour > from else {
                return Self.page(of: items, limit: limit)
            }
            upper = Timestamp(microseconds: last.hour.microseconds - 1)
        }
    }

    private static func page(of items: [CallLogPage.Item], limit: Int) -> CallLogPage {
        guard items.count > limit, let last = items.prefix(limit).last else {
            return CallLogPage(items: items, next: nil)
        }
        return CallLogPage(
            items: Array(items.prefix(limit)),
            next: CallLogPosition(occurredAt: last.log.occurredAt, id: last.log.id))
    }

    /// An hour that holds matches.
    struct MatchingHour {
        var hour: Timestamp
        /// Calls of the hour, whether they match or not.
        var entries: Int
        var matches: Int
    }

    /// Neighbouring hours that one statement reads.
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

    private func matchingHours(
        _ query: CallLogQuery, tenant: TenantID, from: Timestamp, upTo upper: Timestamp?
    ) async throws -> [MatchingHour] {
        var conditions: [SQL] = ["true"]
        if let status = query.status { conditions.append("n.is_error = \(status == .error)") }
        if !query.methods.isEmpty { conditions.append("n.method_code = any(\(query.methods.map(\.code)))") }
        if !query.applications.isEmpty {
            conditions.append("n.application_code = any(\(query.applications.map(\.code)))")
        }
        if !query.codes.isEmpty { conditions.append(Self.codes(query.codes, column: "n.status_code")) }
        if !query.bots.isEmpty { conditions.append(Self.bots(query.bots, tenant: tenant, column: "n.bot_key")) }
        let matches = conditions.joined(separator: " and ")
        let bound: SQL = if let upper { "and n.hour <= \(upper)" } else { "" }
        return try await database.query(
            """
            select hour, entries, matches from (
                select n.hour, sum(n.entries) as entries,
                       coalesce(sum(n.entries) filter (where \(fragment: matches)), 0) as matches
                from call_count n
                where n.tenant_id = \(tenant) and n.hour >= \(from.hour) \(fragment: bound)
                group by n.hour
            ) hours
            where matches > 0 order by hour desc limit \(Int64(Self.hoursPerStep))
            """, in: .tenant(tenant)
        ) { row in
            MatchingHour(
                hour: try row.decode(Timestamp.self, at: 0), entries: try row.decode(Int.self, at: 1),
                matches: try row.decode(Int.self, at: 2))
        }
    }

    private func rows(
        _ query: CallLogQuery, tenant: TenantID, from: Timestamp, to: Timestamp?, after position: CallLogPosition?,
        limit: Int
    ) async throws -> [CallLogPage.Item] {
        var conditions: [SQL] = ["tenant_id = \(tenant)", "occurred_at >= \(from)"]
        if let to { conditions.append("occurred_at < \(to)") }
        if let position {
            if let id = position.id {
                // the row comparison is an index condition; the plain one prunes partitions
                conditions.append("occurred_at <= \(position.occurredAt)")
                conditions.append("(occurred_at, id) < (\(position.occurredAt), \(id))")
            } else {
                conditions.append("occurred_at < \(position.occurredAt)")
            }
        }
        switch query.status {
        case .success: conditions.append("not is_error")
        case .error: conditions.append("is_error")
        case nil:
            // codes from 400 on are errors: saying so opens the small index of errors
            if !query.codes.isEmpty, query.codes.allSatisfy({ $0.range.lowerBound >= 400 }) {
                conditions.append("is_error")
            }
        }
        if !query.methods.isEmpty { conditions.append("method = any(\(query.methods.map(\.rawValue)))") }
        if !query.applications.isEmpty {
            conditions.append("application = any(\(query.applications.map(\.rawValue)))")
        }
        if !query.codes.isEmpty { conditions.append(Self.codes(query.codes, column: "status_code")) }
        if !query.bots.isEmpty { conditions.append(Self.bots(query.bots, tenant: tenant, column: "bot_key")) }
        conditions += Self.conditionsBeyondCounts(query)
        return try await database.query(
            """
            select \(fragment: Self.itemColumns)
            from (select * from call_log where \(fragment: conditions.joined(separator: " and "))
                  order by occurred_at desc, id desc limit \(Int64(limit))) c
            join bot b on b.tenant_id = c.tenant_id and b.bot_key = c.bot_key
            order by c.occurred_at desc, c.id desc
            """, in: .tenant(tenant), Self.item)
    }

    /// Filters that the hourly counts know nothing of: only reading the rows answers them.
    private static func conditionsBeyondCounts(_ query: CallLogQuery) -> [SQL] {
        var conditions: [SQL] = []
        let users = query.users.sorted()
        if !users.isEmpty { conditions.append("(user_id = any(\(users)) or user_name = any(\(users)))") }
        if !query.connections.isEmpty { conditions.append("connection_id = any(\(query.connections.sorted()))") }
        if let duration = query.minimumDuration { conditions.append("duration_ms >= \(duration)") }
        if let source = query.source {
            conditions.append(
                Self.contains(source, in: ["source_path", "source_node_id", "agent_name", "agent_email"]))
        }
        if let text = query.text {
            conditions.append(
                Self.contains(
                    text,
                    in: [
                        "url", "source_path", "source_node_id", "agent_name", "agent_email", "user_id", "user_name",
                        "error_type", "error_message",
                    ]))
        }
        return conditions
    }

    private static func contains(_ text: String, in columns: [String]) -> SQL {
        let escaped = text.replacing("\\", with: "\\\\").replacing("%", with: "\\%").replacing("_", with: "\\_")
        let parts: [SQL] = columns.map { "\(unescaped: $0) ilike \("%" + escaped + "%")" }
        return "(\(fragment: parts.joined(separator: " or ")))"
    }

    private static func codes(_ codes: Set<CallLogQuery.CodeFilter>, column: String) -> SQL {
        let parts: [SQL] = codes.map(\.range).sorted { $0.lowerBound < $1.lowerBound }.map { range in
            range.count == 1
                ? "\(unescaped: column) = \(range.lowerBound)"
                : "\(unescaped: column) between \(range.lowerBound) and \(range.upperBound)"
        }
        return "(\(fragment: parts.joined(separator: " or ")))"
    }

    private static func bots(_ bots: Set<String>, tenant: TenantID, column: String) -> SQL {
        """
        \(unescaped: column) = any(array(
            select bot_key from bot where tenant_id = \(tenant) and bot_id = any(\(bots.sorted()))))
        """
    }
}
