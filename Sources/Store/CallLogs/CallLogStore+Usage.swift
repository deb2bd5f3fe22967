public import Domain
import Postgres

extension CallLogStore {
    /// What the calls of the last days amount to.
    ///
    /// Calls come from the hourly counts; bytes from the lengths of the body blocks, which are read without the bodies;
    /// durations from the newest calls, since no count holds them. The days are whole UTC days within the retention.
    /// - Parameters:
    ///   - days: how many, today included; no more than are kept.
    ///   - tenant: whose calls.
    ///   - now: by `app_now()`.
    ///   - budget: time after which no further step is begun.
    /// - Throws: `Problem` (unavailable) when too many are searching; `DatabaseError`.
    public func usage(
        days: Int, tenant: TenantID, now: Timestamp, budget: Duration = .milliseconds(800)
    ) async throws -> Usage {
        let today = now.day
        let all = today.advanced(by: 1 - Int32(min(max(days, 1), retentionDays)))...today
        let period = all.lowerBound.start..<today.advanced(by: 1).start
        let deadline = ContinuousClock.now + budget
        return try await searches.pass {
            async let counted = count(Self.dailyKinds, tenant: tenant, period: period, deadline: deadline)
            async let recent = recentDurations(tenant: tenant, days: all)
            let (bodies, bodiesFrom) = try await bodies(tenant: tenant, period: period, deadline: deadline)
            let (found, durations) = try await (counted, recent)
            var sums = UsageSums()
            for (kind, entries) in found.calls { sums.add(kind, entries: entries) }
            let failingBots = UsageSums.mostFailing(sums.bots) { Int($0) }
            let names = try await botNames(Set(failingBots.map(\.key)), tenant: tenant)
            return Usage(
                days: (all.lowerBound.number...today.number).map { number in
                    let day = Day(number: number)
                    return .init(
                        day: day,
                        calls: day.start >= found.scannedTo ?? period.lowerBound ? sums.days[day] ?? .init() : nil,
                        bodies: day.start >= bodiesFrom ? bodies[day] ?? .init() : nil)
                },
                total: sums.total, botsTotal: sums.bots.count,
                failingBots: failingBots.compactMap { key, calls in
                    names[key].map { .init(value: $0.id, name: $0.name, calls: calls) }
                },
                failingApplications: UsageSums.mostFailing(sums.applications) { Int($0.code) }.map {
                    application, calls in
                    .init(value: application.rawValue, name: application.name, calls: calls)
                },
                recentDurations: durations, scannedTo: found.scannedTo)
        }
    }

    private static var dailyKinds: CallTally<UsageSums.Kind> {
        CallTally(
            query: CallLogQuery(),
            counts: .init(
                columns: "date_bin('1 day', n.hour, timestamptz '2000-01-01 00:00:00+00'), n.bot_key, "
                    + "n.application_code, n.is_error"
            ) { row in
                try kind(row, application: Application(code: try row.decode(Int16.self, at: 3)))
            },
            rows: .init(
                columns: "date_bin('1 day', occurred_at, timestamptz '2000-01-01 00:00:00+00'), bot_key, "
                    + "application, is_error"
            ) { row in
                try kind(row, application: Application(rawValue: try row.decode(String.self, at: 3)))
            },
            sealed: .kinds { kind, day in
                .init(day: day, bot: kind.bot, application: kind.application, isError: kind.isError)
            })
    }

    private static func kind(_ row: Row, application: Application?) throws -> UsageSums.Kind {
        guard let application else {
            throw Problem(.internalError, "A call has an application that this version does not know.")
        }
        return .init(
            day: try row.decode(Timestamp.self, at: 1).day, bot: try row.decode(Int32.self, at: 2),
            application: application, isError: try row.decode(Bool.self, at: 4))
    }

    /// Returns: bytes by day, and from which time on.
    private func bodies(
        tenant: TenantID, period: Range<Timestamp>, deadline: ContinuousClock.Instant
    ) async throws -> ([Day: Usage.Bodies], Timestamp) {
        var bodies: [Day: Usage.Bodies] = [:]
        let from = try await inStretches(period, deadline: deadline) { _, days in
            let found = try await database.query(
                """
                select occurred_on, sum(octet_length(payload) + coalesce(octet_length(directory), 0)),
                       sum(raw_bytes::bigint)::bigint
                from call_body
                where tenant_id = \(tenant) and occurred_on >= \(unescaped: "date '\(days.lowerBound)'")
                  and occurred_on <= \(unescaped: "date '\(days.upperBound)'")
                group by occurred_on
                """, in: .tenant(tenant)
            ) { row in try row.decode(Day.self, Int.self, Int.self) }
            for (day, stored, raw) in found { bodies[day] = Usage.Bodies(storedBytes: stored, rawBytes: raw) }
        }
        return (bodies, from)
    }

    private func recentDurations(tenant: TenantID, days: ClosedRange<Day>) async throws -> [Usage.Durations] {
        let conditions = ["tenant_id = \(tenant)"] + Self.pruning(days, column: "occurred_at")
        return try await database.query(
            """
            select application, count(*), percentile_disc(0.5) within group (order by duration_ms),
                   percentile_disc(0.95) within group (order by duration_ms)
            from (select application, duration_ms from call_log where \(fragment: conditions.joined(separator: " and "))
                  order by occurred_at desc, id desc limit \(Int64(Usage.sampledCalls))) newest
            where duration_ms is not null
            group by application order by 4 desc, application
            """, in: .tenant(tenant)
        ) { row in
            let (key, calls, median, percentile95) = try row.decode(String.self, Int.self, Int32.self, Int32.self)
            guard let application = Application(rawValue: key) else {
                throw Problem(.internalError, "A call has an application that this version does not know.")
            }
            return .init(
                application: application, calls: calls, median: Int(median), percentile95: Int(percentile95))
        }
    }
}

/// The sums that usage is made of.
struct UsageSums {
    /// Calls that are the same to all sums.
    struct Kind: Hashable, Sendable {
        var day: Day
        var bot: Int32
        var application: Application
        var isError: Bool
    }

    private(set) var total = Usage.Calls()
    private(set) var days: [Day: Usage.Calls] = [:]
    private(set) var bots: [Int32: Usage.Calls] = [:]
    private(set) var applications: [Application: Usage.Calls] = [:]

    mutating func add(_ kind: Kind, entries: Int) {
        let calls = Usage.Calls(entries: entries, errors: kind.isError ? entries : 0)
        total += calls
        days[kind.day, default: .init()] += calls
        bots[kind.bot, default: .init()] += calls
        applications[kind.application, default: .init()] += calls
    }

    /// Those with the most failed calls, most first; of equal ones those that fail more often, then the lower number.
    static func mostFailing<Key>(
        _ calls: [Key: Usage.Calls], number: (Key) -> Int
    ) -> [(key: Key, calls: Usage.Calls)] {
        let failing = calls.filter { $0.value.errors > 0 }.sorted { left, right in
            (right.value.errors, left.value.entries, number(left.key))
                < (left.value.errors, right.value.entries, number(right.key))
        }
        return failing.prefix(Usage.mostFailing).map { ($0.key, $0.value) }
    }
}
