import Testing

@testable import Ingest

@Suite struct IngestWriterQueueTests {
    private typealias Queue = IngestWriterQueue<Int, String>

    private func queue(entries: Int = 10, group: Int = 4, lanes: Int = 1) -> Queue {
        Queue(
            limits: .init(entries: entries, bytes: 1000, groupEntries: group, groupBytes: 100, furtherLaneEntries: 3),
            lanes: lanes)
    }

    private func request(_ item: Int, entries: Int = 1, bytes: Int = 1, alone: Bool = false) -> Queue.Waiting {
        .init(item: item, entries: entries, bytes: bytes, standsAlone: alone)
    }

    private func group(_ action: Queue.NextAction) -> [Int]? {
        guard case .run(let group) = action else { return nil }
        return group
    }

    @Test func aFreeLaneTakesARequestAtOnce() {
        var queue = queue()
        guard case .wait = queue.next(), case .wait = queue.park("lane") else {
            Issue.record("an empty queue has no work")
            return
        }
        guard case .run("lane", [1]) = queue.submit(request(1)) else {
            Issue.record("the free lane must take it")
            return
        }
        #expect(queue.waitingEntries == 0)
    }

    @Test func whatArrivesMeanwhileSharesAGroup() {
        var queue = queue()
        for item in 1...6 { _ = queue.submit(request(item)) }
        #expect(group(queue.next()) == [1, 2, 3, 4])
        #expect(group(queue.next()) == [5, 6])
    }

    /// While one lane is under way, a few entries wait for it; many send a further lane out.
    @Test func aFurtherLaneSetsOutForManyOnly() {
        var queue = queue(lanes: 2)
        guard case .wait = queue.next(), case .wait = queue.park("a"), case .wait = queue.next(),
            case .wait = queue.park("b")
        else {
            Issue.record("an empty queue has no work")
            return
        }
        guard case .run(_, [1]) = queue.submit(request(1)) else {
            Issue.record("the first lane sets out for one entry")
            return
        }
        guard case .queued = queue.submit(request(2)), case .queued = queue.submit(request(3)) else {
            Issue.record("two entries wait for the lane under way")
            return
        }
        guard case .run(_, [2, 3, 4]) = queue.submit(request(4)) else {
            Issue.record("three send the further lane out")
            return
        }
        _ = queue.submit(request(5))
        #expect(group(queue.next()) == nil)
        guard case .wait = queue.park("a") else {
            Issue.record("one entry waits for the lane under way")
            return
        }
        #expect(group(queue.next()) == [5])
    }

    @Test func bytesEndAGroupToo() {
        var queue = queue()
        for item in 1...3 { _ = queue.submit(request(item, bytes: 60)) }
        #expect(group(queue.next()) == [1])
        #expect(group(queue.next()) == [2])
    }

    @Test func aKeyedRequestStandsAlone() {
        var queue = queue()
        _ = queue.submit(request(1))
        _ = queue.submit(request(2, alone: true))
        _ = queue.submit(request(3))
        #expect(group(queue.next()) == [1])
        #expect(group(queue.next()) == [2])
        #expect(group(queue.next()) == [3])
    }

    @Test func aFullQueueRefusesButNeverStarvesALargeRequest() {
        var queue = queue()
        guard case .queued = queue.submit(request(1, entries: 50)) else {
            Issue.record("an empty queue takes a request of any size")
            return
        }
        guard case .refuse = queue.submit(request(2)) else {
            Issue.record("a full queue must refuse")
            return
        }
        #expect(group(queue.next()) == [1])
        guard case .queued = queue.submit(request(2)) else {
            Issue.record("there is room again")
            return
        }
    }

    @Test func closingDrainsWhatWaits() {
        var queue = queue()
        _ = queue.park("idle")
        #expect(queue.close() == ["idle"])
        guard case .closed = queue.submit(request(1)), case .finish = queue.next() else {
            Issue.record("a closed queue takes nothing and ends its lanes")
            return
        }

        var busy = self.queue()
        _ = busy.submit(request(1))
        #expect(busy.close().isEmpty)
        #expect(group(busy.next()) == [1])
        guard case .finish = busy.park("lane") else {
            Issue.record("an empty closed queue ends its lanes")
            return
        }
    }
}
