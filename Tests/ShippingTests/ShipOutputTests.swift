import Synchronization
import Testing

@testable import Shipping

@Suite("What shipping shows")
struct ShipOutputTests {
    private func progress(_ bytes: Int64, of total: Int64?, seconds: Int = 10) -> ShipProgress {
        ShipProgress(bytesRead: bytes, bytesTotal: total, entries: 5000, elapsed: .seconds(seconds))
    }

    @Test("the bar tells part, entries, rate and time to go")
    func bar() {
        let line = progress(25 << 20, of: 100 << 20).line(width: 90)
        #expect(line == "██████████" + String(repeating: "░", count: 30) + "  25%  5000 entries  500/s  0:30 left")
        #expect(progress(1, of: 1).line(width: 80).contains("100%"))
    }

    @Test("no line is wider than the terminal", arguments: 1...120)
    func width(width: Int) {
        #expect(progress(25 << 20, of: 100 << 20).line(width: width).count <= width)
        #expect(progress(25 << 20, of: nil).line(width: width).count <= width)
    }

    @Test("a pipe has no end to tell of")
    func pipe() {
        #expect(progress(25 << 20, of: nil).line(width: 80) == "25.0 MiB  5000 entries  500/s")
        #expect(progress(1 << 20, of: nil, seconds: 3700).finalLine == "5000 entries, 1.0 MiB in 1:01:40, 1/s")
    }

    @Test("a terminal gets a bar that is drawn over, anything else the final line")
    func terminal() {
        for isTerminal in [true, false] {
            let written = Mutex<[String]>([])
            let bar = ProgressBar(descriptor: -1, isTerminal: isTerminal) { text in written.withLock { $0.append(text) }
            }
            bar.finish()
            bar.show(progress(1 << 20, of: 4 << 20, seconds: 1))
            bar.show(progress(2 << 20, of: 4 << 20, seconds: 1))
            bar.show(progress(4 << 20, of: 4 << 20, seconds: 2))
            bar.finish()
            let texts = written.withLock { $0 }
            #expect(texts.count == (isTerminal ? 3 : 1))
            #expect(texts.dropLast().allSatisfy { $0.hasPrefix("\r") && !$0.contains("\n") })
            #expect(texts.last?.hasSuffix("5000 entries, 4.0 MiB in 0:02, 2500/s\n") == true)
        }
    }

    @Test("the first issues are kept in the order of their places")
    func issues() {
        var summary = ShipSummary()
        for number in (1...30).reversed() {
            var part = ShipSummary()
            part.rejected = 1
            part.note(
                ShipIssue(
                    place: ShipPlace(fileIndex: 0, file: "f", number: number),
                    pointer: "/url",
                    code: "required",
                    detail: "x"
                )
            )
            summary.add(part)
        }
        #expect(summary.issues.map(\.place.number) == Array(1...20))
        #expect(
            summary.description.hasPrefix(
                "0 accepted, 0 duplicates, 0 unreachable, 30 rejected\n  f:1: required at /url: x"
            )
        )
        #expect(summary.description.hasSuffix("… and 10 more"))
    }

    @Test("pauses double, have a limit, and follow the server's wish within reason")
    func pauses() {
        let policy = RetryPolicy()
        #expect(policy.pause(afterAttempt: 1, retryAfter: nil, luck: 0) == .milliseconds(250))
        #expect(policy.pause(afterAttempt: 9, retryAfter: nil, luck: 0.5) == .milliseconds(22_500))
        #expect(policy.pause(afterAttempt: 1, retryAfter: .seconds(86_400), luck: 0) == .seconds(300))
        #expect(policy.pause(afterAttempt: 10, retryAfter: .seconds(1), luck: 0) == nil)
        #expect(RetryPolicy(maximumAttempts: 99).pause(afterAttempt: 98, retryAfter: nil, luck: 0) == .seconds(15))
    }
}
