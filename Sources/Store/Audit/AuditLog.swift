public import Domain
import Foundation
public import Postgres

/// Writes the audit log: in the transaction of what happened, or many entries together.
///
/// The chain is made by `calltrail_audit_append` in the database, which alone may write entries. It holds the row of the
/// tenant's chain until the transaction ends, so appending comes last in a transaction.
public struct AuditLog: Sendable {
    /// An entry and whose it is.
    public struct TenantEntry: Sendable {
        /// Whose.
        public var tenant: TenantID
        /// What happened.
        public var entry: NewAuditEntry

        /// Puts both together.
        /// - Parameters:
        ///   - tenant: whose.
        ///   - entry: what happened.
        public init(tenant: TenantID, entry: NewAuditEntry) {
            self.tenant = tenant
            self.entry = entry
        }
    }

    /// Bytes of `data`, `path` with its query, and of each other text that are kept; the rest is cut off.
    public static let limits = (data: 1 << 20, path: 8192, text: 1024)
    /// Entries of one statement; more go in several, one transaction each.
    private static let batchSize = 1000
    /// Attempts at a batch that collides with the life of a partition.
    private static let attempts = 4

    let database: Database

    /// Works on a database.
    /// - Parameter database: a migrated one.
    public init(database: Database) { self.database = database }

    /// Appends entries in the transaction of what happened; they are kept when it commits.
    /// - Parameters:
    ///   - entries: in the order in which they are to stand.
    ///   - tenant: whose; under row-level security it must be the transaction's own.
    ///   - transaction: goes on to its end soon: other writers of this tenant's log wait for it.
    /// - Throws: `DatabaseError`.
    public static func append(
        _ entries: [NewAuditEntry], tenant: TenantID, _ transaction: isolated PostgresConnection
    ) throws {
        guard !entries.isEmpty else { return }
        try transaction.execute(statement(entries.map { TenantEntry(tenant: tenant, entry: $0) }))
    }

    /// Appends entries of one tenant or several.
    /// - Parameter entries: each tenant's in the order in which they are to stand; a few hundred at a time are the cheapest.
    /// - Throws: `DatabaseError`; of more than 1,000 entries those before the failure may stand. When this returns, all are
    ///   durable.
    public func append(_ entries: [TenantEntry]) async throws {
        var rest = entries[...]
        while !rest.isEmpty {
            try await appendBatch(Array(rest.prefix(Self.batchSize)))
            rest = rest.dropFirst(Self.batchSize)
        }
    }

    private func appendBatch(_ entries: [TenantEntry]) async throws {
        let statement = Self.statement(entries)
        for attempt in 1... {
            do {
                _ = try await database.execute(statement, in: .everyTenant)
                return
            } catch let error as DatabaseError where attempt < Self.attempts && Self.mayPass(error) {
                try await Task.sleep(for: .milliseconds(Int.random(in: 1...(10 * attempt))))
            }
        }
    }

    /// Whether an entry stands already.
    /// - Throws: `DatabaseError`.
    func holds(_ entry: TenantEntry) async throws -> Bool {
        try await database.query(
            """
            select exists (select from audit_log
                           where tenant_id = \(entry.tenant) and occurred_at = \(entry.entry.occurredAt)
                             and audit_id = \(entry.entry.id))
            """, in: .tenant(entry.tenant)
        ) { row in try row.decode(Bool.self, at: 0) }.first ?? false
    }

    /// Classes of errors that are the entry's own: its values, a constraint, a limit of the program's, a day that is being
    /// taken away, an exception that a function raised.
    private static let refusals = ["22", "23", "54", "55", "P0"]

    /// Whether the database will never take what it did not take now. Whatever else keeps it from that may pass: a server that
    /// takes no writes for a while, such as a standby, or rights that are being changed.
    static func isRefusal(_ error: any Error) -> Bool {
        guard let error = error as? DatabaseError, error.kind == .server, let state = error.sqlState else {
            return false
        }
        return !error.isRetryable && !error.isCommitUncertain && refusals.contains { state.hasPrefix($0) }
    }

    /// Whether the same batch may succeed a moment later. After an uncertain commit it may stand already.
    private static func mayPass(_ error: DatabaseError) -> Bool {
        !error.isCommitUncertain && error.isTransactionConflict
    }

    /// Appends entries: as many arrays as there are columns.
    static func statement(_ entries: [TenantEntry]) -> SQL {
        func texts(_ limit: Int = limits.text, _ text: (NewAuditEntry) -> String?) -> PostgresNullableArray<String> {
            PostgresNullableArray(entries.map { text($0.entry).map { $0.keepable(limit) } })
        }
        func nullable<Element: PostgresArrayElement>(
            _ value: (NewAuditEntry) -> Element?
        ) -> PostgresNullableArray<Element> {
            PostgresNullableArray(entries.map { value($0.entry) })
        }
        return """
            select calltrail_audit_append(
                \(entries.map(\.tenant)), \(entries.map(\.entry.occurredAt)), \(entries.map(\.entry.id)),
                \(entries.map(\.entry.code.rawValue)), \(texts { $0.method }),
                \(texts(limits.path) { $0.path?.beforeQuery }), \(texts(limits.path) { $0.path?.query }),
                \(texts { $0.contentType }), \(texts { $0.relatedModel }), \(texts { $0.relationKey }),
                \(nullable { $0.apiKeyID }), \(nullable { $0.userID }), \(texts { $0.remoteAddress }),
                \(texts { $0.sender }), \(texts { $0.value }), \(texts(limits.data) { $0.data }),
                \(nullable { $0.status }), \(texts { $0.requestID }))
            """
    }
}

extension String {
    /// The path before the question mark.
    var beforeQuery: String { String(prefix { $0 != "?" }) }

    /// What follows the question mark; nil when there is none.
    var query: String? { firstIndex(of: "?").map { String(self[index(after: $0)...]) } }

    /// The text as the database can keep it: without NUL, and cut on a character's boundary.
    /// - Parameter limit: bytes in UTF-8.
    func keepable(_ limit: Int) -> String {
        let text = utf8.contains(0) ? replacing("\0", with: "\u{FFFD}") : self
        guard text.utf8.count > limit else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: limit)
        // a scalar's later bytes are 10xxxxxx
        while text.utf8[end] & 0xC0 == 0x80 { text.utf8.formIndex(before: &end) }
        return String(text[..<end])
    }
}
