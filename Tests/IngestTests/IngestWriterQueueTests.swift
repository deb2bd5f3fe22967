import Testing

@testable import Ingest

@Suite struct IngestWriterQueueTests {
    private typealias Queue = IngestWriterQueue<Int, String>

    private func queue(entries: Int = 10, group: Int = 4) -> Queue {
        Queue(limits: .init(entries: entries, bytes: 1000, groupEntries: group, groupBytes: 100))
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
