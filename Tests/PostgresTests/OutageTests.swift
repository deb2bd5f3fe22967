import Foundation
import Postgres
import Testing

/// What the service does while the server is away, or hangs.
@Suite(.serialized) struct OutageTests {
    private func withCluster(_ body: @Sendable (TestCluster) async throws -> Void) async throws {
        let cluster = try TestCluster()
        do {
            try await body(cluster)
        } catch {
            try cluster.remove()
            throw error
        }
        try cluster.remove()
    }

    private func answers(_ pool: PostgresPool) async -> Bool {
        await databaseError { try await pool.withConnection { _ = try $0.execute("select 1") } } == nil
    }

    @Test(arguments: [true, false])
    func comesBackAfterARestart(isRunning: Bool) async throws {
        try await withCluster { cluster in
            let configuration = PostgresPool.Configuration(connection: try cluster.configuration(), size: 4)
            try await withPoolClosed(PostgresPool(configuration: configuration)) { pool in
                let service = isRunning ? Task { try await pool.run() } : nil
                let listener = PostgresListener(configuration: try cluster.configuration(), channels: ["news"])
                let listening = Task { try await listener.run() }
                var heard = listener.notifications.makeAsyncIterator()
                #expect(await heard.next() == .reconnected)
                #expect(await answers(pool))
                for _ in 0..<2 {
                    try cluster.stop()
                    let error = await databaseError { try await pool.withConnection { _ = try $0.execute("select 1") } }
                    #expect(error?.kind == .connection)
                    try cluster.start()
                    let clock = ContinuousClock.now
                    #expect(try await eventually { await answers(pool) })
                    #expect(await heard.next() == .reconnected)
                    #expect(ContinuousClock.now - clock < .seconds(45))
                }
                listening.cancel()
                try await listening.value
                service?.cancel()
                try await service?.value
            }
        }
    }

    @Test func aServerThatHangsHoldsNobodyForEver() async throws {
        try await withCluster { cluster in
            var connection = try cluster.configuration()
            connection.responseTimeout = .milliseconds(200)
            connection.cancelTimeout = .milliseconds(200)
            connection.connectTimeout = 2
            var configuration = PostgresPool.Configuration(connection: connection, size: 2)
            configuration.acquireTimeout = .seconds(3)
            try await withPoolClosed(PostgresPool(configuration: configuration)) { pool in
                #expect(await answers(pool))
                try cluster.freeze(true)
                let clock = ContinuousClock.now
                let hanging = await databaseError { try await pool.withConnection { _ = try $0.execute("select 1") } }
                #expect(hanging?.kind == .timeout)
                #expect(ContinuousClock.now - clock < .seconds(45))
                let connecting = await databaseError { try await pool.withConnection { _ in () } }
                #expect(connecting?.kind == .connection || connecting?.kind == .timeout)
                #expect(ContinuousClock.now - clock < .seconds(45))
                try cluster.freeze(false)
                #expect(try await eventually { await answers(pool) })
            }
        }
    }
}
