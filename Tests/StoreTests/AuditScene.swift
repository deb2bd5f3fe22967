import AuditChain
import Domain
import Foundation
import Postgres
import Store
import TestSupport

/// A database with tenants whose audit logs are written, altered by hand, and verified.
struct AuditScene {
    let store: TestStore
    let log: AuditLog
    let chains: AuditChainStore
    let signer = AuditSigner(seeds: [Array(repeating: 7, count: 32)])
    let now = Timestamp(microseconds: Timestamp(Date()).day.start.microseconds + 43_200_000_000)
    let tenant: TenantID

    static func make(_ name: String) async throws -> AuditScene {
        let store = try await TestStore.make("audit_" + name)
        return AuditScene(
            store: store, log: AuditLog(database: store.database), chains: AuditChainStore(database: store.database),
            tenant: try await newTenant(in: store))
    }

    /// A tenant with an empty log: making one records that.
    static func newTenant(in store: TestStore, _ name: String = "Test") async throws -> TenantID {
        let tenant = try await store.tenant(name).id
        try await store.administer { connection in
            try connection.execute("delete from audit_log where tenant_id = \(tenant)")
            try connection.execute("delete from audit_chain where tenant_id = \(tenant)")
        }
        return tenant
    }

    /// A call as the API records it.
    func call(
        _ path: String = "/v1/call-logs?limit=5", daysAgo: Int32 = 0, key: UUID? = nil, user: UUID? = nil
    ) -> NewAuditEntry {
        var entry = NewAuditEntry(.apiCall, at: now.advanced(bySeconds: -Int64(daysAgo) * 86_400))
        entry.method = "GET"
        entry.path = path
        entry.apiKeyID = key
        entry.userID = user
        entry.remoteAddress = "203.0.113.9"
        entry.status = 200
        entry.requestID = UUID().uuidString
        return entry
    }

    func append(_ entries: [NewAuditEntry], tenant: TenantID? = nil) async throws {
        let tenant = tenant ?? self.tenant
        try await log.append(entries.map { AuditLog.TenantEntry(tenant: tenant, entry: $0) })
    }

    /// Some days' entries, and the checkpoints of those that are over.
    func days(_ days: Int32, entriesADay: Int, tenant: TenantID? = nil) async throws {
        for day in (0..<days).reversed() {
            let entries = (0..<entriesADay).map { number in
                var entry = call("/v1/bots?n=\(number)", daysAgo: day)
                entry.occurredAt = entry.occurredAt.advanced(bySeconds: Int64(number))
                return entry
            }
            try await append(entries, tenant: tenant)
        }
        _ = try await chains.checkpoint(daysBefore: now.day, tenant: tenant ?? self.tenant, signer: signer)
    }

    func verify(keptFrom: Day? = nil) async throws -> AuditVerdict {
        var coverage = AuditVerifier.Coverage()
        coverage.keptFrom = keptFrom
        return try await chains.verify(tenant: tenant, keys: signer.publicKeys, coverage: coverage)
    }

    /// Alters the database by hand, as a superuser.
    func alter(_ script: String) async throws {
        try await store.administer { connection in try connection.script(script) }
    }

    func count(_ sql: SQL) async throws -> Int64 {
        try await store.administer { connection in
            try connection.first(sql) { row in try row.decode(Int64.self, at: 0) } ?? -1
        }
    }
}

extension NewAuditEntry {
    /// An entry with anything in it: texts missing, empty, long, in many scripts.
    static func random(
        at time: Timestamp, using generator: inout some RandomNumberGenerator
    ) -> NewAuditEntry {
        let texts: [String?] = [
            nil, nil, "", "a", "null", "ÄÖÜ €", "日本語", "e\u{301}", "👩‍👩‍👧", "\"quoted\"\n\\", "{\"a\":[1,2]}",
            "\u{1}\u{7F}", "<script>alert(1)</script>", String(repeating: "x", count: 1024),
        ]
        func text() -> String? { texts.randomElement(using: &generator) ?? nil }
        var entry = NewAuditEntry(AuditCode.allCases.randomElement(using: &generator) ?? .apiCall, at: time)
        (entry.method, entry.contentType, entry.relatedModel, entry.relationKey) = (text(), text(), text(), text())
        (entry.remoteAddress, entry.sender, entry.value, entry.data) = (text(), text(), text(), text())
        (entry.path, entry.requestID) = (text(), text())
        if let path = entry.path, Bool.random(using: &generator) { entry.path = path + "?" + (text() ?? "") }
        entry.apiKeyID = Bool.random(using: &generator) ? UUID() : nil
        entry.userID = Bool.random(using: &generator) ? UUID() : nil
        entry.status = Bool.random(using: &generator) ? Int16.random(in: .min ... .max, using: &generator) : nil
        return entry
    }
}
