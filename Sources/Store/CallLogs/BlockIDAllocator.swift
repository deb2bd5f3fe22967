import Postgres
import Synchronization

/// Ids of body blocks, fetched a range at a time, so that a block costs no round trip.
///
/// Two fetches at once waste a range at worst; ids never repeat.
final class BlockIDAllocator: Sendable {
    /// The sequence's increment.
    static let rangeSize: Int64 = 1024

    private let database: Database
    private let free = Mutex<[Range<Int64>]>([])

    init(database: Database) { self.database = database }

    /// Takes ids.
    /// - Parameter count: how many.
    /// - Returns: growing ids, `count` of them.
    /// - Throws: `DatabaseError`.
    func take(_ count: Int) async throws -> [Int64] {
        var taken: [Int64] = []
        while true {
            free.withLock { free in
                while taken.count < count, let range = free.first {
                    let part = range.prefix(count - taken.count)
                    taken += part
                    if part.count == range.count {
                        free.removeFirst()
                    } else {
                        free[0] = part.endIndex..<range.upperBound
                    }
                }
            }
            guard taken.count < count else { return taken.sorted() }
            let start = try await database.pool.withConnection { connection in
                try connection.first("select nextval('call_body_block_id')") { row in try row.decode(Int64.self, at: 0)
                }
            }
            if let start { free.withLock { $0.append(start..<(start + Self.rangeSize)) } }
        }
    }

    /// Returns ids that were not used.
    /// - Parameter ids: the tail of what `take` gave.
    func giveBack(_ ids: ArraySlice<Int64>) {
        guard !ids.isEmpty else { return }
        free.withLock { free in
            for id in ids.reversed() {
                if let first = free.first, first.lowerBound == id + 1 {
                    free[0] = id..<first.upperBound
                } else {
                    free.insert(id..<(id + 1), at: 0)
                }
            }
        }
    }
}
