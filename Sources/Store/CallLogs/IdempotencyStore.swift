public import Domain
import Postgres

/// Answers that an Idempotency-Key replays.
public struct IdempotencyStore: Sendable {
    /// How long an answer is replayed, seconds.
    public static let lifetime: Int64 = 48 * 3600

    private let database: Database

    /// Works on a database.
    /// - Parameter database: a migrated one.
    public init(database: Database) { self.database = database }

    /// The answer that a key got before.
    /// - Parameters:
    ///   - keyHash: SHA-256 of the key.
    ///   - requestHash: SHA-256 of what is sent now.
    ///   - tenant: who sends it.
    /// - Returns: nil when the key is new.
    /// - Throws: `Problem` (conflict) when the key was used for something else; `DatabaseError`.
    public func answer(keyHash: [UInt8], requestHash: [UInt8], tenant: TenantID) async throws -> StoredAnswer? {
        let found = try await database.query(
            """
            select request_hash, status, answer from idempotent_answer
            where tenant_id = \(tenant) and key_hash = \(keyHash)
              and created_at >= app_now() - make_interval(secs => \(Double(Self.lifetime)))
            """, in: .tenant(tenant)
        ) { row in try row.decode([UInt8].self, Int16.self, String.self) }.first
        guard let (hash, status, body) = found else { return nil }
        guard hash == requestHash else {
            throw Problem(.conflict, "This Idempotency-Key was used for another request within the last 48 hours.")
        }
        return StoredAnswer(status: Int(status), body: body)
    }
}
