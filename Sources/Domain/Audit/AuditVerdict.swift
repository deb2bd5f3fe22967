public import Foundation

/// The first place at which a chain of the audit log is not what was recorded.
public struct AuditBreak: Sendable, Hashable, CustomStringConvertible {
    /// What is wrong there.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The entry, or its hash, is not what was recorded.
        case changed
        /// An entry is not there.
        case missing
        /// An entry was not recorded by this service.
        case inserted
        /// Entries are there that have changed places.
        case reordered
        /// The last entries are not there.
        case truncated
        /// The stored end of the chain is not that of the entries.
        case headChanged = "head_changed"
        /// A checkpoint was not signed with a key of the service.
        case checkpointForged = "checkpoint_forged"
        /// A checkpoint is not there.
        case checkpointMissing = "checkpoint_missing"
    }

    /// What is wrong.
    public var kind: Kind
    /// The number of the first entry concerned.
    public var seq: Int64
    /// Its UTC day, where it is known.
    public var day: Day?
    /// Its id, where it is known.
    public var entryID: UUID?
    /// In words.
    public var detail: String

    /// Names a break; see the properties.
    public init(_ kind: Kind, seq: Int64, day: Day? = nil, entryID: UUID? = nil, detail: String) {
        self.kind = kind
        self.seq = seq
        self.day = day
        self.entryID = entryID
        self.detail = detail
    }

    /// On one line.
    public var description: String {
        let place = [day.map { "day \($0)" }, entryID.map { "id \($0.uuidString.lowercased())" }].compactMap(\.self)
        let suffix = place.isEmpty ? "" : " (" + place.joined(separator: ", ") + ")"
        return "\(kind.rawValue) at seq \(seq)\(suffix): \(detail)"
    }
}

/// What verifying a tenant's audit log found.
public struct AuditVerdict: Sendable, Hashable {
    /// The first break; nil when everything is as it was recorded.
    public var firstBreak: AuditBreak?
    /// Entries that were looked at.
    public var entries: Int64 = 0
    /// Entries whose days were dropped after their retention, and that checkpoints stand for.
    public var droppedEntries: Int64 = 0
    /// Entries with personal parts that were erased.
    public var erasedEntries: Int64 = 0
    /// Checkpoints whose signatures were looked at.
    public var checkpoints: Int = 0
    /// Entries that no checkpoint covers yet: for them nothing but the chain itself speaks.
    public var uncoveredEntries: Int64 = 0
    /// The last day with a checkpoint.
    public var coveredThrough: Day?
    /// The number of the last entry.
    public var lastSeq: Int64 = 0

    /// Nothing was looked at.
    public init() {}

    /// Whether everything is as it was recorded.
    public var isIntact: Bool { firstBreak == nil }
}
