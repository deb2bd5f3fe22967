import Domain
import Postgres

extension CompactionStore {
    /// Bytes that rows take when they stand close together: payloads with 10 % for their pages, and each row's own
    /// columns, directory and place in the index.
    static let room: SQL = "(sum(pg_column_size(payload)) * 11 / 10 + count(*) * 300)::bigint"

    /// Whether a leaf is to be written anew: it takes a fifth more than needed, and 256 KiB, which the pages of small leaves
    /// and of their indexes may take; and it is not too large.
    func isWorthRewriting(taken: Int64, needed: Int64) -> Bool {
        taken > needed / 5 * 6 + 256 * 1024 && needed <= largestRewrite
    }

    /// Bytes of the leaf with all that belongs to it; 0 when it is gone.
    func room(takenBy leaf: PartitionStore.Leaf) async throws -> Int64 {
        try await database.query("select pg_total_relation_size(to_regclass(\(leaf.name)))", in: .everyTenant) { row in
            try row.decode(Int64?.self, at: 0) ?? 0
        }.first ?? 0
    }

    /// Gives back the room of blocks that were merged.
    ///
    /// While a day goes on, its next blocks use it: a plain `vacuum`. Merged blocks stand among those that went, in the table
    /// and in its index, so neither becomes shorter by that; a day that is over is written anew, once, unless it is too
    /// large for the time that its readers would have to wait.
    func tidy(_ look: DayLook, into summary: inout Summary) async throws {
        let leaf = look.leaf
        let before = try await room(takenBy: leaf)
        var rewrites = false
        // not before all is merged: it would be written anew again and again
        if look.isOver, summary.isComplete {
            let condition: SQL = "occurred_on = \(unescaped: "date '\(leaf.day)'")"
            let needed =
                try await database.query(
                    "select \(fragment: Self.room) from call_body where \(fragment: condition)", in: .everyTenant
                ) { row in try row.decode(Int64?.self, at: 0) ?? 0 }.first ?? 0
            rewrites = isWorthRewriting(taken: before, needed: needed)
        }
        do {
            let command = rewrites ? "vacuum (full)" : "vacuum"
            // as the owner: nobody else may
            try await database.pool.withConnection { connection in
                try connection.script("set lock_timeout = '2s'")
                defer { try? connection.script("reset lock_timeout; reset statement_timeout") }
                try connection.script("set statement_timeout = '600s'")
                try connection.script("\(command) \(leaf.name)", timeout: .seconds(605))
            }
            let after = try await room(takenBy: leaf)
            if after < before { summary.tidied.append("\(leaf.name) went from \(before) to \(after) bytes") }
        } catch let error as DatabaseError where error.isLockNotAvailable || error.isUndefinedTable {
            // somebody reads it for long, or retention took it away: the next run sees
            summary.tidied.append("\(leaf.name) keeps its free space for now: \(error)")
        }
    }
}
