import Domain
import Foundation
import Postgres

/// A tenant's hourly counts of a day that is over, as `sealed_count` holds them: records of a kind, an hour and a number
/// of calls, those of a kind beside each other.
struct SealedCounts: Sendable {
    /// Bytes of a record.
    private static let recordSize = 14

    let day: Day
    /// Empty where the tenant had no calls.
    let records: [UInt8]

    /// How a tally puts them together.
    enum Grouping<Key: Hashable & Sendable>: Sendable {
        /// By what the calls are, over the whole day.
        case kinds(@Sendable (CallKind, Day) -> Key)
        /// By hour and outcome.
        case hours(@Sendable (_ hour: Timestamp, _ isError: Bool) -> Key)
    }

    /// Adds up the calls of the kinds that match.
    /// - Throws: `Problem` for a kind that this version does not know.
    func add<Key>(
        to calls: inout [Key: Int], by grouping: Grouping<Key>, where matches: (CallKind) -> Bool
    ) throws {
        // by hour, successes and then errors
        var hours = [Int](repeating: 0, count: 48)
        try records.withUnsafeBytes { bytes in
            var offset = 0
            while offset + Self.recordSize <= bytes.count {
                let packed = bytes.loadUnaligned(fromByteOffset: offset, as: Int64.self)
                let kind = try CallKind(packed: Int64(bigEndian: packed))
                let isWanted = matches(kind)
                var total = 0
                // all records of the kind
                while offset + Self.recordSize <= bytes.count,
                    bytes.loadUnaligned(fromByteOffset: offset, as: Int64.self) == packed
                {
                    let hour = Int16(bigEndian: bytes.loadUnaligned(fromByteOffset: offset + 8, as: Int16.self))
                    let count = Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset + 10, as: Int32.self))
                    if isWanted, (0..<24).contains(hour) { hours[Int(hour) * 2 + (kind.isError ? 1 : 0)] += Int(count) }
                    total += Int(count)
                    offset += Self.recordSize
                }
                if isWanted, case .kinds(let key) = grouping { calls[key(kind, day), default: 0] += total }
            }
        }
        guard case .hours(let key) = grouping else { return }
        for (index, count) in hours.enumerated() where count > 0 {
            let hour = day.start.advanced(bySeconds: Int64(index / 2) * 3600)
            calls[key(hour, index % 2 == 1), default: 0] += count
        }
    }
}

extension CallKind {
    /// Reads the one number that stands for a kind in statements and sealed counts.
    /// - Throws: `Problem` for one that this version does not know.
    init(packed: Int64) throws {
        guard let application = Application(code: Int16(packed >> 24 & 0xFF)),
            let method = CallMethod(code: Int16(packed >> 16 & 0xFF))
        else {
            throw Problem(.internalError, "A call has a method or application that this version does not know.")
        }
        self.init(
            bot: Int32(packed >> 32), application: application, method: method,
            statusCode: Int16(packed >> 1 & 0x7FFF), isError: packed & 1 == 1)
    }

    /// Whether calls of the kind pass the filters that counts know.
    /// - Parameter chosen: the bots of the query that there are.
    func matches(_ query: CallLogQuery, bots chosen: Set<Int32>) -> Bool {
        (query.status == nil || query.status == (isError ? .error : .success))
            && (query.methods.isEmpty || query.methods.contains(method))
            && (query.applications.isEmpty || query.applications.contains(application))
            && (query.codes.isEmpty || query.codes.contains { $0.range.contains(statusCode) })
            && (query.bots.isEmpty || chosen.contains(bot))
    }
}

extension CallLogStore {
    /// The sealed ones of some days. One statement reads the seals and what they vouch for.
    /// - Throws: `DatabaseError`.
    func sealedCounts(_ days: ClosedRange<Day>, tenant: TenantID) async throws -> [SealedCounts] {
        try await database.query(
            """
            select d.day, c.counts
            from sealed_day d left join sealed_count c on c.tenant_id = \(tenant) and c.day = d.day
            where d.is_sealed and d.day >= \(days.lowerBound) and d.day <= \(days.upperBound)
            """, in: .tenant(tenant)
        ) { row in
            SealedCounts(day: try row.decode(Day.self, at: 0), records: try row.decode([UInt8]?.self, at: 1) ?? [])
        }
    }
}
