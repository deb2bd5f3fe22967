public import Domain
import Foundation
import Postgres

/// Enqueuing jobs, in the transaction of whatever asks for them: both happen or neither.
public struct JobQueue: Sendable {
    private let database: Database

    /// Works on a database.
    /// - Parameter database: a migrated one.
    public init(database: Database) { self.database = database }

    /// Enqueues a job in a transaction of its own.
    /// - Parameter job: the job.
    /// - Returns: the job's id; nil when its unique key was taken.
    /// - Throws: `DatabaseError`.
    @discardableResult
    public func enqueue(_ job: NewJob<some JobPayload>) async throws -> Int64? {
        let row = try Row(job)
        let id = try await database.query(Self.insert([row], returning: "returning job_id"), in: .everyTenant) { row in
            try row.decode(Int64.self, at: 0)
        }.first
        database.jobSignal.send()
        return id
    }

    /// Enqueues jobs in the caller's transaction. Workers are to be woken after its commit: `Database.jobSignal`.
    static func enqueue<Payload: JobPayload>(
        _ jobs: [NewJob<Payload>], _ transaction: isolated PostgresConnection
    ) throws {
        guard !jobs.isEmpty else { return }
        try transaction.execute(insert(jobs.map { try Row($0) }))
    }

    /// A job as columns. Arrays bind no nulls: zero and the empty text stand for them.
    private struct Row: Sendable {
        var kind: String
        var payload: String
        var tenant: Int32
        var priority: Int16
        var runAt: Timestamp
        var uniqueKey: String

        init<Payload: JobPayload>(_ job: NewJob<Payload>) throws {
            kind = Payload.kind
            payload = String(decoding: try JSONEncoder().encode(job.payload), as: UTF8.self)
            tenant = job.tenant?.rawValue ?? 0
            priority = job.priority.rawValue
            runAt = job.runAt ?? Timestamp(microseconds: 0)
            uniqueKey = job.uniqueKey ?? ""
        }
    }

    private static func insert(_ rows: [Row], returning: SQL = "") -> SQL {
        """
        insert into job (kind, payload, tenant_id, priority, run_at, unique_key)
        select kind, payload::jsonb, nullif(tenant_id, 0), priority,
               case when run_at = timestamptz 'epoch' then app_now() else run_at end, nullif(unique_key, '')
        from unnest(\(rows.map(\.kind)), \(rows.map(\.payload)), \(rows.map(\.tenant)), \(rows.map(\.priority)),
                    \(rows.map(\.runAt)), \(rows.map(\.uniqueKey)))
            as given (kind, payload, tenant_id, priority, run_at, unique_key)
        on conflict (kind, unique_key) where unique_key is not null and died_at is null do nothing
        \(fragment: returning)
        """
    }
}
