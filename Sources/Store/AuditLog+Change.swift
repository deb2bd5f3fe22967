public import Domain
import Foundation
public import Postgres

extension AuditLog {
    /// Records a change in its own transaction: whose doing it is, the current task knows (`AuditOrigin`).
    /// - Parameters:
    ///   - change: what was done. An update that changed nothing is none.
    ///   - tenant: whose entity; under row-level security it must be the transaction's own.
    ///   - transaction: goes on to its end soon: other writers of this tenant's log wait for it.
    /// - Throws: `DatabaseError`.
    public static func record(
        _ change: AuditChange, tenant: TenantID, _ transaction: isolated PostgresConnection
    ) throws {
        guard change.code != .entityUpdated || !change.fields.isEmpty else { return }
        var entry = try entry(change.code, transaction)
        entry.relatedModel = change.entity.rawValue
        entry.relationKey = change.key
        entry.value = change.label
        if !change.fields.isEmpty {
            let fields = change.fields.sorted().map { "\"\($0)\"" }.joined(separator: ",")
            entry.data = "{\"changed\":[\(fields)]}"
        }
        try append([entry], tenant: tenant, transaction)
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
