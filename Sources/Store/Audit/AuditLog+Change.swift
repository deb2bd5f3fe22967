public import Domain
public import Foundation
public import Postgres

extension AuditLog {
    /// Records a change in its own transaction: whose doing it is, the current task knows (`AuditOrigin`).
    /// - Parameters:
    ///   - change: what was done. An update that changed nothing is none.
    ///   - tenant: whose entity; under row-level security it must be the transaction's own.
    ///   - person: who does it, where they proved that by a link rather than by signing in.
    ///   - transaction: goes on to its end soon: other writers of this tenant's log wait for it.
    /// - Throws: `DatabaseError`.
    public static func record(
        _ change: AuditChange, tenant: TenantID, by person: (id: UUID, email: String?)? = nil,
        _ transaction: isolated PostgresConnection
    ) throws {
        try record([(change, tenant)], by: person, transaction)
    }

    /// Records several changes, or one that concerns several tenants; see above. The chains are held in one order.
    static func record(
        _ changes: [(change: AuditChange, tenant: TenantID)], by person: (id: UUID, email: String?)? = nil,
        _ transaction: isolated PostgresConnection
    ) throws {
        var entries: [TenantEntry] = []
        for (change, tenant) in changes where change.code != .entityUpdated || !change.fields.isEmpty {
            entries.append(TenantEntry(tenant: tenant, entry: try entry(change, by: person, transaction)))
        }
        guard !entries.isEmpty else { return }
        try transaction.execute(statement(entries))
    }

    private static func entry(
        _ change: AuditChange, by person: (id: UUID, email: String?)?, _ transaction: isolated PostgresConnection
    ) throws -> NewAuditEntry {
        var entry = try entry(change.code, transaction)
        if let person, entry.userID == nil {
            entry.userID = person.id
            entry.sender = person.email
        }
        entry.relatedModel = change.entity.rawValue
        entry.relationKey = change.key
        entry.value = change.label
        if !change.fields.isEmpty {
            let fields = change.fields.sorted().map { "\"\($0)\"" }.joined(separator: ",")
            entry.data = "{\"changed\":[\(fields)]}"
        }
        return entry
    }

    /// An entry of what the current task does.
    /// - Parameters:
    ///   - code: what happened.
    ///   - transaction: asked for the time where no request began the task.
    /// - Throws: `DatabaseError`.
    public static func entry(
        _ code: AuditCode, _ transaction: isolated PostgresConnection
    ) throws -> NewAuditEntry {
        if let origin = AuditOrigin.current { return origin.entry(code) }
        let now = try transaction.first("select app_now()") { row in try row.decode(Timestamp.self, at: 0) }
        var entry = NewAuditEntry(code, at: now ?? Timestamp(microseconds: 0))
        entry.sender = "calltrail"
        return entry
    }
}
