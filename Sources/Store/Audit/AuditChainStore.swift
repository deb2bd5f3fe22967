public import AuditChain
public import Domain
import Foundation
import Postgres

/// The chains of the audit log: verifying them, signing their checkpoints, exporting them, and erasing persons from them.
public struct AuditChainStore: Sendable {
    /// Rows of one statement. More did not get faster.
    static let pageSize: Int64 = 4096
    /// Pages that are asked for before they are needed.
    private static let pagesAhead = 2

    let database: Database

    /// Works on a database.
    /// - Parameter database: a migrated one.
    public init(database: Database) { self.database = database }

    /// Whose chains there are.
    /// - Throws: `DatabaseError`.
    public func tenants() async throws -> [TenantID] {
        try await database.query("select tenant_id from audit_chain order by tenant_id", in: .everyTenant) { row in
            try row.decode(TenantID.self, at: 0)
        }
    }

    /// Verifies a tenant's chain as it stands; entries may be appended meanwhile.
    /// - Parameters:
    ///   - tenant: whose chain.
    ///   - keys: those that checkpoints may be signed with.
    ///   - coverage: which days need not be there.
    ///   - progress: told now and then.
    /// - Throws: `DatabaseError`.
    public func verify(
        tenant: TenantID, keys: [AuditPublicKey], coverage: AuditVerifier.Coverage = .init(),
        progress: (@Sendable (AuditVerdict) -> Void)? = nil
    ) async throws -> AuditVerdict {
        let (head, checkpoints, last) = try await state(tenant: tenant)
        var verifier = AuditVerifier(
            tenant: tenant, keys: keys, checkpoints: checkpoints, head: head, coverage: coverage)
        // what stands behind the end was put there
        let end = coverage.through == nil ? max(last, verifier.lastSeq) : verifier.lastSeq
        try await walk(tenant: tenant, from: verifier.firstSeq, through: end) { links in
            defer { progress?(verifier.progress) }
            for link in links where !verifier.consume(link) { return false }
            return true
        }
        return verifier.finish()
    }

    /// The stored end of a chain, all its checkpoints, and the number of its last entry, which should be that of the end.
    func state(
        tenant: TenantID
    ) async throws -> (head: AuditHead?, checkpoints: [AuditCheckpoint], last: Int64) {
        try await database.transaction(in: .tenant(tenant)) { transaction in
            // each statement sees a moment of its own: again, until no checkpoint came in between
            while true {
                let checkpoints = try Self.checkpoints(tenant, transaction)
                let (head, last) = try Self.end(tenant, transaction)
                if try Self.checkpoints(tenant, transaction) == checkpoints { return (head, checkpoints, last) }
            }
        }
    }

    private static func end(
        _ tenant: TenantID, _ transaction: isolated PostgresConnection
    ) throws -> (AuditHead?, Int64) {
        let found = try transaction.first(
            """
            select c.seq, c.hash, c.checkpoint_seq, coalesce(l.last, 0)
            from (select max(seq) as last from audit_log where tenant_id = \(tenant)) l
            left join audit_chain c on c.tenant_id = \(tenant)
            """
        ) { row -> (AuditHead?, Int64) in
            let last = try row.decode(Int64.self, at: 3)
            guard let seq = try row.decode(Int64?.self, at: 0) else { return (nil, last) }
            let hash = try row.decode(HashField.self, at: 1).hash
            return (AuditHead(seq: seq, hash: hash, checkpointSeq: try row.decode(Int64.self, at: 2)), last)
        }
        return found ?? (nil, 0)
    }

    private static func checkpoints(
        _ tenant: TenantID, _ transaction: isolated PostgresConnection
    ) throws -> [AuditCheckpoint] {
        try transaction.query(
            """
            select day, first_seq, last_seq, first_prev_hash, last_hash, signature, key_id
            from audit_checkpoint where tenant_id = \(tenant) order by first_seq
            """
        ) { row in
            AuditCheckpoint(
                tenant: tenant, day: try row.decode(Day.self, at: 0), firstSeq: try row.decode(Int64.self, at: 1),
                lastSeq: try row.decode(Int64.self, at: 2), firstPreviousHash: try row.decode([UInt8].self, at: 3),
                lastHash: try row.decode([UInt8].self, at: 4), signature: try row.decode([UInt8].self, at: 5),
                keyID: try row.text(at: 6) ?? "")
        }
    }

    /// Walks over a chain in the order of its numbers.
    ///
    /// Pages are ranges of numbers, so that the next one is known before this one came: the server gets it ready over a second
    /// connection while the rows of this one are hashed.
    /// - Parameters:
    ///   - tenant: whose chain.
    ///   - first: the first number.
    ///   - last: the last number.
    ///   - take: looks at a page; false ends the walk.
    func walk(
        tenant: TenantID, from first: Int64, through last: Int64, _ take: ([AuditLink]) throws -> Bool
    ) async throws {
        var start = first
        while start <= last {
            guard let end = try await stretch(tenant: tenant, from: start, through: last, take) else { return }
            // behind a gap: of days that were dropped, or of what was taken away
            guard let next = try await nextSeq(tenant: tenant, after: end, through: last) else { return }
            start = next
        }
    }

    /// Walks until a range holds nothing.
    /// - Returns: the end of that range; nil when the walk is over.
    private func stretch(
        tenant: TenantID, from first: Int64, through last: Int64, _ take: ([AuditLink]) throws -> Bool
    ) async throws -> Int64? {
        var start: Int64? = first
        var ahead: [(end: Int64, rows: Task<[AuditRow], any Error>)] = []
        defer { for page in ahead { page.rows.cancel() } }
        while true {
            while ahead.count < Self.pagesAhead, let from = start {
                let range = from...(last - from < Self.pageSize ? last : from + Self.pageSize - 1)
                ahead.append((range.upperBound, Task { try await page(tenant: tenant, range) }))
                start = range.upperBound < last ? range.upperBound + 1 : nil
            }
            guard let page = ahead.first else { return nil }
            let rows = try await page.rows.value
            ahead.removeFirst()
            guard !rows.isEmpty else { return page.end }
            guard try take(rows.map(\.link)) else { return nil }
            try Task.checkCancellation()
        }
    }

    private func nextSeq(tenant: TenantID, after seq: Int64, through last: Int64) async throws -> Int64? {
        try await database.query(
            "select min(seq) from audit_log where tenant_id = \(tenant) and seq > \(seq) and seq <= \(last)",
            in: .tenant(tenant)
        ) { row in try row.int64(at: 0) }.first ?? nil
    }

    /// The rows of a range of numbers, of which there may be several of one number.
    private func page(tenant: TenantID, _ range: ClosedRange<Int64>) async throws -> [AuditRow] {
        var rows = try await database.query(
            """
            select \(fragment: AuditRow.columns(dataUpTo: Self.inlineData)) from audit_log
            where tenant_id = \(tenant) and seq between \(range.lowerBound) and \(range.upperBound)
            order by seq
            """, in: .tenant(tenant), AuditRow.init(row:))
        for (index, row) in rows.enumerated() where row.lacksData {
            let whole = try await database.query(
                """
                select \(fragment: AuditRow.columns(dataUpTo: .max)) from audit_log
                where tenant_id = \(tenant) and seq = \(row.seq) and audit_id = \(row.entryID)
                """, in: .tenant(tenant), AuditRow.init(row:))
            if let whole = whole.first { rows[index] = whole }
        }
        return rows
    }

    /// Bytes of `data` that come with a page; longer ones are fetched one at a time, or a page might not fit into memory.
    private static let inlineData: Int32 = 16_384
}

/// A row of the log as a link of its chain, hashed from the server's own bytes: making a string of each text would take longer
/// than all hashes. Plain columns, because the server takes 2 to 4 times as long for sending them as composite values.
struct AuditRow: Sendable {
    static func columns(dataUpTo limit: Int32) -> SQL {
        """
        tenant_id, seq, occurred_at, audit_id, code, method, path, content_type, related_model, relation_key, apikey_id, \
        status, request_id, prev_hash, hash, who_salt, who_hash, what_salt, what_hash, octet_length(data) > \(limit), \
        user_id, remote_addr, sender, query, value, case when octet_length(data) <= \(limit) then data end
        """
    }

    let link: AuditLink
    /// Whether `data` was too long to come along.
    let lacksData: Bool

    var seq: Int64 { link.seq }
    var entryID: UUID { link.entryID }

    init(row: Row) throws {
        let previous = try row.decode(HashField.self, at: 13).hash
        let whoHash = try row.decode(HashField?.self, at: 16)?.hash
        let whatHash = try row.decode(HashField?.self, at: 18)?.hash
        lacksData = try row.decode(Bool?.self, at: 19) ?? false
        let who = AuditCanonicalForm.commitment(
            salt: try row.decode(UUID?.self, at: 15), fields: try Self.fields(row, 20...22), erased: whoHash)
        let what = AuditCanonicalForm.commitment(
            salt: try row.decode(UUID?.self, at: 17), fields: try Self.fields(row, 23...25), erased: whatHash)
        link = AuditLink(
            seq: try row.decode(Int64.self, at: 1), day: try row.decode(Timestamp.self, at: 2).day,
            entryID: try row.decode(UUID.self, at: 3), previousHash: previous,
            hash: try row.decode(HashField.self, at: 14).hash,
            computedHash: AuditCanonicalForm.hash(
                after: previous, plain: try Self.fields(row, 0...12), who: who, what: what),
            isErased: whoHash != nil || whatHash != nil)
    }

    /// Some columns as a row in binary form.
    private static func fields(_ row: Row, _ columns: ClosedRange<Int>) throws -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(columns.count > 3 ? 320 : 128)
        func put(_ number: Int32) { withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) } }
        put(Int32(columns.count))
        for column in columns {
            let field = try row.field(at: column)
            put(Int32(bitPattern: field.type.rawValue))
            put(field.bytes.map { Int32($0.count) } ?? -1)
            if let content = field.bytes { bytes.append(contentsOf: content) }
        }
        return bytes
    }
}

/// A `bytea` of 32 bytes.
struct HashField: PostgresDecodable {
    let hash: AuditHash

    static func decode(_ bytes: UnsafeRawBufferPointer?, type: PostgresType) throws -> HashField {
        guard type == .bytea, let bytes, let hash = AuditHash(bytes) else {
            throw Problem(.internalError, "An audit entry lacks a hash.")
        }
        return HashField(hash: hash)
    }
}
