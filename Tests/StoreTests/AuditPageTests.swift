import AuditChain
import Domain
import Foundation
import Postgres
import TestSupport
import Testing

@testable import Store

@Suite struct AuditPageTests {
    private static func shuffled(_ scene: AuditScene, keys: [UUID]) -> [NewAuditEntry] {
        var generator = SystemRandomNumberGenerator()
        return (0..<600).map { number in
            let daysAgo = Int64.random(in: 0..<40, using: &generator)
            // some share their microsecond
            var entry = NewAuditEntry.random(
                at: scene.now.advanced(bySeconds: -daysAgo * 86_400 - Int64.random(in: 0..<500, using: &generator)),
                using: &generator)
            entry.apiKeyID = (keys.randomElement(using: &generator) ?? UUID())
            entry.userID = number.isMultiple(of: 5) ? keys[0] : nil
            entry.method = ["GET", "POST", nil].randomElement(using: &generator) ?? nil
            entry.remoteAddress = "203.0.113.\(number % 3)"
            entry.relatedModel = number.isMultiple(of: 4) ? "connection" : nil
            entry.relationKey = "\(number % 7)"
            entry.sender = number.isMultiple(of: 6) ? "a@example.com" : nil
            entry.path = "/v1/things/\(number % 11)?Name=100%25_\(number % 13)"
            return entry
        }
    }

    private static let queries: [(String, @Sendable (inout AuditQuery, [UUID], Timestamp) -> Void)] = [
        ("everything", { _, _, _ in }),
        ("a key", { query, keys, _ in query.apiKeyID = keys[1] }),
        ("a key and a code", { query, keys, _ in (query.apiKeyID, query.codes) = (keys[1], [.apiCall]) }),
        ("a key and codes", { query, keys, _ in (query.apiKeyID, query.codes) = (keys[1], [.loginFailed, .apiCall]) }),
        ("calls", { query, _, _ in query.codes = [.apiCall] }),
        ("codes", { query, _, _ in query.codes = [.apiCall, .shareCall, .emailOpened] }),
        ("events", { query, _, _ in query.codes = [.entityCreated, .loginFailed] }),
        ("methods", { query, _, _ in query.methods = ["GET"] }),
        ("an entity", { query, _, _ in (query.relatedModel, query.relationKey) = ("connection", "3") }),
        ("an address", { query, _, _ in query.remoteAddress = "203.0.113.1" }),
        ("a sender", { query, _, _ in query.sender = "a@example.com" }),
        ("a user", { query, keys, _ in query.userID = keys[0] }),
        ("text", { query, _, _ in query.text = "name=100%25_1" }),
        ("text and a key", { query, keys, _ in (query.text, query.apiKeyID) = ("/V1/things/4", keys[2]) }),
        (
            "a period",
            { query, _, now in
                (query.from, query.to) = (now.advanced(bySeconds: -10 * 86_400 - 100), now.advanced(bySeconds: -300))
            }
        ),
        (
            "a period of a key's events",
            { query, keys, now in
                (query.from, query.to) = (now.advanced(bySeconds: -20 * 86_400), now.advanced(bySeconds: -86_400))
                (query.apiKeyID, query.codes) = (keys[0], Set(AuditCode.allCases).subtracting([.apiCall]))
            }
        ),
        ("nothing", { query, _, _ in query.relationKey = "none" }),
    ]

    private static func matches(_ entry: NewAuditEntry, _ query: AuditQuery) -> Bool {
        (query.codes.isEmpty || query.codes.contains(entry.code))
            && (query.methods.isEmpty || entry.method.map { query.methods.contains($0) } ?? false)
            && (query.apiKeyID == nil || entry.apiKeyID == query.apiKeyID)
            && (query.userID == nil || entry.userID == query.userID)
            && (query.relatedModel == nil || entry.relatedModel == query.relatedModel)
            && (query.relationKey == nil || entry.relationKey == query.relationKey)
            && (query.remoteAddress == nil || entry.remoteAddress == query.remoteAddress)
            && (query.sender == nil || entry.sender == query.sender)
            && (query.from.map { entry.occurredAt >= $0 } ?? true) && (query.to.map { entry.occurredAt < $0 } ?? true)
            && (query.text.map { text in
                [entry.path, entry.value, entry.data].contains { $0?.lowercased().contains(text.lowercased()) ?? false }
            } ?? true)
    }

    /// Every query, in pages of every size and with and without time to spare, lists what going through all entries lists.
    @Test func pagesListExactlyWhatMatches() async throws {
        let scene = try await AuditScene.make("pages")
        let keys = (0..<4).map { _ in UUID() }
        let entries = Self.shuffled(scene, keys: keys)
        try await scene.append(entries)
        let other = try await AuditScene.newTenant(in: scene.store, "Other")
        try await scene.append(
            Array(entries.prefix(50)).map { entry in
                var entry = entry
                entry.id = UUID()
                return entry
            }, tenant: other)
        let audit = AuditStore(database: scene.store.database, retentionDays: 30)
        let kept = entries.enumerated().filter { $0.element.occurredAt >= audit.firstKept(now: scene.now) }
            .sorted { ($0.element.occurredAt, $0.offset) > ($1.element.occurredAt, $1.offset) }.map(\.element)
        for (name, narrow) in Self.queries {
            var query = AuditQuery()
            narrow(&query, keys, scene.now)
            let expected = kept.filter { Self.matches($0, query) }.map(\.id)
            for (limit, budget) in [(500, Duration.seconds(10)), (7, .seconds(10)), (3, .zero)] {
                var found: [UUID] = []
                var position: AuditPosition?
                var pages = 0
                repeat {
                    let page = try await audit.page(
                        query, tenant: scene.tenant, after: position, limit: limit, now: scene.now, budget: budget)
                    #expect(page.entries.count <= limit)
                    found += page.entries.map(\.content.id)
                    position = page.next
                    pages += 1
                } while position != nil && pages < 1000
                #expect(found == expected, "\(name), limit \(limit)")
            }
        }
    }

    /// By key and code over 30 days: an index range of each leaf, newest first, and no more of them than the page takes.
    @Test func aKeyAndACodeAreAnIndexRange() async throws {
        let scene = try await AuditScene.make("plan")
        try await scene.days(4, entriesADay: 300)
        let plans = try await scene.store.administer { connection in
            try connection.script("analyze audit_log")
            return try connection.transaction(
                TransactionSettings(role: "calltrail_app", local: [("app.tenant_id", "\(scene.tenant)")])
            ) { transaction in
                try [
                    "apikey_id = '00000000-0000-0000-0000-000000000001' and code = 'AAA-0010'", "code = 'ABA-0020'",
                    "true",
                ].map { condition in
                    try transaction.query(
                        """
                        explain select * from audit_log where tenant_id = \(unescaped: "\(scene.tenant)")
                            and occurred_at >= \(unescaped: "timestamptz '\(scene.now.day.advanced(by: -1).start)'")
                            and occurred_at < \(unescaped: "timestamptz '\(scene.now.day.advanced(by: 1).start)'")
                            and \(unescaped: condition)
                        order by occurred_at desc, seq desc limit 50
                        """
                    ) { row in try row.text(at: 0) ?? "" }.joined(separator: "\n")
                }
            }
        }
        for plan in plans {
            #expect(plan.contains("Index Scan Backward"), "\(plan)")
            #expect(!plan.contains("Sort"), "\(plan)")
        }
    }
}
