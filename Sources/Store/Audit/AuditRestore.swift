public import AuditChain
public import Domain
import Foundation
import Postgres

/// Brings archived days back for consultation: into a table of their own, which a search lists when it is asked to.
///
/// Not into the log itself: its partitions are what retention decides over, and a restored day would be dropped again within
/// the hour.
public struct AuditRestore: Sendable {
    /// Why an archive was not brought back.
    public struct NotIntact: Error, CustomStringConvertible {
        /// The first break.
        public var found: AuditBreak
        /// Whose chain.
        public var tenant: TenantID

        /// In words.
        public var description: String { "the archive of tenant \(tenant) was altered: \(found)" }
    }

    private static let batch = 500

    private let database: Database

    /// Works on a database.
    /// - Parameter database: a migrated one.
    public init(database: Database) { self.database = database }

    /// Brings a day back, after verifying every entry against the signed checkpoints. Doing it again changes nothing.
    /// - Parameters:
    ///   - day: an archived one.
    ///   - archive: holds it.
    ///   - keys: those that checkpoints may be signed with.
    /// - Returns: the number of entries that were not there yet.
    /// - Throws: `NotIntact`, `AuditArchive.Damaged`, `DatabaseError`; then nothing of the day was brought back.
    public func restore(_ day: Day, from archive: AuditArchive, keys: [AuditPublicKey]) async throws -> Int {
        try Self.verify(day, in: archive, keys: keys)
        return try await database.transaction(in: .everyTenant) { transaction in
            var restored = 0
            var pending: [AuditRecord] = []
            try archive.read(day) { line in
                guard case .entry(let record) = line else { return }
                pending.append(record)
                guard pending.count == Self.batch else { return }
                restored += try transaction.execute(Self.insertion(pending))
                pending.removeAll(keepingCapacity: true)
            }
            if !pending.isEmpty { restored += try transaction.execute(Self.insertion(pending)) }
            return restored
        }
    }

    /// Takes a restored day away again.
    /// - Parameter day: which one.
    /// - Returns: the number of entries.
    /// - Throws: `DatabaseError`.
    public func forget(_ day: Day) async throws -> Int {
        try await database.execute(
            """
            delete from audit_restored
            where occurred_at >= \(day.start) and occurred_at < \(day.advanced(by: 1).start)
            """, in: .everyTenant)
    }

    /// Every entry must stand under a checkpoint, and every checkpoint must find its entries.
    private static func verify(_ day: Day, in archive: AuditArchive, keys: [AuditPublicKey]) throws {
        var waiting: [AuditCheckpoint] = []
        var walking: (verifier: AuditVerifier, checkpoint: AuditCheckpoint)?
        func end() throws {
            defer { walking = nil }
            guard let tenant = walking?.checkpoint.tenant, let found = walking?.verifier.finish().firstBreak else {
                return
            }
            throw NotIntact(found: found, tenant: tenant)
        }
        try archive.read(day) { line in
            switch line {
            case .head: break
            case .checkpoint(let checkpoint): waiting.append(checkpoint)
            case .entry(let record):
                if walking.map({ $0.checkpoint.tenant != record.tenant || $0.checkpoint.lastSeq < record.seq }) ?? true
                {
                    try end()
                    guard let first = waiting.first, first.tenant == record.tenant, first.day == day else {
                        let found = AuditBreak(
                            .checkpointMissing, seq: record.seq, day: day, entryID: record.id,
                            detail: "no checkpoint covers the entry")
                        throw NotIntact(found: found, tenant: record.tenant)
                    }
                    waiting.removeFirst()
                    walking = (AuditVerifier(of: first, keys: keys), first)
                }
                guard walking?.verifier.consume(record.link) == true else { return try end() }
            }
        }
        try end()
        if let left = waiting.first {
            let found = AuditBreak(
                .missing, seq: left.firstSeq, day: day, detail: "the entries of a checkpoint are gone")
            throw NotIntact(found: found, tenant: left.tenant)
        }
    }

    private static func insertion(_ records: [AuditRecord]) -> SQL {
        func texts(_ text: (AuditRecord) -> String?) -> PostgresNullableArray<String> {
            PostgresNullableArray(records.map(text))
        }
        func uuids(_ uuid: (AuditRecord) -> UUID?) -> PostgresNullableArray<UUID> {
            PostgresNullableArray(records.map(uuid))
        }
        // as text: there is no array of byte arrays in this layer, and PostgreSQL reads hexadecimal as it is
        func hashes(_ hash: (AuditRecord) -> AuditHash?) -> PostgresNullableArray<String> {
            PostgresNullableArray(records.map { hash($0).map(\.description) })
        }
        return """
            insert into audit_restored (\(fragment: AuditRecord.columns))
            select tenant_id, seq, occurred_at, audit_id, code, decode(prev_hash, 'hex'), decode(hash, 'hex'), method, path,
                   content_type, related_model, relation_key, request_id, apikey_id, status, user_id, remote_addr, sender,
                   query, value, data, who_salt, what_salt, decode(who_hash, 'hex'), decode(what_hash, 'hex')
            from unnest(\(records.map(\.tenant)), \(records.map(\.seq)), \(records.map(\.occurredAt)),
                        \(records.map(\.id)), \(records.map(\.code)), \(texts { $0.previousHash.description }),
                        \(texts { $0.hash.description }), \(texts { $0.method }), \(texts { $0.path }),
                        \(texts { $0.contentType }), \(texts { $0.relatedModel }), \(texts { $0.relationKey }),
                        \(texts { $0.requestID }), \(uuids { $0.apiKeyID }), \(PostgresNullableArray(records.map(\.status))),
                        \(uuids { $0.userID }), \(texts { $0.remoteAddress }), \(texts { $0.sender }),
                        \(texts { $0.query }), \(texts { $0.value }), \(texts { $0.data }), \(uuids { $0.whoSalt }),
                        \(uuids { $0.whatSalt }), \(hashes { $0.whoHash }), \(hashes { $0.whatHash }))
                as r (\(fragment: AuditRecord.columns))
            on conflict (tenant_id, occurred_at, seq) do nothing
            """
    }
}
