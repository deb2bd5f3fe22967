import Domain

/// The sums that facets are made of.
struct FacetSums {
    private var total = 0
    private var statuses: [CallStatus: Int] = [:]
    private var methods: [CallMethod: Int] = [:]
    private var codes: [Int16: Int] = [:]
    private var bots: [Int32: Int] = [:]
    private var applications: [Application: Int] = [:]

    /// Sums up calls by kind, each facet under all other filters.
    ///
    /// A kind that passes all filters counts for every facet; one that fails a single filter counts for the facet of that
    /// filter alone, as an alternative; one that fails more is seen by nobody.
    /// - Parameters:
    ///   - calls: by kind, under the filters that are no facets.
    ///   - query: the filters.
    ///   - chosen: the bots of the query that there are.
    init(_ calls: [CallKind: Int], query: CallLogQuery, bots chosen: Set<Int32>) {
        for (kind, count) in calls {
            let status: CallStatus = kind.isError ? .error : .success
            let fails = (
                status: query.status != nil && query.status != status,
                method: !query.methods.isEmpty && !query.methods.contains(kind.method),
                code: !query.codes.isEmpty && !query.codes.contains { $0.range.contains(kind.statusCode) },
                bot: !query.bots.isEmpty && !chosen.contains(kind.bot),
                application: !query.applications.isEmpty && !query.applications.contains(kind.application)
            )
            let failures =
                (fails.status ? 1 : 0) + (fails.method ? 1 : 0) + (fails.code ? 1 : 0) + (fails.bot ? 1 : 0)
                + (fails.application ? 1 : 0)
            guard failures <= 1 else { continue }
            if failures == 0 { total += count }
            if failures == 0 || fails.status { statuses[status, default: 0] += count }
            if failures == 0 || fails.method { methods[kind.method, default: 0] += count }
            if failures == 0 || fails.code { codes[kind.statusCode, default: 0] += count }
            if failures == 0 || fails.bot { bots[kind.bot, default: 0] += count }
            if failures == 0 || fails.application { applications[kind.application, default: 0] += count }
        }
    }

    /// The keys of the bots with most calls; of equal ones those that came first.
    func mostFrequentBots(_ most: Int) -> Set<Int32> {
        Set(bots.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(most).map(\.key))
    }

    /// The facets.
    /// - Parameters:
    ///   - query: the filters: what is chosen is named though nothing matches.
    ///   - botNames: the bots to name.
    ///   - scannedTo: nil when all was counted.
    func facets(
        query: CallLogQuery, botNames: [Int32: BotReference], scannedTo: Timestamp?
    ) -> CallLogFacets {
        let methods = self.methods.merging(query.methods.map { ($0, 0) }) { count, _ in count }
        let applications = self.applications.merging(query.applications.map { ($0, 0) }) { count, _ in count }
        return CallLogFacets(
            total: total,
            statuses: CallStatus.allCases.map { .init(value: $0.rawValue, count: statuses[$0] ?? 0) },
            methods: Self.sorted(methods.map { .init(value: $0.key.rawValue, count: $0.value) }),
            codes: codeValues(query), codeClasses: classValues(query),
            bots: Self.sorted(
                botNames.map { key, bot in .init(value: bot.id, name: bot.name, count: bots[key] ?? 0) }),
            botsTotal: bots.count,
            applications: Self.sorted(
                applications.map { .init(value: $0.key.rawValue, name: $0.key.name, count: $0.value) }),
            scannedTo: scannedTo)
    }

    private func codeValues(_ query: CallLogQuery) -> [CallLogFacets.Value] {
        var all = codes
        for case .exact(let code) in query.codes { all[code, default: 0] += 0 }
        return all.sorted { $0.key < $1.key }.map { .init(value: String($0.key), count: $0.value) }
    }

    private func classValues(_ query: CallLogQuery) -> [CallLogFacets.Value] {
        (Int16(1)...5).compactMap { hundreds in
            let count = codes.reduce(0) { $1.key / 100 == hundreds ? $0 + $1.value : $0 }
            guard hundreds > 1 || count > 0 || query.codes.contains(.family(hundreds)) else { return nil }
            return .init(value: "\(hundreds)xx", count: count)
        }
    }

    private static func sorted(_ values: [CallLogFacets.Value]) -> [CallLogFacets.Value] {
        values.sorted { ($1.count, $0.value) < ($0.count, $1.value) }
    }
}
