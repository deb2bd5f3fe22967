public import Domain
import Foundation

/// A line of an export or an archive: NDJSON, each object with its `type`.
public enum AuditLine: Sendable, Hashable {
    /// The stored end of the chain, first of all lines of an export.
    case head(TenantID, AuditHead)
    /// Checkpoints stand before entries.
    case checkpoint(AuditCheckpoint)
    /// An entry.
    case entry(AuditRecord)

    /// Why a line can't be read.
    public struct Invalid: Error, CustomStringConvertible {
        /// In words.
        public var description: String

        /// Says why.
        /// - Parameter description: in words.
        public init(description: String) { self.description = description }
    }

    /// Reads a line.
    /// - Parameter json: one object in UTF-8.
    /// - Throws: `Invalid`.
    public init(json: [UInt8]) throws {
        do {
            self = try JSONDecoder().decode(AuditLine.self, from: Data(json))
        } catch let error as DecodingError {
            throw Invalid(description: "a line is not of an audit export: \(error)")
        }
    }

    /// Appends the line with its newline.
    /// - Parameter bytes: grows.
    public func write(to bytes: inout [UInt8]) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        bytes += try encoder.encode(self)
        bytes.append(UInt8(ascii: "\n"))
    }
}

extension AuditLine: Codable {
    private enum Key: String, CodingKey {
        case type, tenant, seq, hash, day, signature, code, method, path, query, status, sender, value, data, id
        case checkpointSeq = "checkpoint_seq"
        case firstSeq = "first_seq"
        case lastSeq = "last_seq"
        case firstPreviousHash = "first_prev_hash"
        case lastHash = "last_hash"
        case keyID = "key_id"
        case occurredAt = "occurred_at"
        case contentType = "content_type"
        case relatedModel = "related_model"
        case relationKey = "relation_key"
        case requestID = "request_id"
        case apiKeyID = "apikey_id"
        case userID = "user_id"
        case remoteAddress = "remote_addr"
        case whoSalt = "who_salt"
        case whatSalt = "what_salt"
        case whoHash = "who_hash"
        case whatHash = "what_hash"
        case previousHash = "prev_hash"
    }

    /// Reads a line.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let tenant = TenantID(rawValue: try container.decode(Int32.self, forKey: .tenant))
        func hash(_ key: Key) throws -> AuditHash? {
            guard let text = try container.decodeIfPresent(String.self, forKey: key) else { return nil }
            guard let hash = [UInt8](hexadecimal: text).flatMap({ AuditHash($0) }) else {
                throw DecodingError.dataCorruptedError(forKey: key, in: container, debugDescription: "no hash")
            }
            return hash
        }
        func required<Value>(_ key: Key, _ value: Value?) throws -> Value {
            guard let value else {
                throw DecodingError.dataCorruptedError(forKey: key, in: container, debugDescription: "it can't be read")
            }
            return value
        }
        switch try container.decode(String.self, forKey: .type) {
        case "head":
            self = .head(
                tenant,
                AuditHead(
                    seq: try container.decode(Int64.self, forKey: .seq), hash: try required(.hash, hash(.hash)),
                    checkpointSeq: try container.decode(Int64.self, forKey: .checkpointSeq)))
        case "checkpoint":
            let day = Timestamp(rfc3339: try container.decode(String.self, forKey: .day) + "T00:00:00Z")?.day
            let signature = Data(base64Encoded: try container.decode(String.self, forKey: .signature))
            self = .checkpoint(
                AuditCheckpoint(
                    tenant: tenant, day: try required(.day, day),
                    firstSeq: try container.decode(Int64.self, forKey: .firstSeq),
                    lastSeq: try container.decode(Int64.self, forKey: .lastSeq),
                    firstPreviousHash: try required(.firstPreviousHash, hash(.firstPreviousHash)).bytes,
                    lastHash: try required(.lastHash, hash(.lastHash)).bytes,
                    signature: Array(try required(.signature, signature)),
                    keyID: try container.decode(String.self, forKey: .keyID)))
        case "entry":
            let time = Timestamp(rfc3339: try container.decode(String.self, forKey: .occurredAt))
            var record = AuditRecord(
                tenant: tenant, seq: try container.decode(Int64.self, forKey: .seq),
                occurredAt: try required(.occurredAt, time), id: try container.decode(UUID.self, forKey: .id),
                code: try container.decode(String.self, forKey: .code),
                previousHash: try required(.previousHash, hash(.previousHash)),
                hash: try required(.hash, hash(.hash)))
            func text(_ key: Key) throws -> String? { try container.decodeIfPresent(String.self, forKey: key) }
            func uuid(_ key: Key) throws -> UUID? { try container.decodeIfPresent(UUID.self, forKey: key) }
            (record.method, record.path, record.query) = (try text(.method), try text(.path), try text(.query))
            (record.contentType, record.requestID) = (try text(.contentType), try text(.requestID))
            (record.relatedModel, record.relationKey) = (try text(.relatedModel), try text(.relationKey))
            (record.remoteAddress, record.sender) = (try text(.remoteAddress), try text(.sender))
            (record.value, record.data) = (try text(.value), try text(.data))
            (record.apiKeyID, record.userID) = (try uuid(.apiKeyID), try uuid(.userID))
            (record.whoSalt, record.whatSalt) = (try uuid(.whoSalt), try uuid(.whatSalt))
            (record.whoHash, record.whatHash) = (try hash(.whoHash), try hash(.whatHash))
            record.status = try container.decodeIfPresent(Int16.self, forKey: .status)
            self = .entry(record)
        case let type:
            throw DecodingError.dataCorruptedError(
                forKey: .type, in: container, debugDescription: "there are no lines of type \(type)")
        }
    }

    /// Writes a line; what is nil is left out.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .head(let tenant, let head):
            try container.encode("head", forKey: .type)
            try container.encode(tenant.rawValue, forKey: .tenant)
            try container.encode(head.seq, forKey: .seq)
            try container.encode(head.hash.description, forKey: .hash)
            try container.encode(head.checkpointSeq, forKey: .checkpointSeq)
        case .checkpoint(let checkpoint):
            try container.encode("checkpoint", forKey: .type)
            try container.encode(checkpoint.tenant.rawValue, forKey: .tenant)
            try container.encode(checkpoint.day.description, forKey: .day)
            try container.encode(checkpoint.firstSeq, forKey: .firstSeq)
            try container.encode(checkpoint.lastSeq, forKey: .lastSeq)
            try container.encode(checkpoint.firstPreviousHash.hexadecimal, forKey: .firstPreviousHash)
            try container.encode(checkpoint.lastHash.hexadecimal, forKey: .lastHash)
            try container.encode(Data(checkpoint.signature).base64EncodedString(), forKey: .signature)
            try container.encode(checkpoint.keyID, forKey: .keyID)
        case .entry(let record):
            try Self.encode(record, &container)
        }
    }

    private static func encode(_ record: AuditRecord, _ container: inout KeyedEncodingContainer<Key>) throws {
        try container.encode("entry", forKey: .type)
        try container.encode(record.tenant.rawValue, forKey: .tenant)
        try container.encode(record.seq, forKey: .seq)
        try container.encode(record.occurredAt.description, forKey: .occurredAt)
        try container.encode(record.code, forKey: .code)
        try container.encode(record.previousHash.description, forKey: .previousHash)
        try container.encode(record.hash.description, forKey: .hash)
        try container.encodeIfPresent(record.status, forKey: .status)
        let texts: [(Key, String?)] = [
            (.method, record.method), (.path, record.path), (.query, record.query),
            (.contentType, record.contentType), (.requestID, record.requestID), (.relatedModel, record.relatedModel),
            (.relationKey, record.relationKey), (.remoteAddress, record.remoteAddress), (.sender, record.sender),
            (.value, record.value), (.data, record.data), (.whoHash, record.whoHash?.description),
            (.whatHash, record.whatHash?.description), (.id, record.id.uuidString.lowercased()),
            (.apiKeyID, record.apiKeyID?.uuidString.lowercased()), (.userID, record.userID?.uuidString.lowercased()),
            (.whoSalt, record.whoSalt?.uuidString.lowercased()), (.whatSalt, record.whatSalt?.uuidString.lowercased()),
        ]
        for (key, text) in texts { try container.encodeIfPresent(text, forKey: key) }
    }
}

extension AuditVerifier {
    /// Verifies an export, without a database.
    /// - Parameters:
    ///   - lines: the stored end of the chain, its checkpoints, then its entries in the order of their numbers.
    ///   - keys: those that checkpoints may be signed with.
    ///   - coverage: which days need not be there.
    /// - Throws: what `lines` throws; `AuditLine.Invalid` when they are not one tenant's chain.
    public static func verify<Lines: AsyncSequence>(
        _ lines: Lines, keys: [AuditPublicKey], coverage: Coverage = .init()
    ) async throws -> AuditVerdict where Lines.Element == AuditLine {
        var head: (tenant: TenantID, head: AuditHead)?
        var checkpoints: [AuditCheckpoint] = []
        var verifier: AuditVerifier?
        func begin() throws -> AuditVerifier {
            guard let head else { throw AuditLine.Invalid(description: "the export does not begin with a head") }
            return AuditVerifier(
                tenant: head.tenant, keys: keys, checkpoints: checkpoints, head: head.head, coverage: coverage)
        }
        reading: for try await line in lines {
            switch line {
            case .head(let tenant, let end):
                guard head == nil else { throw AuditLine.Invalid(description: "the export has a second head") }
                head = (tenant, end)
            case .checkpoint(let checkpoint):
                guard verifier == nil else {
                    throw AuditLine.Invalid(description: "a checkpoint stands behind the first entry")
                }
                checkpoints.append(checkpoint)
            case .entry(let record):
                var walking = try verifier ?? begin()
                // passed over, where the walk begins or ends elsewhere
                let isWanted = record.seq >= walking.firstSeq || verifier != nil
                let goesOn = !isWanted || walking.consume(record.link)
                verifier = walking
                if !goesOn { break reading }
            }
        }
        var walked = try verifier ?? begin()
        return walked.finish()
    }
}
