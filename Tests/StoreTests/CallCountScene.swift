import Domain
import Foundation
import Store
import TestSupport

/// Calls of two tenants over some days, random in everything that can be filtered, and what counting them in memory gives.
struct CallCountScene {
    let store: TestStore
    let tenant: Tenant
    let calls: CallLogStore
    let now: Timestamp
    /// The tenant's own, all of them.
    let logs: [CallLog]

    /// Makes a database.
    /// - Parameters:
    ///   - name: of the database, unique among the suites.
    ///   - days: over how many days up to now the calls are spread.
    ///   - retentionDays: of the store that reads.
    static func make(
        _ name: String, entries: Int = 3000, days: Int64 = 4, retentionDays: Int = 30
    ) async throws -> CallCountScene {
        let store = try await TestStore.make(name)
        let now = Timestamp(Date()).wholeMilliseconds
        let tenant = try await store.tenant()
        let other = try await store.tenant("Other")
        let own = (0..<entries).map { _ in random(now: now, days: days) }
        let others = (0..<200).map { _ in random(now: now, days: days) }
        let writer = store.writer
        // in several groups, so that counts are raised and not only made
        for part in 0..<4 {
            let some = own.indices.filter { $0 % 4 == part }.map { own[$0] }
            var batches = [EntryBatch(tenant: tenant.id, entries: some)]
            if part == 0 { batches.append(EntryBatch(tenant: other.id, entries: others)) }
            _ = try await writer.store(batches)
        }
        return CallCountScene(
            store: store, tenant: tenant,
            calls: CallLogStore(database: store.database, retentionDays: retentionDays), now: now,
            logs: own.map(\.log))
    }

    /// Seals the days before today.
    /// - Parameter seconds: after the scene's now.
    @discardableResult
    func seal(after seconds: Int64 = 0) async throws -> CountSealStore.Summary {
        try await CountSealStore(database: store.database).seal(
            from: calls.firstKept(now: now).day, now: now.advanced(bySeconds: seconds))
    }

    private static func random(now: Timestamp, days: Int64) -> NewCallLog {
        var random = SystemRandomNumberGenerator()
        // up to five minutes ahead
        let offset = Int64.random(in: -days * 86_400_000..<300_000)
        let time = Timestamp(microseconds: now.microseconds + offset * 1000)
        let applications: [Application] = [.zendesk, .twilio, .c2e]
        var entry = NewCallLog.sample(
            at: time, bot: "bot-\(Int.random(in: 0..<4))",
            application: applications.randomElement(using: &random) ?? .zendesk,
            method: [.get, .post, .c2e].randomElement(using: &random) ?? .get,
            code: [200, 200, 200, 201, 302, 404, 500, 503].randomElement(using: &random) ?? 200,
            isError: Int.random(in: 0..<10) == 0 ? true : nil,
            url: "https://a.example/\(Int.random(in: 0..<10))")
        entry.log.user = EndUser(id: "u-\(Int.random(in: 0..<3))", name: nil)
        entry.log.durationMilliseconds = Int.random(in: 0..<5) == 0 ? nil : Int32.random(in: 0..<1000)
        entry.log.connectionID = [nil, "c-1", "c-2"].randomElement(using: &random) ?? nil
        entry.log.source =
            Bool.random() ? .flow(path: "Main / Step", nodeID: "n-1") : .inbox(agentName: "Mia", agentEmail: nil)
        return entry
    }

    /// A query with random filters, any of which may be absent.
    /// - Parameter beyondCounts: whether filters may be set that the hourly counts know nothing of.
    func randomQuery(beyondCounts: Bool) -> CallLogQuery {
        func happens(_ oneIn: Int) -> Bool { Int.random(in: 0..<oneIn) == 0 }
        func ago(_ seconds: ClosedRange<Int64>) -> Timestamp {
            let microseconds = Int64.random(in: seconds.lowerBound * 1_000_000...seconds.upperBound * 1_000_000)
            return Timestamp(microseconds: now.microseconds - microseconds)
        }
        var query = CallLogQuery()
        if happens(3) { query.status = Bool.random() ? .error : .success }
        if happens(3) { query.methods = Bool.random() ? [.get, .c2e] : [.options] }
        if happens(3) { query.codes = Bool.random() ? [.family(5), .exact(404)] : [.exact(201), .family(1)] }
        if happens(3) { query.bots = Bool.random() ? ["bot-1", "unknown"] : ["bot-0", "bot-3"] }
        if happens(3) { query.applications = Bool.random() ? [.twilio] : [.zendesk, .salesforce] }
        if Bool.random() { query.from = ago(0...400_000) }
        if Bool.random() { query.to = (query.from ?? ago(0...300_000)).advanced(bySeconds: .random(in: 1...90_000)) }
        if happens(6) { query.from = query.from?.hour }
        if happens(6) { query.to = query.to?.hour.advanced(bySeconds: 7200) }
        guard beyondCounts else { return query }
        switch Int.random(in: 0..<5) {
        case 0: query.users = ["u-1", "u-7"]
        case 1: query.source = "mia"
        case 2: query.text = "example/7"
        case 3: query.minimumDuration = 700
        default: query.connections = ["c-2"]
        }
        return query
    }

    /// The calls that match and lie in the query's period and the retention.
    func matching(_ query: CallLogQuery, now: Timestamp? = nil) -> [CallLog] {
        let firstKept = calls.firstKept(now: now ?? self.now)
        return logs.filter { log in log.occurredAt >= firstKept && Self.matches(query, log) }
    }

    static func matches(_ query: CallLogQuery, _ log: CallLog) -> Bool {
        (query.status == nil || query.status == log.status)
            && (query.methods.isEmpty || query.methods.contains(log.method))
            && (query.codes.isEmpty || query.codes.contains { $0.range.contains(log.statusCode) })
            && (query.bots.isEmpty || query.bots.contains(log.bot.id))
            && (query.applications.isEmpty || query.applications.contains(log.application))
            && (query.from.map { log.occurredAt >= $0 } ?? true) && (query.to.map { log.occurredAt < $0 } ?? true)
            && (query.users.isEmpty || query.users.contains(log.user?.id ?? ""))
            && (query.source == nil || log.source?.label.lowercased().contains(query.source ?? "") == true)
            && (query.text.map { log.url.contains($0) } ?? true)
            && (query.minimumDuration.map { log.durationMilliseconds ?? -1 >= $0 } ?? true)
            && (query.connections.isEmpty || query.connections.contains(log.connectionID ?? ""))
    }
}

extension [CallLogFacets.Value] {
    /// The counts that are not zero, by value.
    var counts: [String: Int] {
        reduce(into: [:]) { counts, value in if value.count > 0 { counts[value.value] = value.count } }
    }
}

extension [CallLog] {
    /// How many there are of each value.
    func counts(_ value: (CallLog) -> String) -> [String: Int] {
        reduce(into: [:]) { counts, log in counts[value(log), default: 0] += 1 }
    }
}
