import Crypto
public import Domain
public import Foundation

/// An entry as a link of its chain: all that verifying needs to know of it.
public struct AuditLink: Sendable, Hashable {
    /// Its number in the chain.
    public var seq: Int64
    /// Its UTC day.
    public var day: Day
    /// Its id.
    public var entryID: UUID
    /// The hash before it, as the entry says.
    public var previousHash: AuditHash
    /// Its hash, as the entry says.
    public var hash: AuditHash
    /// Its hash, made anew from what it holds.
    public var computedHash: AuditHash
    /// Whether personal parts were erased.
    public var isErased: Bool

    /// Names a link; see the properties.
    public init(
        seq: Int64, day: Day, entryID: UUID, previousHash: AuditHash, hash: AuditHash, computedHash: AuditHash,
        isErased: Bool
    ) {
        self.seq = seq
        self.day = day
        self.entryID = entryID
        self.previousHash = previousHash
        self.hash = hash
        self.computedHash = computedHash
        self.isErased = isErased
    }
}

/// The canonical form of entries, the program's half: `calltrail_audit_append` in the database is the other.
///
/// A row in PostgreSQL's binary form: the number of columns, and for each its type's number, its length (-1 for null) and its
/// bytes; numbers in network order, texts in UTF-8, times in microseconds since 2000-01-01 UTC. Source: `record_send` in
/// PostgreSQL's `rowtypes.c`.
public enum AuditCanonicalForm {
    /// Columns of an entry: the plain ones, and the commitments to who did it and what else there was.
    static let columns: Int32 = 15
    /// Those that stand before the commitments.
    public static let plainColumns: Int32 = 13
    private static let byteaType: Int32 = 17

    /// Whether a row of three columns has nothing but nulls: lengths of -1, at their places.
    private static func isEmpty(_ fields: [UInt8]) -> Bool {
        fields.count == 4 + 3 * 8 && fields[8] == 0xFF && fields[16] == 0xFF && fields[24] == 0xFF
    }

    /// What stands in an entry's hash for values that may have to be erased.
    /// - Parameters:
    ///   - salt: random; nil without values, or after they were erased.
    ///   - fields: the values as a row.
    ///   - erased: what was kept when the values were erased.
    /// - Returns: nil without values.
    public static func commitment(salt: UUID?, fields: [UInt8], erased: AuditHash?) -> AuditHash? {
        // values without a salt are covered by no hash: nobody recorded them
        guard salt != nil || !isEmpty(fields) else { return erased }
        var hasher = SHA256()
        if let salt { withUnsafeBytes(of: salt.uuid) { hasher.update(bufferPointer: $0) } }
        fields.withUnsafeBytes { hasher.update(bufferPointer: $0) }
        return AuditHash(hasher.finalize())
    }

    /// The hash of an entry.
    /// - Parameters:
    ///   - previous: the hash before it.
    ///   - plain: its 13 plain columns as a row.
    ///   - who: the commitment to user, address and sender.
    ///   - what: the commitment to query, value and data.
    public static func hash(
        after previous: AuditHash, plain: [UInt8], who: AuditHash?, what: AuditHash?
    ) -> AuditHash {
        // gathered first: each update of the hasher costs more than copying some hundred bytes
        var form: [UInt8] = []
        form.reserveCapacity(plain.count + 3 * AuditHash.byteCount + 16)
        func put(_ number: Int32) { withUnsafeBytes(of: number.bigEndian) { form.append(contentsOf: $0) } }
        previous.withUnsafeBytes { form.append(contentsOf: $0) }
        put(columns)
        // in place of the number of columns that the plain row has
        form.append(contentsOf: plain.dropFirst(4))
        for commitment in [who, what] {
            put(byteaType)
            put(commitment == nil ? -1 : Int32(AuditHash.byteCount))
            commitment?.withUnsafeBytes { form.append(contentsOf: $0) }
        }
        return AuditHash(SHA256.hash(data: form))
    }
}

/// Writes a row in PostgreSQL's binary form.
struct AuditRowWriter {
    private(set) var bytes: [UInt8] = []

    init(columns: Int32) { put(columns) }

    private mutating func put<Number: FixedWidthInteger>(_ number: Number) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// `smallint` 21, `integer` 23, `bigint` 20, `timestamptz` 1184.
    mutating func integer<Number: FixedWidthInteger>(_ number: Number?, type: Int32) {
        put(type)
        guard let number else { return put(Int32(-1)) }
        put(Int32(MemoryLayout<Number>.size))
        put(number)
    }

    mutating func text(_ text: String?) {
        put(Int32(25))
        guard let text else { return put(Int32(-1)) }
        put(Int32(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    mutating func uuid(_ uuid: UUID?) {
        put(Int32(2950))
        guard let uuid else { return put(Int32(-1)) }
        put(Int32(16))
        withUnsafeBytes(of: uuid.uuid) { bytes.append(contentsOf: $0) }
    }
}
