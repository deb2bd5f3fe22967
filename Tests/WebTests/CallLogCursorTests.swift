import Domain
import Foundation
import Testing

@testable import Web

@Suite struct CallLogCursorTests {
    private func binding(_ tenant: Int32, _ query: String) throws -> UInt32 {
        CursorBinding.of(
            TenantID(rawValue: tenant), try QueryParameters(query, allowing: CallLogQuery.parameters),
            CallLogQuery.parameters)
    }

    @Test func roundTrips() throws {
        let binding = try binding(1, "status=error")
        for id in [UUID(), nil] {
            let position = CallLogPosition(occurredAt: Timestamp(microseconds: 1_795_157_896_698_123), id: id)
            #expect(
                try CallLogCursor.decode(CallLogCursor.encode(position, binding: binding), binding: binding) == position
            )
        }
    }

    @Test func belongsToItsTenantAndFilters() throws {
        let cursor = CallLogCursor.encode(
            CallLogPosition(occurredAt: Timestamp(microseconds: 0), id: UUID()), binding: try binding(1, "status=error")
        )
        for other in [try binding(2, "status=error"), try binding(1, ""), try binding(1, "status=success")] {
            #expect(throws: Problem.self) { try CallLogCursor.decode(cursor, binding: other) }
        }
    }

    /// Times at the edges of the integer, with the right binding: refused, not trapped.
    @Test(arguments: [Int64.min, -1, -9_000_000_000_000_000_000, 253_402_300_800_000_000, Int64.max])
    func refusesTimesThatWereNeverGivenOut(microseconds: Int64) {
        let crafted = CallLogCursor.encode(
            CallLogPosition(occurredAt: Timestamp(microseconds: microseconds), id: nil), binding: 7)
        #expect(throws: Problem.self) { try CallLogCursor.decode(crafted, binding: 7) }
    }

    @Test(arguments: ["", "x", "AAAA", "🙂", String(repeating: "A", count: 10_000), "////////////////"])
    func refusesGarbage(text: String) {
        #expect(throws: Problem.self) { try CallLogCursor.decode(text, binding: 0) }
    }
}
