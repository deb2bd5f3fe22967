import Connections
import Domain
import Store
import TestServers
import TestSupport
import Testing

@testable import Jobs

/// Batches of checks against a real PostgreSQL and servers that answer, limit, fail and hang.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ConnectionChecksTests {
    private static func healthy() throws -> LocalServer {
        try LocalServer { _ in .init(headers: ["Content-Type: application/json"], body: Array("{}".utf8)) }
    }

    private func job(_ items: [ConnectionChecksJob.Item]) -> ConnectionChecksJob {
        ConnectionChecksJob(.jsonAPI, items)
    }

    @Test func aBatchIsChecked() async throws {
        let bench = try await ConnectionBench("batch")
        let server = try Self.healthy()
        defer { server.stop() }
        let items = try await bench.make(50, at: server.url)
        #expect(try await bench.run(bench.checks(), job(items)) == .done())
        #expect(try await bench.states(items).allSatisfy { $0 == .healthy })
        #expect(server.requests.count == 50)
        // a second time nothing is due
        #expect(try await bench.run(bench.checks(), job(items)) == .done())
        #expect(server.requests.count == 50)
    }

    @Test func aHostThatLimitsIsLeftAndTheOtherOneIsAsked() async throws {
        let bench = try await ConnectionBench("limited")
        let limited = try LocalServer { _ in .init(status: "429 Slow Down", headers: ["Retry-After: 3600"]) }
        let other = try Self.healthy()
        defer {
            limited.stop()
            other.stop()
        }
        let slow = try await bench.make(20, at: limited.url)
        let well = try await bench.make(20, at: other.otherURL)
        let kind = bench.checks()
        let outcome = try await bench.run(kind, job(slow + well))
        #expect(try await bench.states(well).allSatisfy { $0 == .healthy })
        #expect(limited.requests.count <= 4 && !limited.requests.isEmpty)
        let delay = try #require(bench.delay(outcome))
        #expect((270...310).contains(delay), "the rest of the batch comes when the host has rested")
        // the application's other hosts go on, for everybody
        let tenant = try await bench.store.tenant("Other").id
        let others = try await bench.make(10, at: other.otherURL, of: tenant)
        #expect(try await bench.run(kind, job(others)) == .done())
        #expect(try await bench.states(others).allSatisfy { $0 == .healthy })
        // and what is limited is not another tenant's quota
        let count = limited.requests.count
        _ = try await bench.run(kind, job(slow))
        #expect(limited.requests.count == count)
        _ = try await bench.run(kind, job(try await bench.make(1, at: limited.url, of: tenant)))
        #expect(limited.requests.count == count + 1)
    }

    @Test func aHostThatFailsIsLeftAlone() async throws {
        let bench = try await ConnectionBench("failing")
        let server = try LocalServer { _ in .init(isDropped: true) }
        defer { server.stop() }
        let items = try await bench.make(40, at: server.url)
        let kind = bench.checks()
        let delay = try #require(bench.delay(try await bench.run(kind, job(items))))
        #expect((20...36).contains(delay))
        let count = server.requests.count
        #expect((5...8).contains(count))
        _ = try await bench.run(kind, job(items))
        #expect(server.requests.count == count)
    }

    @Test func aBatchWithoutAPlaceIsPutOffAtOnce() async throws {
        let bench = try await ConnectionBench("full")
        let server = try Self.healthy()
        defer { server.stop() }
        let items = try await bench.make(3, at: server.url)
        _ = try await bench.connections.store.claimDue(limit: 10, now: bench.clock.now)
        let host = try await bench.connections.checkHost(items[0].connection, tenant: bench.tenant)
        let lane = PaceState.Lane(host: try #require(host), tenant: bench.tenant)
        let pace = HostPace()
        for _ in 0..<PaceState.first { _ = pace.enter(lane) }
        for (age, expected) in [(0, 0...3), (10, 6...15), (200, 50...90)] as [(Int64, ClosedRange<Int64>)] {
            let outcome = try await bench.run(bench.checks(pace), job(items), age: age)
            #expect(expected.contains(try #require(bench.delay(outcome))))
        }
        // past the claim nothing comes back by itself, or the sweep would ask for it once more
        let last = try await bench.run(bench.checks(pace), job(items), age: ConnectionStore.checkSeconds - 1)
        #expect(last == .done())
        #expect(try await bench.isClaimed(items[0]))
        #expect(server.requests.isEmpty)
    }

    @Test func whatWasRemovedIsPassedOver() async throws {
        let bench = try await ConnectionBench("removed")
        let server = try Self.healthy()
        defer { server.stop() }
        let items = try await bench.make(3, at: server.url)
        _ = try await bench.connections.store.remove(items[1].connection, tenant: bench.tenant)
        #expect(try await bench.run(bench.checks(), job(items)) == .done())
        #expect(server.requests.count == 2)
    }

    /// A tenant's connections to a host that never answers, more than all jobs could take in at once, do not hold up
    /// another tenant's.
    @Test func aTarpitStarvesNobody() async throws {
        let bench = try await ConnectionBench("tarpit")
        let tarpit = try ScriptedServer { peer in
            _ = peer.readHead()
            peer.readToEnd()
        }
        let server = try Self.healthy()
        defer {
            tarpit.stop()
            server.stop()
        }
        let stuck = try await bench.make(400, at: tarpit.url)
        let tenant = try await bench.store.tenant("Other").id
        let well = try await bench.make(200, at: server.otherURL, of: tenant)
        let claimed = try await bench.connections.store.enqueueDueChecks(limit: 2_000, batch: 10, now: bench.clock.now)
        #expect(claimed == stuck.count + well.count)
        let began = ContinuousClock.now
        let isDone = try await bench.work([RunnableKind(bench.checks())]) {
            try await bench.states(well).allSatisfy { $0 == .healthy }
        }
        #expect(isDone)
        #expect(ContinuousClock.now - began < .seconds(30))
        #expect(tarpit.connectionCount <= 8, "as many places as a host gets that has not shown that it answers")
    }
}
