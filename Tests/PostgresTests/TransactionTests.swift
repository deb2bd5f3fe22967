import Postgres
import Testing

@Suite struct TransactionTests {
    private struct Stop: Error {}

    /// A connection whose own table `note` is empty.
    private func withTable(
        _ name: String = #function,
        _ body: @Sendable (PostgresConnection, SQL) async throws -> Void
    ) async throws {
        let table: SQL = "\(identifier: name)"
        try await withConnection("transaction") { connection in
            try await connection.execute(
                "create table \(fragment: table) (id int constraint \(identifier: name + "_pk") primary key)"
            )
            try await body(connection, table)
        }
    }

    private func count(_ connection: PostgresConnection, _ table: SQL) async throws -> Int? {
        try await connection.first("select count(*) from \(fragment: table)") { try $0.decode(Int.self) }
    }

    @Test func commitsAndRollsBack() async throws {
        try await withTable { connection, table in
            let value = try await connection.transaction { @Sendable connection in
                try connection.execute("insert into \(fragment: table) values (1)")
                return try connection.first("select 42") { try $0.decode(Int.self) }
            }
            #expect(value == 42)
            await #expect(throws: Stop.self) {
                try await connection.transaction { @Sendable connection in
                    try connection.execute("insert into \(fragment: table) values (2)")
                    throw Stop()
                }
            }
            let rows = try await count(connection, table)
            #expect(rows == 1)
            #expect(await connection.isIdle)
        }
    }

    @Test func nestingIsRefused() async throws {
        try await withTable { connection, table in
            let error = await databaseError {
                try await connection.transaction { @Sendable connection in
                    try connection.execute("insert into \(fragment: table) values (1)")
                    try connection.transaction { _ in () }
                }
            }
            #expect(error?.kind == .misuse)
            let piped = await databaseError {
                try await connection.transaction { @Sendable in _ = try $0.pipelinedExecute(.init(), ["select 1"]) }
            }
            #expect(piped?.kind == .misuse)
            let rows = try await count(connection, table)
            #expect(rows == 0)
            try await expectUsable(connection)
        }
    }

    @Test func swallowedErrorsDoNotCommit() async throws {
        try await withTable { connection, table in
            let error = await databaseError {
                try await connection.transaction { @Sendable connection in
                    try connection.execute("insert into \(fragment: table) values (1)")
                    _ = try? connection.execute("select 1/0")
                }
            }
            #expect(error?.kind == .transactionAborted)
            let rows = try await count(connection, table)
            #expect(rows == 0)
        }
    }

    @Test func savepointsUndoOnlyTheirPart() async throws {
        try await withTable { connection, table in
            try await connection.transaction { @Sendable connection in
                try connection.execute("insert into \(fragment: table) values (1)")
                do {
                    try connection.savepoint { connection in
                        try connection.execute("insert into \(fragment: table) values (2)")
                        try connection.execute("insert into \(fragment: table) values (1)")
                    }
                } catch let error as DatabaseError where error.isUniqueViolation {}
                try connection.savepoint {
                    try $0.savepoint { _ = try $0.execute("insert into \(fragment: table) values (3)") }
                }
            }
            let rows = try await connection.query("select id from \(fragment: table) order by id") {
                try $0.decode(Int.self)
            }
            #expect(rows == [1, 3])
            #expect(await databaseError { try await connection.savepoint { @Sendable _ in () } }?.kind == .misuse)
        }
    }

    @Test func settingsEndWithTheTransaction() async throws {
        try await withTable { connection, table in
            try await connection.script(
                "do $$ begin create role \"Postgres tests\"; exception when duplicate_object or unique_violation then end $$"
            )
            let settings = TransactionSettings(
                role: "Postgres tests",
                local: [("app.tenant_id", "5"), ("app.Note", #"a'b\c"#)],
                isolation: .serializable,
                readOnly: true
            )
            let probe: SQL = """
                select current_user::text, current_setting('app.tenant_id', true), current_setting('transaction_isolation'),
                    current_setting('transaction_read_only')
                """
            let read = { @Sendable (row: Row) in
                let (role, tenant, isolation, access) = try row.decode(
                    String.self,
                    String?.self,
                    String.self,
                    String.self
                )
                return [role, tenant ?? "", isolation, access]
            }
            let settled = [["Postgres tests", "5", "serializable", "on"]]
            let inside = try await connection.transaction(settings) { @Sendable in try $0.query(probe, read) }
            #expect(inside == settled)
            let piped = try await connection.pipelined(settings, probe, read)
            #expect(piped == settled)
            let after = try await connection.query(probe, read)
            #expect(after == [["postgres", "", "read committed", "off"]])
            let quoted = try await connection.pipelined(settings, "select current_setting('app.note')") {
                try $0.decode(String.self)
            }
            #expect(quoted == [#"a'b\c"#])
            let refused = await databaseError {
                _ = try await connection.pipelinedExecute(
                    .init(role: "Postgres tests"),
                    ["select * from \(fragment: table)"]
                )
            }
            #expect(refused?.isInsufficientPrivilege == true)
        }
    }

    @Test func unknownRolesLeaveTheConnectionUsable() async throws {
        try await withTable { connection, _ in
            let settings = TransactionSettings(role: "nobody at all")
            let error = await databaseError { try await connection.transaction(settings) { @Sendable _ in () } }
            #expect(error?.sqlState == "22023")
            let piped = await databaseError { _ = try await connection.pipelinedExecute(settings, ["select 1"]) }
            #expect(piped?.sqlState == "22023")
            #expect(await connection.isIdle)
            try await expectUsable(connection)
        }
    }

    @Test func pipelinesCommitTogetherOrNotAtAll() async throws {
        try await withTable { connection, table in
            let counts = try await connection.pipelinedExecute(
                .init(),
                [
                    "insert into \(fragment: table) values (1), (2)", "update \(fragment: table) set id = id + \(10)",
                    "delete from \(fragment: table) where id = \(11)",
                ]
            )
            #expect(counts == [2, 2, 1])
            for _ in 0..<3 {
                let error = await databaseError {
                    try await connection.pipelinedExecute(
                        .init(),
                        [
                            "insert into \(fragment: table) values (\(20))",
                            "insert into \(fragment: table) values (\(12))",
                            "insert into \(fragment: table) values (\(30))",
                        ]
                    )
                }
                #expect(error?.isUniqueViolation == true)
                #expect(error?.isCommitUncertain == false)
                #expect(await connection.isIdle)
                try await expectUsable(connection)
            }
            let rows = try await count(connection, table)
            #expect(rows == 1)
        }
    }

    @Test func deferredConstraintsFailTheCommit() async throws {
        try await withTable { connection, _ in
            try await connection.script(
                "create temporary table late (id int constraint late_key unique deferrable initially deferred)"
            )
            let error = await databaseError {
                try await connection.transaction { @Sendable in _ = try $0.execute("insert into late values (1), (1)") }
            }
            #expect(error?.constraint == "late_key")
            let piped = await databaseError {
                try await connection.pipelinedExecute(.init(), ["insert into late values (1), (1)"])
            }
            #expect(piped?.constraint == "late_key")
            #expect(await connection.isIdle)
        }
    }

    @Test func lostCommitsAreUncertain() async throws {
        try await withTable { connection, table in
            try await connection.script(
                """
                create function pg_temp.hang_up() returns trigger language plpgsql as
                    $$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$;
                create temporary table fatal (id int);
                create constraint trigger fatal_trigger after insert on fatal deferrable initially deferred
                    for each row execute function pg_temp.hang_up()
                """
            )
            let error = await databaseError {
                try await connection.transaction { @Sendable in _ = try $0.execute("insert into fatal values (1)") }
            }
            #expect(error?.kind == .connection)
            #expect(error?.isCommitUncertain == true)
            #expect(connection.isBroken)
        }
    }

    @Test func poolersGetTheLimitsWithEachTransaction() async throws {
        try await withConnection(
            "transaction",
            {
                $0.statementCacheCapacity = 0
                $0.statementTimeout = .milliseconds(4321)
            }
        ) { connection in
            let probe: SQL = "select current_setting('statement_timeout')"
            let outside = try await connection.query(probe) { try $0.decode(String.self) }
            let inside = try await connection.pipelined(.init(), probe) { try $0.decode(String.self) }
            #expect(outside == ["0"])
            #expect(inside == ["4321ms"])
        }
    }
}
