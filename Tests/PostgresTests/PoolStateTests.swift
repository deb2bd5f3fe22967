import Testing

@testable import Postgres

/// The pool's bookkeeping without a server: connections and waiters are numbers.
@Suite struct PoolStateTests {
    private typealias State = PoolState<Int, Int>
    private let start = ContinuousClock.now
    private let limits = PoolState<Int, Int>.Limits(
        size: 2,
        minimumIdle: 1,
        maximumWaiters: 3,
        maximumLifetime: .seconds(100),
        idleTimeout: .seconds(10),
        healthCheckInterval: .seconds(5)
    )

    private func acquire(_ state: inout State, _ waiter: Int, at seconds: Int = 0) -> State.Acquisition {
        let now = start.advanced(by: .seconds(seconds))
        return state.acquire(
            waiter,
            identifier: UInt64(1000 + waiter),
            now: now,
            deadline: now.advanced(by: .seconds(5))
        )
    }

    private func opening(_ acquisition: State.Acquisition) -> [UInt64] {
        guard case .wait(let identifiers) = acquisition else { return [] }
        return identifiers
    }

    /// A pool of one connection, 100, in use under the number returned.
    private func leased(_ state: inout State) throws -> UInt64 {
        let identifier = try #require(opening(acquire(&state, 1)).first)
        guard case .hand(identifier, 100, to: 1) = state.opened(identifier, 100, now: start) else {
            Issue.record("not handed over")
            return 0
        }
        return identifier
    }

    @Test func opensOnDemandUpToItsSize() throws {
        var state = State(limits)
        #expect(opening(acquire(&state, 1)).count == 1)
        #expect(opening(acquire(&state, 2)).count == 1)
        #expect(opening(acquire(&state, 3)).isEmpty)
        #expect(state.size == 2)
        #expect(state.statistics.waiting == 3)
        #expect(opening(acquire(&state, 4)).isEmpty)
        #expect(opening(acquire(&state, 5)).isEmpty)
        guard case .refuse(let error) = acquire(&state, 6) else { throw DatabaseError(.misuse, "not refused") }
        #expect(error.kind == .poolExhausted)
        #expect(state.statistics.refused == 1)
    }

    @Test func waitersAreServedInOrder() throws {
        var state = State(limits)
        let identifier = try leased(&state)
        _ = acquire(&state, 2)
        _ = acquire(&state, 3)
        guard case .hand(identifier, 100, to: 2)? = state.release(identifier, isReusable: true, now: start) else {
            throw DatabaseError(.misuse, "not handed over")
        }
        guard case .hand(identifier, 100, to: 3)? = state.release(identifier, isReusable: true, now: start) else {
            throw DatabaseError(.misuse, "not handed over")
        }
        guard case .keep? = state.release(identifier, isReusable: true, now: start) else {
            throw DatabaseError(.misuse, "not kept")
        }
        #expect(state.release(identifier, isReusable: true, now: start) == nil)
        #expect(state.leaseIdle(now: start)?.connection == 100)
    }

    @Test func brokenConnectionsAreReplacedForWaiters() throws {
        var state = State(limits)
        let identifier = try leased(&state)
        let second = opening(acquire(&state, 2))
        _ = state.opened(try #require(second.first), 200, now: start)
        #expect(opening(acquire(&state, 3)).isEmpty)
        guard case .close(100, let open)? = state.release(identifier, isReusable: false, now: start) else {
            throw DatabaseError(.misuse, "not closed")
        }
        #expect(open.count == 1)
        #expect(state.statistics.broken == 1)
    }

    @Test func cancelledAndExpiredWaitersLeave() throws {
        var state = State(limits)
        _ = try leased(&state)
        _ = acquire(&state, 2, at: 0)
        _ = acquire(&state, 3, at: 1)
        #expect(state.cancel(waiter: 1002) == 2)
        #expect(state.cancel(waiter: 1002) == nil)
        #expect(state.expire(now: start.advanced(by: .seconds(5))).isEmpty)
        #expect(state.expire(now: start.advanced(by: .seconds(6))) == [3])
        #expect(state.nextDeadline == nil)
        #expect(state.statistics.timedOut == 1)
    }

    @Test func failuresAreToldAtOnceAndTriedAgainLater() throws {
        var state = State(limits)
        let identifier = try #require(opening(acquire(&state, 1)).first)
        let failure = DatabaseError(.connection, "away")
        let retryAt = start.advanced(by: .seconds(2))
        #expect(state.failedToOpen(identifier, failure, retryAt: retryAt) == [1])
        guard case .refuse(let error) = acquire(&state, 2, at: 1) else { throw DatabaseError(.misuse, "not refused") }
        #expect(error.kind == .connection)
        #expect(state.maintain(now: start.advanced(by: .seconds(1))).open.isEmpty)
        #expect(opening(acquire(&state, 3, at: 2)).count == 1)
        #expect(state.consecutiveFailures == 1)
    }

    @Test func failuresBesideALivingConnectionLeaveTheWaiters() throws {
        var state = State(limits)
        let identifier = try leased(&state)
        let second = try #require(opening(acquire(&state, 2)).first)
        #expect(state.failedToOpen(second, DatabaseError(.connection, "full"), retryAt: start).isEmpty)
        guard case .hand(_, 100, to: 2)? = state.release(identifier, isReusable: true, now: start) else {
            throw DatabaseError(.misuse, "not handed over")
        }
    }

    @Test func upkeepWarmsChecksAndCloses() throws {
        var state = State(limits)
        let first = state.maintain(now: start)
        #expect(first.open.count == 1)
        #expect(state.maintain(now: start).open.isEmpty)
        _ = state.opened(try #require(first.open.first), 100, now: start)
        _ = acquire(&state, 1)
        let second = try #require(opening(acquire(&state, 2)).first)
        _ = state.opened(second, 200, now: start)
        _ = state.release(second, isReusable: true, now: start)
        let check = state.maintain(now: start.advanced(by: .seconds(5)))
        #expect(check.check.map(\.connection) == [200])
        #expect(state.statistics.inUse == 2)
        _ = state.release(second, isReusable: true, isCheck: true, now: start.advanced(by: .seconds(5)))
        let close = state.maintain(now: start.advanced(by: .seconds(10)))
        #expect(close.close == [200])
        #expect(state.size == 1)
    }

    @Test func oldConnectionsAreNotReused() throws {
        var state = State(limits)
        let identifier = try leased(&state)
        guard case .close(100, _)? = state.release(identifier, isReusable: true, now: start.advanced(by: .seconds(100)))
        else { throw DatabaseError(.misuse, "not closed") }
        #expect(state.size == 0)
    }

    @Test func recyclingSparesCurrentUse() throws {
        var state = State(limits)
        let identifier = try leased(&state)
        _ = state.opened(try #require(opening(acquire(&state, 2)).first), 200, now: start)
        let second = state.statistics.inUse
        #expect(second == 2)
        #expect(state.recycle().isEmpty)
        guard case .close(100, let open)? = state.release(identifier, isReusable: true, now: start) else {
            throw DatabaseError(.misuse, "not closed")
        }
        #expect(open.isEmpty)
    }

    @Test func closingRefusesAndDrains() throws {
        var state = State(limits)
        let identifier = try leased(&state)
        let second = try #require(opening(acquire(&state, 2)).first)
        #expect(state.close().waiters == [2])
        #expect(!state.isDrained)
        guard case .refuse(let error) = acquire(&state, 3) else { throw DatabaseError(.misuse, "not refused") }
        #expect(error.kind == .poolClosed)
        guard case .close(200, let open) = state.opened(second, 200, now: start) else {
            throw DatabaseError(.misuse, "not closed")
        }
        #expect(open.isEmpty)
        _ = state.release(identifier, isReusable: true, now: start)
        #expect(state.isDrained)
    }
}
