import Domain
import Foundation
import Logging
import Store
import TestSupport
import Testing

@Suite struct DatabaseClockTests {
    @Test func aMovedClockMovesTheProcessAndItsConnections() async throws {
        let store = try await TestStore.make("store_clock")
        let clock = DatabaseClock(database: store.database, logger: Logger(label: "test"))
        try await clock.synchronize()
        #expect(abs(clock.now.microseconds - Timestamp(Date()).microseconds) < 2_000_000)

        try await store.moveClock("25 hours")
        try await clock.synchronize()
        let expected = Timestamp(Date()).advanced(bySeconds: 25 * 3600)
        #expect(abs(clock.now.microseconds - expected.microseconds) < 2_000_000)
        // the pool's sessions were recycled: statements see the same time
        let keys = APIKeyStore(database: store.database)
        let tenant = try await store.tenant()
        let key = try await keys.create(tenant: tenant.id, name: "key", scopes: [.callLogsRead], lifetimeDays: 1)
        let text = try #require(APIKeyText(key.text))
        #expect(try await keys.principal(text) != nil)
        try await store.moveClock("50 hours")
        try await clock.synchronize()
        #expect(try await keys.principal(text) == nil)
    }
}
