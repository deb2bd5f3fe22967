import Testing

@testable import Postgres

@Suite struct StatementCacheTests {
    @Test func leastRecentlyUsedGoesFirst() {
        var cache = StatementCache(capacity: 2)
        #expect(cache.name(of: "a") == nil)
        #expect(cache.insert("a") == "s1")
        #expect(cache.insert("b") == "s2")
        #expect(cache.name(of: "a") == "s1")
        #expect(cache.insert("c") == "s3")
        #expect(cache.takeSuperfluous() == ["s2"])
        #expect(cache.name(of: "b") == nil)
        #expect(cache.name(of: "a") == "s1")
        #expect(cache.count == 2)
        cache.forget("a", isPrepared: true)
        #expect(cache.takeSuperfluous() == ["s1"])
        cache.forget(name: "s3")
        #expect(cache.takeSuperfluous().isEmpty)
        #expect(cache.count == 0)
    }

    @Test func typesAreApart() {
        var cache = StatementCache(capacity: 10)
        let name = cache.insert("select \(1)")
        #expect(cache.name(of: "select \(2)") == name)
        #expect(cache.name(of: "select \("2")") == nil)
        #expect(cache.name(of: "select \(Int32(2))") == nil)
    }

    private func prepared(_ connection: PostgresConnection) async throws -> [String] {
        try await connection.query("select statement from pg_prepared_statements order by 1") {
            try $0.decode(String.self)
        }
    }

    @Test func statementsArePreparedOnceAndEvicted() async throws {
        try await withConnection("cache", { $0.statementCacheCapacity = 3 }) { connection in
            for round in 0..<3 {
                let value = try await connection.first("select \(round)") { try $0.decode(Int.self) }
                #expect(value == round)
            }
            #expect(try await prepared(connection).filter { $0 == "select $1" }.count == 1)
            for number in 0..<10 { try await connection.execute("select 1 as \(identifier: "n\(number)")") }
            let left = try await prepared(connection)
            #expect(left.contains { $0.contains("n9") })
            #expect(!left.contains { $0.contains("n0") })
            #expect(left.count == 3)
        }
    }

    @Test func nothingIsPreparedWithoutACache() async throws {
        try await withConnection("cache", { $0.statementCacheCapacity = 0 }) { connection in
            for _ in 0..<3 { try await connection.execute("select \(1)") }
            _ = try await connection.pipelinedExecute(.init(), ["select \(1)"])
            #expect(try await prepared(connection).isEmpty)
        }
    }

    @Test func failedPreparationsAreForgotten() async throws {
        try await withConnection("cache") { connection in
            let first = await databaseError { try await connection.execute("select * from not_yet") }
            #expect(first?.isUndefinedTable == true)
            try await connection.script("create temporary table not_yet (id int)")
            #expect(try await connection.query("select * from not_yet") { try $0.decode(Int.self) }.isEmpty)
        }
    }

    @Test func changedTablesAreRetriedOutsideATransaction() async throws {
        try await withConnection("cache") { connection in
            try await connection.script("create table changing (a int); insert into changing values (1)")
            let columns = { @Sendable (row: Row) in row.columnNames }
            #expect(try await connection.first("select * from changing", columns) == ["a"])
            try await connection.script("alter table changing add b text")
            #expect(try await connection.first("select * from changing", columns) == ["a", "b"])
            try await connection.script("alter table changing add c text")
            #expect(try await connection.pipelined(.init(), "select * from changing", columns) == [["a", "b", "c"]])
            try await connection.script("alter table changing drop c")
            let error = await databaseError {
                try await connection.transaction { @Sendable connection in
                    _ = try connection.first("select * from changing", columns)
                }
            }
            #expect(error?.sqlState == "0A000")
            #expect(error?.isRetryable == true)
            #expect(try await connection.first("select * from changing", columns) == ["a", "b"])
        }
    }

    @Test func discardedStatementsArePreparedAgain() async throws {
        try await withConnection("cache") { connection in
            try await connection.execute("select \(1)")
            try await connection.script("discard all")
            let two = try await connection.first("select \(2)") { try $0.decode(Int.self) }
            #expect(two == 2)
        }
    }

    @Test func pipelinesLongerThanTheCache() async throws {
        try await withConnection("cache", { $0.statementCacheCapacity = 1 }) { connection in
            let statements: [SQL] = ["select \(1)", "select \(2), 'b'", "select \(3)", "select \(4), 'b'"]
            for _ in 0..<3 {
                let counts = try await connection.pipelinedExecute(.init(), statements)
                #expect(counts == [1, 1, 1, 1])
            }
            let broken = await databaseError {
                _ = try await connection.pipelinedExecute(
                    .init(),
                    ["select 1/\(0)", "select \(2), 'b'", "select \(3)"]
                )
            }
            #expect(broken?.sqlState == "22012")
            let after = try await connection.pipelinedExecute(.init(), statements)
            #expect(after == [1, 1, 1, 1])
        }
    }
}
