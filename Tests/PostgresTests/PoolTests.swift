import Foundation
import Postgres
import Testing

@Suite struct PoolTests {
    private func withPool<Value: Sendable>(
        _ change: (inout PostgresPool.Configuration) -> Void = { _ in },
        onConnect: (@Sendable (isolated PostgresConnection) throws -> Void)? = nil,
        _ body: @Sendable (PostgresPool) async throws -> Value
    ) async throws -> Value {
        var connection = try await TestDatabase.shared.configuration("pool")
        connection.applicationName = "pool \(UUID())"
        var configuration = PostgresPool.Configuration(connection: connection, size: 2)
        // patience is tested on purpose only: the machine may be busy with the other suites
        configuration.acquireTimeout = .seconds(400)
        change(&configuration)
        return try await withPoolClosed(PostgresPool(configuration: configuration, onConnect: onConnect), body)
    }

    /// Keeps all connections of a pool busy until the advisory lock of this number is free.
    private func occupy(_ pool: PostgresPool, _ count: Int, lock: Int) async throws -> [Task<Void, any Error>] {
        let tasks = (0..<count).map { _ in
            Task {
                try await pool.withConnection { _ = try $0.execute("select pg_advisory_xact_lock_shared(\(lock))") }
            }
        }
        #expect(try await eventually { pool.statistics.inUse == count })
        return tasks
    }

    private func withLock(_ lock: Int, _ body: @Sendable () async throws -> Void) async throws {
        try await withConnection("pool") { connection in
            try await connection.execute("select pg_advisory_lock(\(lock))")
            try await body()
            try await connection.execute("select pg_advisory_unlock(\(lock))")
        }
    }

    @Test func connectionsAreReused() async throws {
        try await withPool { pool in
            var processes: Set<Int32> = []
            for _ in 0..<20 { processes.insert(try await pool.withConnection { $0.backendProcess }) }
            #expect(processes.count == 1)
            #expect(pool.statistics.opened == 1)
            #expect(pool.statistics.acquired == 20)
        }
    }

    @Test func manyBorrowersShareFewConnections() async throws {
        try await withPool { pool in
            let sum = try await withThrowingTaskGroup(of: [Int].self) { group in
                for number in 0..<200 {
                    group.addTask {
                        try await pool.query("select \(number)", in: .init()) { try $0.decode(Int.self) }
                    }
                }
                return try await group.reduce(0) { $0 + $1.reduce(0, +) }
            }
            #expect(sum == 199 * 100)
            #expect(pool.statistics.opened <= 2)
        }
    }

    @Test func fullQueuesRefuseAtOnce() async throws {
        try await withPool {
            $0.maximumWaiters = 1
        } _: { pool in
            let tasks = Mailbox<Task<Void, any Error>>()
            try await withLock(1) {
                await tasks.put(try await occupy(pool, 2, lock: 1))
                await tasks.put([Task { try await pool.withConnection { _ in () } }])
                #expect(try await eventually { pool.statistics.waiting == 1 })
                let error = await databaseError { try await pool.withConnection { _ in () } }
                #expect(error?.kind == .poolExhausted)
                #expect(pool.statistics.refused == 1)
            }
            for task in await tasks.all { try await task.value }
            #expect(pool.statistics.waitedFor >= 1)
        }
    }

    @Test func waitersTimeOut() async throws {
        // Long enough for the first connections to open on a busy machine.
        try await withPool {
            $0.acquireTimeout = .seconds(15)
        } _: { pool in
            let tasks = Mailbox<Task<Void, any Error>>()
            try await withLock(2) {
                await tasks.put(try await occupy(pool, 2, lock: 2))
                let kinds = await withTaskGroup(of: DatabaseError.Kind?.self) { group in
                    for _ in 0..<3 {
                        group.addTask { await databaseError { try await pool.withConnection { _ in () } }?.kind }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
                #expect(kinds == [.timeout, .timeout, .timeout])
                #expect(pool.statistics.waiting == 0)
                #expect(pool.statistics.timedOut == 3)
            }
            for task in await tasks.all { try await task.value }
        }
    }

    @Test func cancelledWaitersLeaveTheQueue() async throws {
        try await withPool { pool in
            let tasks = Mailbox<Task<Void, any Error>>()
            try await withLock(3) {
                await tasks.put(try await occupy(pool, 2, lock: 3))
                let waiter = Task { try await pool.withConnection { _ in () } }
                #expect(try await eventually { pool.statistics.waiting == 1 })
                waiter.cancel()
                #expect(await databaseError { try await waiter.value }?.kind == .cancelled)
                #expect(pool.statistics.waiting == 0)
            }
            for task in await tasks.all { try await task.value }
        }
    }

    @Test func openTransactionsAreRolledBackOnReturn() async throws {
        try await withPool {
            $0.size = 1
        } _: { pool in
            try await pool.withConnection { connection in
                try connection.script("begin; create table left_open (id int)")
            }
            let isThere = try await pool.withConnection { connection in
                try connection.query("select to_regclass('left_open') is not null") { try $0.decode(Bool.self) }
            }
            #expect(isThere == [false])
            #expect(pool.statistics.opened == 1)
        }
    }

    @Test func survivesTheEndOfAllSessions() async throws {
        try await withPool {
            $0.size = 4
        } _: { pool in
            let name = try #require(pool.configuration.connection.applicationName)
            for _ in 0..<5 {
                _ = try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<8 {
                        group.addTask { try await pool.withConnection { _ = try $0.execute("select pg_sleep(0.005)") } }
                    }
                    try await group.waitForAll()
                }
                let ended = try await withConnection("pool") { connection in
                    let ended = try await connection.query(
                        "select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = \(name)"
                    ) { try $0.decode(Bool.self) }
                    return ended.count
                }
                #expect(ended > 0)
                // No borrower notices: dead connections are found before anything is sent.
                for _ in 0..<8 {
                    let one = try await pool.withConnection { try $0.query("select 1") { try $0.decode(Int.self) } }
                    #expect(one == [1])
                }
            }
            #expect(pool.statistics.broken > 0)
        }
    }

    @Test func sessionsLostInUseAreReplaced() async throws {
        try await withPool { pool in
            for _ in 0..<5 {
                let error = await databaseError {
                    try await pool.transaction { _ = try $0.execute("select pg_terminate_backend(pg_backend_pid())") }
                }
                #expect(error?.kind == .connection)
                let one = try await pool.withConnection { try $0.query("select 1") { try $0.decode(Int.self) } }
                #expect(one == [1])
            }
        }
    }

    @Test func recycledConnectionsAreNotUsedAgain() async throws {
        try await withPool {
            $0.size = 1
        } _: { pool in
            let before = try await pool.withConnection { $0.backendProcess }
            pool.recycle()
            let after = try await pool.withConnection { connection in
                pool.recycle()
                return connection.backendProcess
            }
            let last = try await pool.withConnection { $0.backendProcess }
            #expect(Set([before, after, last]).count == 3)
        }
    }

    @Test func newConnectionsArePrepared() async throws {
        try await withPool(onConnect: { try $0.script("set application_name = 'prepared'") }) { pool in
            let name = try await pool.withConnection { connection in
                try connection.query("select current_setting('application_name')") { try $0.decode(String.self) }
            }
            #expect(name == ["prepared"])
        }
        try await withPool(onConnect: { try $0.script("select 1/0") }) { pool in
            #expect(await databaseError { try await pool.withConnection { _ in () } }?.sqlState == "22012")
        }
    }

    @Test func closedPoolsRefuse() async throws {
        try await withPool { pool in
            try await pool.withConnection { _ in () }
            await pool.close()
            #expect(await databaseError { try await pool.withConnection { _ in () } }?.kind == .poolClosed)
            #expect(pool.statistics.size == 0)
        }
    }

    @Test func runWarmsAndClosesAtTheEnd() async throws {
        try await withPool {
            $0.minimumIdle = 2
        } _: { pool in
            let service = Task { try await pool.run() }
            #expect(try await eventually { pool.statistics.idle == 2 })
            service.cancel()
            try await service.value
            #expect(pool.statistics.size == 0)
        }
    }
}

/// Values handed from one task to another.
actor Mailbox<Value: Sendable> {
    private(set) var all: [Value] = []
    func put(_ values: [Value]) { all += values }
}
