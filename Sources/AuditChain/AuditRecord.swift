public import Domain
public import Foundation

/// An entry with all that its hash covers: a row of `audit_log`, as archives and exports hold it.
public struct AuditRecord: Sendable, Hashable {
    /// Whose entry.
    public var tenant: TenantID
    /// Its number in the chain.
    public var seq: Int64
    /// When it happened.
    public var occurredAt: Timestamp
    /// Its id.
    public var id: UUID
    /// What happened, as it stands in the row.
    public var code: String
    /// The plain parts; see `NewAuditEntry`.
    public var method, path, contentType, relatedModel, relationKey, requestID: String?
    /// The API key that was used.
    public var apiKeyID: UUID?
    /// The HTTP status.
    public var status: Int16?
    /// Who did it.
    public var userID: UUID?
    /// Who did it: address and sender.
    public var remoteAddress, sender: String?
    /// What else there was: the path's query, value and data.
    public var query, value, data: String?
    /// Salts of the commitments to who and to what; nil without such values, or after they were erased.
    public var whoSalt, whatSalt: UUID?
    /// The commitments, kept in place of what was erased.
    public var whoHash, whatHash: AuditHash?
    /// The hash before the entry.
    public var previousHash: AuditHash
    /// The entry's hash.
    public var hash: AuditHash

    /// Describes an entry without any of its optional parts.
    /// - Parameters:
    ///   - tenant: whose.
    ///   - seq: its number in the chain.
    ///   - occurredAt: when it happened.
    ///   - id: its id.
    ///   - code: what happened.
    ///   - previousHash: the hash before it.
    ///   - hash: its own.
    public init(
        tenant: TenantID, seq: Int64, occurredAt: Timestamp, id: UUID, code: String, previousHash: AuditHash,
        hash: AuditHash
    ) {
        self.tenant = tenant
        self.seq = seq
        self.occurredAt = occurredAt
        self.id = id
        self.code = code
        self.previousHash = previousHash
        self.hash = hash
    }

    /// Microseconds between 1970-01-01 and PostgreSQL's epoch, 2000-01-01.
    private static let epoch: Int64 = 946_684_800_000_000

    /// The hash, made anew from what the record holds.
    public var computedHash: AuditHash {
        var plain = AuditRowWriter(columns: AuditCanonicalForm.plainColumns)
        plain.integer(tenant.rawValue, type: 23)
        plain.integer(seq, type: 20)
        plain.integer(occurredAt.microseconds - Self.epoch, type: 1184)
        plain.uuid(id)
        plain.text(code)
        plain.text(method)
        plain.text(path)
        plain.text(contentType)
        plain.text(relatedModel)
        plain.text(relationKey)
        plain.uuid(apiKeyID)
        plain.integer(status, type: 21)
        plain.text(requestID)
        var who = AuditRowWriter(columns: 3)
        who.uuid(userID)
        who.text(remoteAddress)
        who.text(sender)
        var what = AuditRowWriter(columns: 3)
        what.text(query)
        what.text(value)
        what.text(data)
        return AuditCanonicalForm.hash(
            after: previousHash, plain: plain.bytes,
            who: AuditCanonicalForm.commitment(salt: whoSalt, fields: who.bytes, erased: whoHash),
            what: AuditCanonicalForm.commitment(salt: whatSalt, fields: what.bytes, erased: whatHash))
    }

    /// The record as a link of its chain.
    public var link: AuditLink {
        AuditLink(
            seq: seq, day: occurredAt.day, entryID: id, previousHash: previousHash, hash: hash,
            computedHash: computedHash, isErased: isErased)
    }

    /// Whether personal parts were erased.
    public var isErased: Bool { whoHash != nil || whatHash != nil }
}
