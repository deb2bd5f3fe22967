import Jobs
import Testing

@Suite struct BackoffTests {
    private static let all = [
        Backoff(), Backoff(first: 2, factor: 2, longest: 600), Backoff(first: 15, factor: 3, longest: 3600),
        Backoff(first: 600, factor: 1, longest: 600, jitter: 0),
        Backoff(first: 0.5, factor: 1.1, longest: 60, jitter: 1),
        // longer at first than it may be at all
        Backoff(first: 100, factor: 10, longest: 30),
    ]

    @Test func theUsualWaitsAreTenSecondsThenThreeTimesLonger() {
        let waits = (1...8).map { Backoff().seconds(after: $0, random: 0.5) }
        #expect(waits == [10, 30, 90, 270, 810, 2430, 3600, 3600])
    }

    @Test(arguments: all)
    func withoutJitterEachWaitIsAtLeastAsLongAsTheOneBefore(backoff: Backoff) {
        // in the middle there is no jitter
        let waits = (1...1000).map { backoff.seconds(after: $0, random: 0.5) }
        #expect(waits.first == min(backoff.first, backoff.longest))
        #expect(zip(waits, waits.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(waits.last == (backoff.factor > 1 ? backoff.longest : min(backoff.first, backoff.longest)))
    }

    @Test(arguments: all)
    func jitterStaysWithinItsShare(backoff: Backoff) {
        for attempts in 1...1000 {
            let middle = backoff.seconds(after: attempts, random: 0.5)
            let shortest = backoff.seconds(after: attempts, random: 0)
            let longest = backoff.seconds(after: attempts, random: 1)
            #expect(abs(shortest - middle * (1 - backoff.jitter)) < 1e-6)
            #expect(abs(longest - middle * (1 + backoff.jitter)) < 1e-6)
            for _ in 0..<3 {
                let wait = backoff.seconds(after: attempts, random: .random(in: 0...1))
                #expect(wait >= shortest && wait <= longest)
                #expect(wait.isFinite && wait >= 0)
                #expect(wait <= backoff.longest * (1 + backoff.jitter) + 1e-6)
            }
        }
    }

    /// What was enqueued by an earlier version, or counted wrongly, is no reason to wait for ever or to stop.
    @Test(arguments: [Int.min, -1, 0])
    func lessThanOneFailureIsTheFirst(attempts: Int) {
        #expect(Backoff().seconds(after: attempts, random: 0.5) == 10)
    }
}
