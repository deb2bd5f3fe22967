/// How much of a tenant's audit log is signed, without looking at its entries.
public struct AuditStanding: Sendable, Hashable {
    /// The number of the last entry; 0 before the first.
    public var lastSeq: Int64
    /// The last entry that a checkpoint covers.
    public var checkpointSeq: Int64
    /// The last day with a checkpoint.
    public var coveredThrough: Day?
    /// Entries that are kept.
    public var kept: Int64

    /// Describes a standing; see the properties.
    public init(lastSeq: Int64, checkpointSeq: Int64, coveredThrough: Day?, kept: Int64) {
        self.lastSeq = lastSeq
        self.checkpointSeq = checkpointSeq
        self.coveredThrough = coveredThrough
        self.kept = kept
    }

    /// Entries without a checkpoint.
    public var uncovered: Int64 { lastSeq - checkpointSeq }
}

/// A verification of a tenant's audit log: that it was asked for, and how the last one went.
public struct AuditVerification: Sendable, Hashable {
    /// What one found that came to its end.
    public struct Result: Sendable, Hashable {
        /// When.
        public var finishedAt: Timestamp
        /// Entries that were looked at.
        public var entries: Int64
        /// The last day with a checkpoint.
        public var coveredThrough: Day?
        /// Entries that no checkpoint covered.
        public var uncovered: Int64
        /// The first break; nil when everything was as it was recorded.
        public var firstBreak: AuditBreak?

        /// Puts a result together; see the properties.
        public init(
            finishedAt: Timestamp, entries: Int64, coveredThrough: Day?, uncovered: Int64, firstBreak: AuditBreak?
        ) {
            self.finishedAt = finishedAt
            self.entries = entries
            self.coveredThrough = coveredThrough
            self.uncovered = uncovered
            self.firstBreak = firstBreak
        }
    }

    /// When somebody last asked.
    public var requestedAt: Timestamp
    /// Who did.
    public var requestedBy: String
    /// Whether the one that was asked for last ended without a result: it failed, or its process died.
    public var hasStopped: Bool
    /// How the last one went; nil before the first ended.
    public var result: Result?

    /// Puts it together; see the properties.
    public init(requestedAt: Timestamp, requestedBy: String, hasStopped: Bool, result: Result?) {
        self.requestedAt = requestedAt
        self.requestedBy = requestedBy
        self.hasStopped = hasStopped
        self.result = result
    }

    /// Whether the one that was asked for last has not ended yet.
    public var isUnderWay: Bool { !hasStopped && (result.map { $0.finishedAt < requestedAt } ?? true) }
}

/// Verifies a tenant's audit log from its first entry that is kept to its last.
public struct AuditVerificationJob: JobPayload {
    /// The kind's word.
    public static let kind = "audit_verification"
    /// Somebody waits for it.
    public static let priority = JobPriority.high

    /// Asks for it.
    public init() {}
}
