import Connections
import Domain
import Foundation
import Store
import TestSupport
import Testing

@testable import Jobs

/// From refused calls to checks, against a real PostgreSQL.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ConnectionSignalsTests {
    /// A connection, found healthy two minutes ago, and a bench.
    private func scene(_ name: String, checkedSecondsAgo: Int64 = 120) async throws -> (
        ConnectionBench, ConnectionChecksJob.Item
    ) {
        let bench = try await ConnectionBench("signals_" + name)
        let item = try #require(try await bench.make(at: "http://127.0.0.1:1").first)
        try await bench.note(.ok, item, secondsAgo: checkedSecondsAgo)
        return (bench, item)
    }

    private func signals(_ item: ConnectionChecksJob.Item) -> ConnectionSignalsJob {
        ConnectionSignalsJob(nodes: [], refused: [item.connection])
    }

    /// Lets what calls said be taken in as long as signals wait, however late.
    private func takeIn(_ bench: ConnectionBench) async throws {
        for job in try await bench.waiting(ConnectionSignalsJob.kind) {
            let payload = try JSONDecoder().decode(ConnectionSignalsJob.self, from: Data(job.payload.utf8))
            #expect(try await bench.run(bench.signals, payload) == .done())
        }
    }

    @Test func threeReportsOneAfterTheOtherMakeABurst() async throws {
        let (bench, item) = try await scene("three")
        let began = ContinuousClock.now
        try await bench.refuse(item, times: 3, by: bench.store.writer)
        let seconds = Int((ContinuousClock.now - began).components.seconds)
        let jobs = try await bench.waiting(ConnectionSignalsJob.kind)
        let counting = jobs.filter { $0.payload.contains("\"refused\": [\"") }
        #expect((1...2 + seconds).contains(counting.count), "reports within a second are counted by one job")
        let learning = jobs.filter { !$0.payload.contains("\"refused\": [\"") }
        // against the first report, however long ago that is by now
        let first = learning.map(\.seconds).min() ?? 0
        #expect(
            counting.allSatisfy { $0.seconds <= 2.1 && $0.seconds - first > 1.5 }, "it runs when the others have come")
        #expect(!learning.isEmpty && learning.allSatisfy { $0.seconds <= 0 }, "nodes are learnt at once")
        try await takeIn(bench)
        #expect(try await bench.waiting(ConnectionCheckJob.kind).count == 1)
    }

    @Test func eachSecondASignalIsNotedAnew() async throws {
        let (bench, item) = try await scene("anew")
        let writer = bench.store.writer
        try await bench.refuse(item, times: 1, by: writer)
        let first = try await bench.waiting(ConnectionSignalsJob.kind).count
        let began = ContinuousClock.now
        while try await bench.waiting(ConnectionSignalsJob.kind).count == first {
            try await bench.refuse(item, times: 1, by: writer)
            guard ContinuousClock.now - began < .seconds(20) else { break }
        }
        #expect(try await bench.waiting(ConnectionSignalsJob.kind).count == first + 1)
        #expect(ContinuousClock.now - began > .milliseconds(500))
    }

    @Test func twoRefusalsAreNoBurst() async throws {
        let (bench, item) = try await scene("two")
        try await bench.refuse(item, times: 2, by: bench.store.writer)
        try await takeIn(bench)
        #expect(try await bench.waiting(ConnectionCheckJob.kind).isEmpty)
    }

    @Test func whatIsBrokenIsNotCheckedAgain() async throws {
        let (bench, item) = try await scene("broken")
        try await bench.note(.rejected("It was revoked."), item, secondsAgo: 100)
        try await bench.refuse(item, times: 5, by: bench.store.writer)
        try await takeIn(bench)
        #expect(try await bench.waiting(ConnectionCheckJob.kind).isEmpty)
    }

    @Test func whatIsSwitchedOffIsNotChecked() async throws {
        let (bench, item) = try await scene("disabled")
        var change = ConnectionChange()
        change.isEnabled = false
        _ = try await bench.connections.store.update(
            item.connection, tenant: bench.tenant, change, by: nil, now: bench.clock.now)
        try await bench.refuse(item, times: 5, by: bench.store.writer)
        try await takeIn(bench)
        #expect(try await bench.waiting(ConnectionCheckJob.kind).isEmpty)
    }

    @Test func aFindingStandsForAWhile() async throws {
        let (bench, item) = try await scene("fresh", checkedSecondsAgo: 1)
        try await bench.refuse(item, times: 5, by: bench.store.writer)
        for _ in 0..<10 { #expect(try await bench.run(bench.signals, signals(item)) == .done()) }
        #expect(try await bench.waiting(ConnectionCheckJob.kind).isEmpty)
        let later = try await bench.waiting(ConnectionSignalsJob.kind).filter { $0.seconds > 2 }
        #expect(later.count == 1, "the calls are looked at once more when the finding is some seconds old")
        #expect(try await bench.run(bench.signals, signals(item), after: 10) == .done())
        #expect(try await bench.waiting(ConnectionCheckJob.kind).count == 1)
    }

    @Test func whatWasRefusedBeforeACheckIsAnswered() async throws {
        let (bench, item) = try await scene("before")
        try await bench.refuse(item, times: 5, by: bench.store.writer)
        try await bench.note(.ok, item, secondsAgo: -10)
        #expect(try await bench.run(bench.signals, signals(item), after: 100) == .done())
        #expect(try await bench.waiting(ConnectionCheckJob.kind).isEmpty)
    }

    @Test func aConnectionThatIsNotThereIsPassedOver() async throws {
        let (bench, _) = try await scene("gone")
        let payload = ConnectionSignalsJob(nodes: [], refused: [UUID()])
        #expect(try await bench.run(bench.signals, payload) == .done())
        #expect(try await bench.waiting(ConnectionCheckJob.kind).isEmpty)
    }
}
