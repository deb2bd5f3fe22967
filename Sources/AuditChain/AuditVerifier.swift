public import Domain

/// The stored end of a tenant's chain.
public struct AuditHead: Sendable, Hashable {
    /// The number of the last entry; 0 before the first.
    public var seq: Int64
    /// Its hash.
    public var hash: AuditHash
    /// The last entry that a checkpoint covers.
    public var checkpointSeq: Int64

    /// Names an end; see the properties.
    public init(seq: Int64, hash: AuditHash, checkpointSeq: Int64) {
        self.seq = seq
        self.hash = hash
        self.checkpointSeq = checkpointSeq
    }
}

/// Walks a tenant's chain, entry by entry in the order of their numbers, and finds the first that is not what was recorded.
///
/// A value without any I/O: the same one verifies the live log and an export on another machine. What it can't find: entries
/// after the last checkpoint that were cut off, or written anew, by somebody who also set the stored end of the chain.
public struct AuditVerifier: Sendable {
    /// Which days need not be there.
    public struct Coverage: Sendable {
        /// Entries of days before this one may be gone, where checkpoints stand for them.
        public var keptFrom: Day?
        /// Entries of later days are not looked at, nor is the end of the chain.
        public var through: Day?
        /// Entries of earlier days are not looked at.
        public var from: Day?

        /// All days; none may be gone.
        public init() {}

        /// A part of a chain, without its end.
        static let stretch: Coverage = {
            var coverage = Coverage()
            coverage.through = Day(number: .max)
            return coverage
        }()
    }

    /// Links that are looked at for naming a break whose place is known.
    private static let lookahead = 1000

    private let coverage: Coverage
    private let head: AuditHead?
    private var checkpoints: [AuditCheckpoint]
    /// The first checkpoint that does not end before `next`.
    private var checkpointIndex = 0
    /// The first thing that is wrong with the checkpoints themselves.
    private var checkpointBreak: AuditBreak?
    private var next: Int64 = 1
    private var previous = AuditHash.start
    private var last: AuditLink?
    private var suspect: (link: AuditLink, detail: String, links: Int)?
    private var verdict = AuditVerdict()

    /// Checks the checkpoints, and stands at the beginning.
    /// - Parameters:
    ///   - tenant: whose chain.
    ///   - keys: those that checkpoints may be signed with.
    ///   - checkpoints: all of the tenant's.
    ///   - head: the stored end of the chain; nil when there is none.
    ///   - coverage: which days need not be there.
    public init(
        tenant: TenantID, keys: [AuditPublicKey], checkpoints: [AuditCheckpoint], head: AuditHead?,
        coverage: Coverage = .init()
    ) {
        self.head = head
        self.coverage = coverage
        let sorted = checkpoints.sorted { $0.firstSeq < $1.firstSeq }
        (self.checkpoints, checkpointBreak) = Self.sound(sorted, tenant: tenant, keys: keys)
        verdict.checkpoints = self.checkpoints.count
        verdict.coveredThrough = self.checkpoints.last?.day
        if let from = coverage.from,
            let start = self.checkpoints.firstIndex(where: { $0.day >= from }),
            let hash = AuditHash(self.checkpoints[start].firstPreviousHash)
        {
            checkpointIndex = start
            next = self.checkpoints[start].firstSeq
            previous = hash
        }
        let covered = self.checkpoints.last?.lastSeq ?? 0
        if checkpointBreak == nil, let head, head.checkpointSeq != covered {
            checkpointBreak =
                head.checkpointSeq > covered
                ? AuditBreak(
                    .checkpointMissing, seq: covered + 1,
                    detail: "there were checkpoints through seq \(head.checkpointSeq), and now through \(covered)")
                : AuditBreak(
                    .headChanged, seq: head.checkpointSeq,
                    detail: "the chain's row says that checkpoints end here, but they go on through seq \(covered)")
        }
    }

    /// Stands right behind a checkpoint, to walk over entries that none covers.
    /// - Parameter checkpoint: nil for the beginning of the chain.
    public init(after checkpoint: AuditCheckpoint?) {
        (head, checkpoints, coverage) = (nil, [], .stretch)
        if let checkpoint, let hash = AuditHash(checkpoint.lastHash) {
            next = checkpoint.lastSeq + 1
            previous = hash
        }
    }

    /// Walks over the entries of one checkpoint.
    /// - Parameters:
    ///   - checkpoint: with its signature.
    ///   - keys: those that it may be signed with.
    public init(of checkpoint: AuditCheckpoint, keys: [AuditPublicKey]) {
        (head, checkpoints, coverage) = (nil, [checkpoint], .stretch)
        next = checkpoint.firstSeq
        previous = AuditHash(checkpoint.firstPreviousHash) ?? .start
        if !keys.contains(where: { $0.id == checkpoint.keyID && $0.verifies(checkpoint) }) {
            checkpointBreak = AuditBreak(
                .checkpointForged, seq: checkpoint.firstSeq, day: checkpoint.day,
                detail: "the checkpoint is not signed with a known key")
        }
    }

    /// The number of the first entry to walk over.
    public var firstSeq: Int64 { next }

    /// The number of the last entry to walk over.
    public var lastSeq: Int64 {
        if let through = coverage.through, let last = checkpoints.last(where: { $0.day <= through }) {
            return last.lastSeq
        }
        return head?.seq ?? .max
    }

    /// What was found so far.
    public var progress: AuditVerdict { verdict }

    /// The checkpoints as far as they are signed by a known key and follow each other, and what is wrong with the next one.
    private static func sound(
        _ sorted: [AuditCheckpoint], tenant: TenantID, keys: [AuditPublicKey]
    ) -> ([AuditCheckpoint], AuditBreak?) {
        let known = Dictionary(keys.map { ($0.id, $0) }) { first, _ in first }
        var next: Int64 = 1
        var hash = AuditHash.start.bytes
        for (index, checkpoint) in sorted.enumerated() {
            func found(_ kind: AuditBreak.Kind, _ seq: Int64, _ detail: String) -> ([AuditCheckpoint], AuditBreak?) {
                (Array(sorted[..<index]), AuditBreak(kind, seq: seq, day: checkpoint.day, detail: detail))
            }
            guard checkpoint.firstSeq >= next else {
                return found(.checkpointForged, checkpoint.firstSeq, "two checkpoints cover this entry")
            }
            guard checkpoint.firstSeq == next else {
                return found(
                    .checkpointMissing, next, "no checkpoint covers the entries up to \(checkpoint.firstSeq - 1)")
            }
            guard checkpoint.tenant == tenant, let key = known[checkpoint.keyID] else {
                return found(
                    .checkpointForged, next,
                    "the checkpoint is signed by the key \(checkpoint.keyID), which is not known")
            }
            guard key.verifies(checkpoint) else {
                return found(.checkpointForged, next, "the signature of the checkpoint does not fit what it says")
            }
            guard checkpoint.firstPreviousHash == hash else {
                return found(.checkpointForged, next, "the checkpoint does not follow the one before it")
            }
            next = checkpoint.lastSeq + 1
            hash = checkpoint.lastHash
        }
        return (sorted, nil)
    }

    /// Looks at the next entry.
    /// - Parameter link: in the order of their numbers, those of the same number in any order.
    /// - Returns: false when nothing more needs to be looked at.
    public mutating func consume(_ link: AuditLink) -> Bool {
        guard verdict.firstBreak == nil else { return false }
        guard suspect == nil else { return name(by: link) }
        guard link.seq >= next else {
            return found(.inserted, link, "there is another entry of this number before it")
        }
        if link.seq > next, !skipDropped(before: link.seq) {
            let detail = link.seq == next + 1 ? "the entry is gone" : "the entries up to \(link.seq - 1) are gone"
            return stop(AuditBreak(.missing, seq: next, day: missingDay, detail: detail))
        }
        if let checkpointBreak, next >= checkpointBreak.seq, checkpointBreak.kind != .headChanged {
            return stop(checkpointBreak)
        }
        verdict.entries += 1
        if link.isErased { verdict.erasedEntries += 1 }
        guard link.previousHash == previous else { return doubt(link) }
        guard link.computedHash == link.hash else {
            suspect = (link, "its hash does not fit what it holds", 1)
            return true
        }
        return follow(link)
    }

    /// Takes a link that is as it was recorded.
    private mutating func follow(_ link: AuditLink) -> Bool {
        if checkpointIndex < checkpoints.count, checkpoints[checkpointIndex].firstSeq <= link.seq {
            let checkpoint = checkpoints[checkpointIndex]
            let isFirst = link.seq == checkpoint.firstSeq
            guard link.day == checkpoint.day, !isFirst || checkpoint.firstPreviousHash == previous.bytes else {
                return found(.changed, link, "the checkpoint that covers it says otherwise")
            }
            if link.seq == checkpoint.lastSeq {
                guard checkpoint.lastHash == link.hash.bytes else {
                    return stop(
                        AuditBreak(
                            .changed, seq: checkpoint.firstSeq, day: checkpoint.day,
                            detail:
                                "entries up to \(checkpoint.lastSeq) were written anew after their checkpoint was signed"
                        ))
                }
                checkpointIndex += 1
            }
        } else {
            verdict.uncoveredEntries += 1
        }
        previous = link.hash
        next = link.seq + 1
        last = link
        verdict.lastSeq = link.seq
        return true
    }

    /// A link that does not follow the one before it.
    private mutating func doubt(_ link: AuditLink) -> Bool {
        if let last, link.previousHash == last.previousHash {
            return found(.inserted, last, "the next entry follows the one before it")
        }
        guard link.computedHash == link.hash else {
            suspect = (
                link, "its hash does not fit what it holds, and it does not follow the entry before it", Self.lookahead
            )
            return true
        }
        // what it says of the entry before it is covered by its own hash
        return found(.changed, last ?? link, "its hash was made anew: the next entry follows another one")
    }

    /// Finds out what became of an entry by those after it.
    private mutating func name(by link: AuditLink) -> Bool {
        guard let (doubtful, detail, links) = suspect else { return true }
        if link.previousHash == doubtful.previousHash, link.seq > doubtful.seq, doubtful.previousHash == previous {
            suspect = nil
            return found(.inserted, doubtful, "the next entry follows the one before it")
        }
        if link.seq == doubtful.seq {
            suspect = nil
            return found(.inserted, doubtful, "there is another entry of this number")
        }
        if link.hash == doubtful.previousHash {
            suspect = nil
            return found(.reordered, doubtful, "the entry that it follows comes after it, at seq \(link.seq)")
        }
        guard links > 1 else {
            suspect = nil
            return found(.changed, doubtful, detail)
        }
        suspect = (doubtful, detail, links - 1)
        return true
    }

    /// Passes over entries whose days were dropped after their retention.
    /// - Returns: whether that leads right up to an entry.
    private mutating func skipDropped(before seq: Int64) -> Bool {
        guard let keptFrom = coverage.keptFrom else { return next == seq }
        while next < seq, checkpointIndex < checkpoints.count {
            let checkpoint = checkpoints[checkpointIndex]
            guard checkpoint.firstSeq == next, checkpoint.lastSeq < seq, checkpoint.day < keptFrom,
                checkpoint.firstPreviousHash == previous.bytes, let hash = AuditHash(checkpoint.lastHash)
            else { break }
            verdict.droppedEntries += checkpoint.entries
            checkpointIndex += 1
            next = checkpoint.lastSeq + 1
            previous = hash
            last = nil
            verdict.lastSeq = checkpoint.lastSeq
        }
        return next == seq
    }

    private var missingDay: Day? {
        checkpointIndex < checkpoints.count && checkpoints[checkpointIndex].firstSeq <= next
            ? checkpoints[checkpointIndex].day : last?.day
    }

    private mutating func found(_ kind: AuditBreak.Kind, _ link: AuditLink, _ detail: String) -> Bool {
        stop(AuditBreak(kind, seq: link.seq, day: link.day, entryID: link.entryID, detail: detail))
    }

    private mutating func stop(_ end: AuditBreak) -> Bool {
        verdict.firstBreak = end
        return false
    }

    /// Ends the walk: the last entries must be there, and the stored end must be theirs.
    /// - Returns: what was found.
    public mutating func finish() -> AuditVerdict {
        guard verdict.firstBreak == nil else { return verdict }
        if let suspect {
            _ = found(.changed, suspect.link, suspect.detail)
            return verdict
        }
        let known = max(head?.seq ?? 0, checkpoints.last?.lastSeq ?? 0)
        let end = coverage.through == nil ? known : min(known, lastSeq)
        _ = skipDropped(before: end + 1)
        if let checkpointBreak, checkpointBreak.seq <= next, checkpointBreak.kind != .headChanged {
            verdict.firstBreak = checkpointBreak
        } else if next <= end {
            verdict.firstBreak = AuditBreak(
                .truncated, seq: next, day: missingDay,
                detail: next == end
                    ? "the last entry is gone" : "the entries from here to the last one, \(end), are gone")
        } else if coverage.through == nil {
            verdict.firstBreak = headBreak ?? checkpointBreak
        }
        return verdict
    }

    /// What is wrong with the stored end, when every entry is as it was recorded.
    private var headBreak: AuditBreak? {
        let walked = next - 1
        guard let head else {
            return walked == 0
                ? nil : AuditBreak(.headChanged, seq: walked, day: last?.day, detail: "the chain's row is gone")
        }
        guard head.seq == walked, head.hash == previous else {
            return AuditBreak(
                .headChanged, seq: walked, day: last?.day, entryID: last?.entryID,
                detail: head.seq == walked
                    ? "the chain's row holds another hash than its last entry"
                    : "the chain's row ends at seq \(head.seq), and the entries here")
        }
        return nil
    }
}
