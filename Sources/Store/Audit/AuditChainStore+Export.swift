public import AuditChain
public import Domain
import Foundation
import Postgres

extension AuditChainStore {
    /// A tenant's chain with all that verifying it takes: its end, its checkpoints, then its entries in order.
    /// - Parameter tenant: whose chain.
    /// - Returns: lines, read as they are asked for; entries that are appended meanwhile are not among them.
    public func export(tenant: TenantID) -> AuditExport { AuditExport(chains: self, tenant: tenant) }

    /// Entries after a place, as values.
    func records(
        where conditions: [SQL], in scope: Database.Scope, limit: Int64 = AuditExport.pageSize
    ) async throws -> [AuditRecord] {
        try await database.query(
            """
            select \(fragment: AuditRecord.columns) from audit_log
            where \(fragment: conditions.joined(separator: " and "))
            order by tenant_id, seq fetch first \(limit) rows with ties
            """, in: scope, AuditRecord.init(row:))
    }
}

/// The lines of an export.
public struct AuditExport: AsyncSequence, Sendable {
    /// Rows of one statement; each may have a megabyte.
    static let pageSize: Int64 = 256

    let chains: AuditChainStore
    let tenant: TenantID

    /// Begins to read.
    public func makeAsyncIterator() -> Iterator { Iterator(chains: chains, tenant: tenant) }

    /// Reads line by line.
    public struct Iterator: AsyncIteratorProtocol {
        let chains: AuditChainStore
        let tenant: TenantID
        private var hasBegun = false
        private var ready: [AuditLine] = []
        private var seq: Int64 = 0
        private var last: Int64 = 0

        init(chains: AuditChainStore, tenant: TenantID) {
            self.chains = chains
            self.tenant = tenant
        }

        /// The next line.
        /// - Throws: `DatabaseError`.
        public mutating func next() async throws -> AuditLine? {
            if ready.isEmpty { ready = try await more().reversed() }
            return ready.popLast()
        }

        private mutating func more() async throws -> [AuditLine] {
            guard hasBegun else {
                hasBegun = true
                let (head, checkpoints, end) = try await chains.state(tenant: tenant)
                // what stands behind the end was put there, and belongs to the export
                last = end
                // without an end the export says so by one that nothing follows
                let stored = head ?? AuditHead(seq: 0, hash: .start, checkpointSeq: 0)
                return [.head(tenant, stored)] + checkpoints.map { .checkpoint($0) }
            }
            let conditions: [SQL] = ["tenant_id = \(tenant)", "seq > \(seq)", "seq <= \(last)"]
            let records = try await chains.records(where: conditions, in: .tenant(tenant))
            seq = records.last?.seq ?? seq
            return records.map { .entry($0) }
        }
    }
}

extension AuditRecord {
    static let columns: SQL = """
        tenant_id, seq, occurred_at, audit_id, code, prev_hash, hash, method, path, content_type, related_model, relation_key, \
        request_id, apikey_id, status, user_id, remote_addr, sender, query, value, data, who_salt, what_salt, who_hash, what_hash
        """

    init(row: Row) throws {
        self.init(
            tenant: try row.decode(TenantID.self, at: 0), seq: try row.decode(Int64.self, at: 1),
            occurredAt: try row.decode(Timestamp.self, at: 2), id: try row.decode(UUID.self, at: 3),
            code: try row.text(at: 4) ?? "", previousHash: try row.decode(HashField.self, at: 5).hash,
            hash: try row.decode(HashField.self, at: 6).hash)
        (method, path, contentType) = (try row.text(at: 7), try row.text(at: 8), try row.text(at: 9))
        (relatedModel, relationKey, requestID) = (try row.text(at: 10), try row.text(at: 11), try row.text(at: 12))
        (apiKeyID, status) = (try row.decode(UUID?.self, at: 13), try row.int16(at: 14))
        (userID, remoteAddress) = (try row.decode(UUID?.self, at: 15), try row.text(at: 16))
        (sender, query) = (try row.text(at: 17), try row.text(at: 18))
        (value, data) = (try row.text(at: 19), try row.text(at: 20))
        (whoSalt, whatSalt) = (try row.decode(UUID?.self, at: 21), try row.decode(UUID?.self, at: 22))
        whoHash = try row.decode(HashField?.self, at: 23)?.hash
        whatHash = try row.decode(HashField?.self, at: 24)?.hash
    }
}
