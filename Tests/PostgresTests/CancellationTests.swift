import Foundation
import Postgres
import Testing

@Suite struct CancellationTests {
    private func withPool<Value: Sendable>(
        size: Int = 1,
        _ body: @Sendable (PostgresPool) async throws -> Value
    ) async throws -> Value {
        var pool = PostgresPool.Configuration(
            connection: try await TestDatabase.shared.configuration("cancellation"), size: size)
        pool.acquireTimeout = .seconds(400)
        return try await withPoolClosed(PostgresPool(configuration: pool), body)
    }

    /// Waits until a statement that holds this text is running.
    private func isRunning(_ marker: String) async throws -> Bool {
        try await withConnection("cancellation") { connection in
            try await eventually {
                let running = try await connection.query(
                    """
                    select pid from pg_stat_activity
                    where state = 'active' and query like \("%/* \(marker) */%") and pid <> pg_backend_pid()
                    """
                ) { try $0.decode(Int.self) }
                return !running.isEmpty
            }
        }
    }

    @Test func cancelledTasksEndTheirStatement() async throws {
        try await withPool { pool in
            let task = Task {
                try await pool.withConnection { try $0.execute("select pg_sleep(60) /* first victim */") }
            }
            #expect(try await isRunning("first victim"))
            let clock = ContinuousClock.now
            task.cancel()
            let error = await databaseError { _ = try await task.value }
            #expect(error?.kind == .cancelled)
            #expect(ContinuousClock.now - clock < .seconds(45))
            let one = try await pool.withConnection { try $0.query("select 1") { try $0.decode(Int.self) } }
            #expect(one == [1])
            #expect(pool.statistics.opened == 1)
        }
    }

    @Test func cancelledTransactionsAreRolledBack() async throws {
        try await withPool { pool in
            try await pool.withConnection { try $0.script("create table half (id int)") }
            let task = Task {
                try await pool.transaction { connection in
                    try connection.execute("insert into half values (1)")
                    _ = try? connection.execute("select pg_sleep(60) /* second victim */")
                    // Sent to nobody: a cancelled borrower gets no further statement.
                    _ = try connection.execute("insert into half values (2)")
                }
            }
            #expect(try await isRunning("second victim"))
            task.cancel()
            #expect(await databaseError { try await task.value }?.kind == .cancelled)
            let rows = try await pool.withConnection { try $0.query("select id from half") { try $0.decode(Int.self) } }
            #expect(rows.isEmpty)
            #expect(pool.statistics.opened == 1)
        }
    }

    @Test func cancelledPipelinesAndCopies() async throws {
        try await withPool { pool in
            let pipelined = Task {
                try await pool.query("select pg_sleep(60)::text /* third victim */", in: .init()) {
                    try $0.decode(String.self)
                }
            }
            #expect(try await isRunning("third victim"))
            pipelined.cancel()
            #expect(await databaseError { _ = try await pipelined.value }?.kind == .cancelled)
            try await pool.withConnection { try $0.script("create table if not exists endless (id int)") }
            let copy = Task {
                try await pool.withConnection { connection in
                    let rows = sequence(first: Array("1\n".utf8)) { Task.isCancelled ? nil : $0 }
                    return try connection.copyIn("copy endless from stdin /* fourth victim */", rows)
                }
            }
            #expect(try await isRunning("fourth victim"))
            copy.cancel()
            _ = await databaseError { _ = try await copy.value }
            let one = try await pool.withConnection { try $0.query("select 1") { try $0.decode(Int.self) } }
            #expect(one == [1])
            #expect(pool.statistics.opened == 1)
        }
    }

    @Test func cancellationNeverHitsTheNextStatement() async throws {
        try await withPool { pool in
            var cancelled = 0
            // more where the machine is busy with something else
            for round in 0..<8000 where round < 400 || cancelled == 0 {
                let victim = Task {
                    try await pool.withConnection { try $0.execute("select pg_sleep(0.001)") }
                }
                let innocent = Task {
                    try await pool.withConnection {
                        try $0.first("select \(round) from pg_sleep(0.0005)") { try $0.decode(Int.self) }
                    }
                }
                for _ in 0..<Int.random(in: 0...30) { await Task.yield() }
                victim.cancel()
                if await databaseError({ _ = try await victim.value })?.sqlState == "57014" { cancelled += 1 }
                let value = try await innocent.value
                #expect(value == round)
            }
            // Else the requests came too early or too late to prove anything.
            #expect(cancelled > 0)
            #expect(pool.statistics.opened == 1)
        }
    }

    @Test func cancelOfTheConnectionHitsOnlyWhatIsInFlight() async throws {
        try await withConnection("cancellation") { connection in
            connection.cancel()
            try await expectUsable(connection)
            for _ in 0..<200 {
                let running = Task { try await connection.execute("select pg_sleep(0.002)") }
                for _ in 0..<Int.random(in: 0...30) { await Task.yield() }
                connection.cancel()
                _ = try? await running.value
                try await expectUsable(connection)
            }
        }
    }

    @Test func timeoutsOfTheClient() async throws {
        try await withConnection("cancellation") { connection in
            let error = await databaseError {
                try await connection.execute("select pg_sleep(60)", timeout: .milliseconds(50))
            }
            #expect(error?.kind == .timeout)
            #expect(error?.sqlState == "57014")
            try await expectUsable(connection)
        }
    }

    @Test func timeoutsOfTheServer() async throws {
        try await withConnection("cancellation", { $0.statementTimeout = .milliseconds(50) }) { connection in
            #expect(await databaseError { try await connection.execute("select pg_sleep(60)") }?.kind == .timeout)
            try await expectUsable(connection)
        }
    }

    @Test func cancelledBeforeTheStart() async throws {
        try await withPool { pool in
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await pool.withConnection { try $0.execute("select 1") }
            }
            #expect(await databaseError { try await task.value }?.kind == .cancelled)
        }
    }
}

/// Runs work with a pool that is closed afterwards.
func withPoolClosed<Value: Sendable>(
    _ pool: PostgresPool,
    _ body: @Sendable (PostgresPool) async throws -> Value
) async throws -> Value {
    do {
        let value = try await body(pool)
        await pool.close()
        return value
    } catch {
        await pool.close()
        throw error
    }
}
