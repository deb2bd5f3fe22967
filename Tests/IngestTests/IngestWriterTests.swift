import Domain
import Foundation
import Ingest
import Logging
import Postgres
import Store
import Testing

@Suite struct IngestWriterTests {
    /// Lanes wait in continuations, which cancellation alone does not wake: a process whose other service failed would hang.
    @Test func anIdleWriterEndsWhenItIsCancelled() async throws {
        let logger = Logger(label: "test")
        // opens no connection: nothing is written
        let database = Database(
            configuration: try PostgresConfiguration(url: "postgres://127.0.0.1:1/none"), connections: 1, logger: logger
        )
        let writer = IngestWriter(
            store: CallLogWriter(
                database: database, clock: DatabaseClock(database: database, logger: logger), logger: logger),
            logger: logger)
        let running = Task { try await writer.run() }
        running.cancel()
        try await running.value
        await #expect(throws: Problem.self) {
            try await writer.submit(EntryBatch(tenant: TenantID(rawValue: 1), entries: []))
        }
    }
}
