import BodyBlocks

/// What is known of a block without its payload.
struct BlockHeading: Sendable {
    var id: Int64
    /// The greatest id that it answers for.
    var last: Int64
    var entries: Int
    var rawSize: Int
    /// Nil for a block that holds its own exchanges only.
    var directory: BodyBlockDirectory?
    /// Why it must be left alone; nil when nothing is wrong with it.
    var damage: String?

    /// Below half of a full block: two of them always fit one, and what was merged until the next one did not fit is above
    /// it, so that nothing is rewritten again and again.
    var isSmall: Bool { entries < Self.smallEntries && rawSize < Self.smallRawSize }

    static let smallEntries = BodyBlock.maximumCount / 2
    static let smallRawSize = BodyBlock.maximumRawSize / 2
}

/// Which blocks of one tenant and day are to become one.
///
/// A row finds its exchange in the block with the greatest id at or below its own whose reach (`last`) is at or above it. A
/// late block may have an id amid those of a merged one, so reaches may lie within each other. A merge keeps the rule true
/// when the new block, which reaches from its first member to its last,
/// 1. takes no member whose id lies in the reach of a block that began after the run did and is not part of it: that
///    block, being the nearer one, would be asked for the member's exchanges;
/// 2. does not reach over an id that an earlier block answers for: the merged block would be asked in its place.
/// Blocks that are stored meanwhile answer for their own, new id only, and break neither.
struct BlockMergePlan: Sendable {
    /// A run that is worth merging, by ascending id.
    private(set) var groups: [[BlockHeading]] = []
    /// Where the next plan goes on: with the blocks above this id.
    private(set) var resumeAfter: Int64

    private let minimumCount: Int
    private let maximumGroups: Int
    /// Ids above the current block that blocks before it answer for.
    private var answeredBefore: [Int64]
    /// Blocks up to here may lie in the reach of a block whose directory can't be read.
    private var barredThrough = Int64.min

    private var run: [BlockHeading] = []
    private var entries = 0
    private var rawSize = 0
    private var reach = Int64.min
    /// The run's reach must stay below (rule 2).
    private var limit = Int64.max
    /// The run's next member must lie above (rule 1).
    private var skippedReach = Int64.min

    /// Plans.
    /// - Parameters:
    ///   - headings: of consecutive blocks, by ascending id; blocks that hold only their own exchanges and are not small
    ///     need not be among them.
    ///   - earlier: blocks before them that reach beyond the first of them.
    ///   - isComplete: whether no further blocks follow `headings`.
    ///   - minimumCount: blocks that are worth a merge though one of them is larger than all the others together.
    ///   - maximumGroups: the plan ends with this many.
    init(
        _ headings: [BlockHeading], earlier: [BlockHeading], isComplete: Bool, minimumCount: Int, maximumGroups: Int
    ) {
        self.minimumCount = minimumCount
        self.maximumGroups = maximumGroups
        resumeAfter = headings.last?.id ?? Int64.max
        answeredBefore = earlier.flatMap { $0.directory?.entries.map(\.blockID) ?? [] }
        for heading in earlier where heading.directory == nil { barredThrough = max(barredThrough, heading.last) }
        for heading in headings {
            if !consider(heading) {
                resumeAfter = heading.id - 1
                return
            }
        }
        if !isComplete, let first = run.first?.id, first != headings.first?.id {
            // the run may grow by what follows
            resumeAfter = first - 1
        } else {
            endRun()
        }
    }

    /// Whether merging saves more than it rewrites: the largest is doubled at least, or many are gathered.
    static func isWorthwhile(count: Int, rawSize: Int, largest: Int, minimumCount: Int) -> Bool {
        count >= 2 && (rawSize - largest >= largest || count >= minimumCount)
    }

    /// False when the plan is full.
    private mutating func consider(_ heading: BlockHeading) -> Bool {
        if heading.isSmall, heading.damage == nil, heading.id > barredThrough {
            if !run.isEmpty, !fits(heading) { endRun() }
            guard groups.count < maximumGroups else { return false }
            append(heading)
        } else {
            skippedReach = max(skippedReach, heading.last)
            if heading.last > heading.id, heading.directory == nil { barredThrough = max(barredThrough, heading.last) }
        }
        if let directory = heading.directory {
            answeredBefore += directory.entries.lazy.map(\.blockID).filter { $0 > heading.id }
        }
        return true
    }

    private func fits(_ heading: BlockHeading) -> Bool {
        entries + heading.entries <= BodyBlock.maximumCount && rawSize + heading.rawSize <= BodyBlock.maximumRawSize
            && heading.id > skippedReach && max(reach, heading.last) < limit
    }

    private mutating func append(_ heading: BlockHeading) {
        if run.isEmpty {
            answeredBefore.removeAll { $0 < heading.id }
            limit = answeredBefore.min() ?? Int64.max
            skippedReach = Int64.min
        }
        run.append(heading)
        entries += heading.entries
        rawSize += heading.rawSize
        reach = max(reach, heading.last)
    }

    private mutating func endRun() {
        let largest = run.map(\.rawSize).max() ?? 0
        if Self.isWorthwhile(count: run.count, rawSize: rawSize, largest: largest, minimumCount: minimumCount) {
            groups.append(run)
        }
        run = []
        entries = 0
        rawSize = 0
        reach = Int64.min
    }
}
