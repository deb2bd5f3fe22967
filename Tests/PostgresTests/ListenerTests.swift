import Foundation
import Postgres
import Testing

@Suite struct ListenerTests {
    @Test func hearsAndComesBack() async throws {
        var configuration = try await TestDatabase.shared.configuration("listener")
        configuration.applicationName = "listener of the tests"
        let listener = PostgresListener(configuration: configuration, channels: ["news", "Other \"channel\""])
        let service = Task { try await listener.run() }
        var heard = listener.notifications.makeAsyncIterator()
        #expect(await heard.next() == .reconnected)
        try await withConnection("listener") { connection in
            try await connection.execute("select pg_notify('news', \("ü 1")), pg_notify('Other \"channel\"', '')")
        }
        #expect(await heard.next() == .message(channel: "news", payload: "ü 1"))
        #expect(await heard.next() == .message(channel: "Other \"channel\"", payload: ""))
        for round in 0..<3 {
            try await withConnection("listener") { connection in
                let ended = try await connection.query(
                    """
                    select pg_terminate_backend(pid, 5000) from pg_stat_activity
                    where application_name = 'listener of the tests'
                    """
                ) { try $0.decode(Bool.self) }
                #expect(ended == [true])
            }
            #expect(await heard.next() == .reconnected)
            try await withConnection("listener") { connection in
                try await connection.execute("select pg_notify('news', \(String(round)))")
            }
            #expect(await heard.next() == .message(channel: "news", payload: String(round)))
        }
        let clock = ContinuousClock.now
        service.cancel()
        try await service.value
        #expect(await heard.next() == nil)
        #expect(ContinuousClock.now - clock < .seconds(45))
    }
}
