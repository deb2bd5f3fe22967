import Foundation
import Postgres
import Testing

@Suite struct ConnectionTests {
    private func withConnection<Value: Sendable>(
        _ change: (inout PostgresConfiguration) -> Void = { _ in },
        _ body: @Sendable (PostgresConnection) async throws -> Value
    ) async throws -> Value {
        try await PostgresTests.withConnection("connection", change, body)
    }

    @Test func rowsAndCounts() async throws {
        try await withConnection { connection in
            let rows = try await connection.query("select x from generate_series(1, \(1000)) x") {
                try $0.decode(Int.self)
            }
            #expect(rows == Array(1...1000))
            #expect(try await connection.query("select 1 where false") { try $0.decode(Int.self) }.isEmpty)
            try await connection.script("create temporary table counted (id int); insert into counted values (1), (2)")
            #expect(try await connection.execute("update counted set id = id + 1") == 2)
            #expect(try await connection.execute("delete from counted where id = \(2)") == 1)
            #expect(try await connection.execute("drop table counted") == 0)
        }
    }

    @Test func serverErrorsCarryTheirFields() async throws {
        try await withConnection { connection in
            try await connection.script("create table if not exists keyed (id int constraint keyed_pk primary key)")
            let duplicate = await databaseError { try await connection.execute("insert into keyed values (1), (1)") }
            #expect(duplicate?.kind == .server)
            #expect(duplicate?.isUniqueViolation == true)
            #expect(duplicate?.constraint == "keyed_pk")
            #expect(duplicate?.table == "keyed")
            #expect(duplicate?.severity == "ERROR")
            let syntax = await databaseError { try await connection.execute("select from from") }
            #expect(syntax?.sqlState == "42601")
            #expect(syntax?.position == 13)
            try await expectUsable(connection)
        }
    }

    @Test func descriptionsHoldNoValues() async throws {
        try await withConnection { connection in
            let secret = "hunter2"
            try await connection.script("create table if not exists secrets (value text primary key)")
            let statements: [SQL] = [
                "select \(secret)::int", "select \(secret)::uuid",
                "insert into secrets values (\(secret)), (\(secret))",
                "do $$ begin raise exception 'hunter2'; end $$",
            ]
            for sql in statements {
                let error = try #require(await databaseError { try await connection.execute(sql) })
                #expect(!"\(error)\(String(reflecting: error))".contains(secret))
                var dumped = ""
                dump(error, to: &dumped)
                #expect(!dumped.contains(secret))
            }
        }
    }

    @Test func decodeErrorsLeaveTheConnectionUsable() async throws {
        struct Stop: Error {}
        try await withConnection { connection in
            await #expect(throws: Stop.self) {
                try await connection.query("select generate_series(1, 10)") { _ throws -> Int in throw Stop() }
            }
            try await expectUsable(connection)
        }
    }

    @Test func rowDecodableReadsWholeRows() async throws {
        struct Point: RowDecodable, Equatable {
            let x: Int
            let y: Int?
            init(row: Row) throws { (x, y) = try row.decode(Int.self, Int?.self) }
        }
        try await withConnection { connection in
            let points = try await connection.query("values (1, 2), (3, null)", as: Point.self)
            #expect(points.map(\.x) == [1, 3])
            #expect(points.map(\.y) == [2, nil])
        }
    }

    @Test func copyIsRefusedByTheQueryMethods() async throws {
        try await withConnection { connection in
            #expect(await databaseError { try await connection.execute(" Copy x from stdin") }?.kind == .misuse)
            let piped = await databaseError {
                _ = try await connection.pipelinedExecute(.init(), ["copy x from stdin"])
            }
            #expect(piped?.kind == .misuse)
            try await connection.script("create temporary table copied (id int)")
            #expect(await databaseError { try await connection.script("copy copied from stdin") }?.kind == .misuse)
            try await expectUsable(connection)
        }
    }

    @Test func tooManyBindsAreRefused() async throws {
        try await withConnection { connection in
            let sql = (0...65_535).map { "\($0)" as SQL }.joined(separator: ",")
            #expect(await databaseError { try await connection.execute("select \(fragment: sql)") }?.kind == .misuse)
            try await expectUsable(connection)
        }
    }

    @Test func largeValuesBothWays() async throws {
        try await withConnection { connection in
            let bytes = [UInt8](repeating: 0xAB, count: 20 << 20)
            let read = try await connection.first("select \(bytes)") { try $0.decode([UInt8].self) }
            #expect(read == bytes)
        }
    }

    @Test func sessionSettingsReachTheServer() async throws {
        try await withConnection {
            $0.applicationName = "tests of the library"
            $0.statementTimeout = .milliseconds(1234)
            $0.lockTimeout = .seconds(2)
            $0.sessionSettings = [("search_path", "one, \\two"), ("jit", "off")]
        } _: { connection in
            let names = ["application_name", "statement_timeout", "lock_timeout", "search_path", "jit"]
            let values = try await connection.query("select current_setting(n) from unnest(\(names)) n") {
                try $0.decode(String.self)
            }
            #expect(values == ["tests of the library", "1234ms", "2s", "one, \\two", "off"])
        }
    }

    @Test func configurationOfURLs() throws {
        let plain = try PostgresConfiguration(url: "postgresql://u:p%40ss@h:5433/d?connect_timeout=7&statement_cache=0")
        #expect(plain.statementCacheCapacity == 0)
        #expect(plain.connectTimeout == 7)
        #expect(plain.value(of: "password") == "p@ss")
        #expect(plain.value(of: "dbname") == "d")
        let alone = try PostgresConfiguration(url: "postgres://h/d?statement_cache=12")
        #expect(alone.statementCacheCapacity == 12)
        let first = try PostgresConfiguration(url: "postgres://h/d?statement_cache=12&application_name=x")
        #expect(first.applicationName == "x")
        let keywords = try PostgresConfiguration(url: "host=h statement_cache=0 dbname='a b'")
        #expect(keywords.statementCacheCapacity == 0)
        #expect(keywords.value(of: "dbname") == "a b")
        for wrong in ["postgres://h/d?statement_cache=x", "postgres://h/d?nonsense=1", "host"] {
            let error = #expect(throws: DatabaseError.self) { try PostgresConfiguration(url: wrong) }
            #expect(error?.kind == .configuration)
        }
    }

    @Test func closedConnectionsRefuse() async throws {
        try await withConnection { connection in
            await connection.close()
            #expect(connection.isBroken)
            #expect(await databaseError { try await connection.execute("select 1") }?.kind == .connection)
        }
    }

    @Test func unreachableServersAreConnectionErrors() async throws {
        let configuration = try PostgresConfiguration(url: "postgres://nobody:secret@127.0.0.1:1/nothing")
        let error = try #require(await databaseError { _ = try await PostgresConnection.connect(configuration) })
        #expect(error.kind == .connection)
        #expect(error.isRetryable)
        #expect(!"\(error)".contains("secret"))
    }

    @Test func terminatedSessionsAreConnectionErrors() async throws {
        try await withConnection { connection in
            let error = await databaseError {
                try await connection.execute("select pg_terminate_backend(pg_backend_pid())")
            }
            #expect(error?.kind == .connection)
            #expect(error?.sqlState == "57P01")
            #expect(connection.isBroken)
        }
    }
}
