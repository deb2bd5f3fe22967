import Domain
import Testing

@Suite struct ErrorCycleTests {
    private let now = Timestamp(microseconds: 1_800_000_000_000_000)

    @Test func anErrorOfADayAgoIsNoNews() {
        let day = ErrorCycle.seconds
        #expect(day == 86_400)
        let limit = now.advanced(bySeconds: -day)
        #expect(!ErrorCycle.mayOpen(occurredAt: limit, now: now))
        #expect(!ErrorCycle.mayOpen(occurredAt: limit.advanced(bySeconds: -1), now: now))
        #expect(ErrorCycle.mayOpen(occurredAt: Timestamp(microseconds: limit.microseconds + 1), now: now))
        #expect(ErrorCycle.mayOpen(occurredAt: now, now: now))
    }

    /// A client's clock may run ahead; what it reports is news all the same.
    @Test func anErrorFromAClockThatRunsAheadIsNews() {
        #expect(ErrorCycle.mayOpen(occurredAt: now.advanced(bySeconds: 600), now: now))
    }

    @Test func aCycleIsNamedByItsBotAndItsBeginning() {
        let key = ErrorCycle.subjectKey(botKey: 7, openedAt: now)
        #expect(key == "first_error:7:1800000000000000")
        #expect(key != ErrorCycle.subjectKey(botKey: 8, openedAt: now))
        let microsecondLater = Timestamp(microseconds: now.microseconds + 1)
        #expect(key != ErrorCycle.subjectKey(botKey: 7, openedAt: microsecondLater))
    }
}
