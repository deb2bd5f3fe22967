import BodyBlocks
import Testing

@testable import Store

/// Plans against a model of the table: whatever comes in whatever order, each block's id leads to the block that holds it.
@Suite struct BlockMergePlanTests {
    private struct Block {
        var heading: BlockHeading
        var ids: Set<Int64>
        var isBad = false
    }

    private struct Table {
        var blocks: [Int64: Block] = [:]

        mutating func insert(_ id: Int64) {
            let isSmall = Int.random(in: 0..<8) > 0
            let entries = isSmall ? Int.random(in: 1...30) : Int.random(in: 64...128)
            let heading = BlockHeading(id: id, last: id, entries: entries, rawSize: entries * 1000)
            blocks[id] = Block(heading: heading, ids: [id], isBad: Int.random(in: 0..<60) == 0)
        }

        /// As the store looks it up.
        func holder(of id: Int64) -> Block? {
            blocks.values.filter { $0.heading.id <= id && $0.heading.last >= id }.max { $0.heading.id < $1.heading.id }
        }

        mutating func merge(_ group: [BlockHeading]) {
            var merged = Block(heading: group[0], ids: [])
            var directory = BodyBlockDirectory()
            merged.heading.entries = 0
            merged.heading.rawSize = 0
            for heading in group {
                for id in blocks[heading.id]?.ids ?? [] { directory.insert(id, at: 0) }
                merged.ids.formUnion(blocks.removeValue(forKey: heading.id)?.ids ?? [])
                merged.heading.entries += heading.entries
                merged.heading.rawSize += heading.rawSize
                merged.heading.last = max(merged.heading.last, heading.last)
            }
            merged.heading.directory = directory
            blocks[merged.heading.id] = merged
        }

        /// As `CompactionStore` steps through a day.
        mutating func compact(window: Int, maximumGroups: Int, horizon: Int64) -> Int {
            var cursor: Int64 = -1
            var damaged: Set<Int64> = []
            for step in 0... {
                guard step < 10_000 else { return -1 }
                let headings = blocks.values.map(\.heading).sorted { $0.id < $1.id }.map { heading in
                    var heading = heading
                    if damaged.contains(heading.id) { heading.damage = "damaged" }
                    return heading
                }
                let following = headings.filter {
                    $0.id > cursor && $0.id <= horizon && ($0.last > $0.id || $0.isSmall)
                }.prefix(window)
                let plan = BlockMergePlan(
                    Array(following), earlier: headings.filter { $0.id <= cursor && $0.last > cursor },
                    isComplete: following.count < window, minimumCount: 4, maximumGroups: maximumGroups)
                var resume: Int64? = plan.resumeAfter
                if following.count < window, plan.resumeAfter >= following.last?.id ?? 0 { resume = nil }
                for group in plan.groups {
                    let bad = group.filter { blocks[$0.id]?.isBad == true }.map(\.id)
                    if bad.isEmpty {
                        merge(group)
                    } else {
                        damaged.formUnion(bad)
                        resume = min(resume ?? Int64.max, group[0].id - 1)
                    }
                }
                guard let next = resume else { return step }
                cursor = next
            }
            return -1
        }
    }

    @Test func everyIDLeadsToItsBlock() {
        for _ in 0..<150 {
            var table = Table()
            var ids: Set<Int64> = []
            // each writer hands out a range, one more slowly than the other
            var writers = (0..<3).map { Int64($0) * 64 }
            var nextRange: Int64 = 3 * 64
            for _ in 0..<6 {
                for _ in 0..<Int.random(in: 1...80) {
                    let writer = [0, 0, 0, 0, 1, 1, 2].randomElement() ?? 0
                    table.insert(writers[writer])
                    ids.insert(writers[writer])
                    writers[writer] += 1
                    if writers[writer].isMultiple(of: 64) {
                        writers[writer] = nextRange
                        nextRange += 64
                    }
                }
                let horizon = Bool.random() ? Int64.max : Int64.random(in: 0...nextRange)
                let before = table.blocks.values.reduce(0) { $0 + $1.heading.entries }
                let steps = table.compact(
                    window: Int.random(in: 1...100), maximumGroups: Int.random(in: 1...4), horizon: horizon)
                #expect(steps >= 0, "a plan that never ends")
                #expect(table.blocks.values.reduce(0) { $0 + $1.heading.entries } == before)
                let astray = ids.filter { table.holder(of: $0)?.ids.contains($0) != true }
                #expect(astray.isEmpty)
            }
        }
    }

    @Test func aDirectoryThatCannotBeReadBarsItsReach() {
        let headings = [
            BlockHeading(id: 1, last: 9, entries: 3, rawSize: 300, damage: "unreadable"),
            BlockHeading(id: 4, last: 4, entries: 1, rawSize: 100),
            BlockHeading(id: 9, last: 9, entries: 1, rawSize: 100),
            BlockHeading(id: 10, last: 10, entries: 1, rawSize: 100),
            BlockHeading(id: 12, last: 12, entries: 1, rawSize: 100),
        ]
        let plan = BlockMergePlan(headings, earlier: [], isComplete: true, minimumCount: 4, maximumGroups: 9)
        #expect(plan.groups.map { $0.map(\.id) } == [[10, 12]])
        let later = BlockMergePlan(
            Array(headings[1...]), earlier: [headings[0]], isComplete: true, minimumCount: 4, maximumGroups: 9)
        #expect(later.groups.map { $0.map(\.id) } == [[10, 12]])
    }

    @Test func theLargestIsRewrittenOnlyForEnough() {
        func isWorthwhile(_ sizes: [Int]) -> Bool {
            BlockMergePlan.isWorthwhile(
                count: sizes.count, rawSize: sizes.reduce(0, +), largest: sizes.max() ?? 0, minimumCount: 4)
        }
        #expect(!isWorthwhile([]))
        #expect(!isWorthwhile([5]))
        #expect(isWorthwhile([5, 5]))
        #expect(!isWorthwhile([50, 5, 5]))
        #expect(isWorthwhile([50, 5, 5, 5]))
    }
}
