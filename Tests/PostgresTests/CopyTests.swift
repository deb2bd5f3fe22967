import Foundation
import Postgres
import Testing

@Suite struct CopyTests {
    private static let statement = "copy copied (id, name, price, at, data) from stdin (format binary)"

    private func withTable(_ body: @Sendable (PostgresConnection) async throws -> Void) async throws {
        try await withConnection("copy") { connection in
            try await connection.script(
                """
                create temporary table copied (id bigint constraint copied_pk primary key, name text, price float8,
                    at timestamptz, data jsonb, constraint copied_name check (name <> 'refused'))
                """
            )
            try await body(connection)
        }
    }

    private func rows(_ range: Range<Int>, name: String = "name") -> [UInt8] {
        var encoder = CopyEncoder(capacity: 64 * range.count)
        for id in range {
            encoder.row(columns: 5)
            encoder.field(id)
            encoder.field(bytes: "\(name) ü".utf8)
            encoder.field(Double?.none)
            encoder.field(Date(timeIntervalSince1970: Double(id)))
            encoder.field(PostgresJSON(#"{"id": \#(id)}"#))
        }
        #expect(encoder.rowCount == range.count)
        return encoder.bytes
    }

    @Test func rowsArriveWhole() async throws {
        try await withTable { connection in
            let copied = try await connection.copyIn(CopyTests.statement, [rows(0..<1000), [], rows(1000..<1500)])
            #expect(copied == 1500)
            let read = try await connection.first(
                """
                select count(*), min(name), count(price), max(at), sum((data->>'id')::int)::int8 from copied
                """
            ) { try $0.decode(Int.self, String.self, Int.self, Date.self, Int.self) }
            #expect(read?.0 == 1500)
            #expect(read?.1 == "name ü")
            #expect(read?.2 == 0)
            #expect(read?.3 == Date(timeIntervalSince1970: 1499))
            #expect(read?.4 == 1499 * 750)
        }
    }

    @Test func chunksMayEndAnywhere() async throws {
        try await withTable { connection in
            let bytes = rows(0..<20)
            let whole = try await connection.copyIn(CopyTests.statement, bytes.map { [$0] })
            #expect(whole == 20)
            let nothing = try await connection.copyIn(CopyTests.statement, [[UInt8]]())
            #expect(nothing == 0)
        }
    }

    @Test func textFormatHasNoHeader() async throws {
        try await withTable { connection in
            let lines = ["1\ta\n", "2\tb\n"].map { Array($0.utf8) }
            let copied = try await connection.copyIn("copy copied (id, name) from stdin", lines)
            #expect(copied == 2)
        }
    }

    @Test func uniqueViolationsNameTheConstraint() async throws {
        try await withTable { connection in
            try await connection.copyIn(CopyTests.statement, [rows(0..<10)])
            // Megabytes behind the bad row: the server's answer must not get stuck behind them.
            let chunks = [rows(5..<6)] + (1..<40).map { rows($0 * 10_000..<$0 * 10_000 + 1000) }
            let error = await databaseError { try await connection.copyIn(CopyTests.statement, chunks) }
            #expect(error?.sqlState == "23505")
            #expect(error?.constraint == "copied_pk")
            let count = try await connection.first("select count(*) from copied") { try $0.decode(Int.self) }
            #expect(count == 10)
        }
    }

    @Test func badRowsLeaveTheConnectionUsable() async throws {
        try await withTable { connection in
            var short = CopyEncoder()
            short.row(columns: 2)
            short.field(1)
            short.field("a")
            #expect(
                await databaseError { try await connection.copyIn(CopyTests.statement, [short.bytes]) }?.sqlState
                    == "22P04"
            )
            var narrow = CopyEncoder()
            narrow.row(columns: 1)
            narrow.field(Int32(1))
            let type = await databaseError {
                try await connection.copyIn("copy copied (id) from stdin (format binary)", [narrow.bytes])
            }
            #expect(type?.kind == .server)
            let cut = await databaseError {
                try await connection.copyIn(CopyTests.statement, [rows(0..<2).dropLast(3).map { $0 }])
            }
            #expect(cut?.kind == .server)
            let missing = await databaseError {
                try await connection.copyIn("copy no_such from stdin (format binary)", [[1]])
            }
            #expect(missing?.isUndefinedTable == true)
            #expect(await databaseError { try await connection.copyIn("select 1", [[1]]) }?.kind == .misuse)
            let check = await databaseError {
                try await connection.copyIn("copy copied (id, name) from stdin", [Array("1\trefused\n".utf8)])
            }
            #expect(check?.constraint == "copied_name")
            try await expectUsable(connection)
            let again = try await connection.copyIn(CopyTests.statement, [rows(0..<3)])
            #expect(again == 3)
        }
    }

    @Test func copyInsideATransaction() async throws {
        try await withTable { connection in
            let first = rows(0..<10)
            let error = await databaseError {
                try await connection.transaction { @Sendable connection in
                    try connection.copyIn(CopyTests.statement, [first])
                    do {
                        _ = try connection.savepoint { try $0.copyIn(CopyTests.statement, [first]) }
                    } catch let error as DatabaseError where error.isUniqueViolation {}
                    let count = try connection.first("select count(*) from copied") { try $0.decode(Int.self) }
                    #expect(count == 10)
                    try connection.copyIn(CopyTests.statement, [first])
                }
            }
            #expect(error?.isUniqueViolation == true)
            let count = try await connection.first("select count(*) from copied") { try $0.decode(Int.self) }
            #expect(count == 0)
        }
    }
}
