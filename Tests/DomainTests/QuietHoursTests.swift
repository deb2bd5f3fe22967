import Domain
import Foundation
import Testing

@Suite struct QuietHoursTests {
    private func hours(_ from: String, _ to: String, _ timeZone: String = "Europe/Berlin") throws -> QuietHours {
        QuietHours(from: try #require(ClockTime(from)), to: try #require(ClockTime(to)), timeZone: timeZone)
    }

    private func time(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: text)) }

    /// What a clock on a wall shows, minutes since midnight; worked out without what is tested.
    private func wallClock(_ time: Timestamp, in zone: TimeZone) -> Int {
        let seconds = time.microseconds / 1_000_000
        let offset = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))
        return Int((seconds + Int64(offset)) % 86_400) / 60
    }

    // MARK: - Days like any other

    @Test(arguments: [
        // Berlin is two hours ahead of UTC in July
        ("2026-07-01T10:59:59.999999Z", nil),
        ("2026-07-01T11:00:00Z", "2026-07-01T12:30:00Z"),
        ("2026-07-01T11:00:00.000001Z", "2026-07-01T12:30:00Z"),
        ("2026-07-01T12:29:59.999999Z", "2026-07-01T12:30:00Z"),
        ("2026-07-01T12:30:00Z", nil),
        ("2026-07-01T23:00:00Z", nil),
    ])
    func hoursOfOneDayEndOnIt(at text: String, end: String?) throws {
        let quiet = try hours("13:00", "14:30")
        #expect(quiet.end(holding: try time(text)) == (try end.map(time)))
    }

    @Test(arguments: [
        ("2026-07-01T19:59:59.999999Z", nil),
        ("2026-07-01T20:00:00Z", "2026-07-02T05:00:00Z"),
        // both sides of midnight in Berlin
        ("2026-07-01T21:59:59.999999Z", "2026-07-02T05:00:00Z"),
        ("2026-07-01T22:00:00Z", "2026-07-02T05:00:00Z"),
        ("2026-07-02T04:59:59.999999Z", "2026-07-02T05:00:00Z"),
        ("2026-07-02T05:00:00Z", nil),
        ("2026-12-31T22:30:00Z", "2027-01-01T06:00:00Z"),
    ])
    func hoursOverMidnightEndTheNextMorning(at text: String, end: String?) throws {
        let quiet = try hours("22:00", "07:00")
        #expect(quiet.end(holding: try time(text)) == (try end.map(time)))
    }

    @Test func hoursMayBeginOrEndAtMidnight() throws {
        let morning = try hours("00:00", "07:00", "UTC")
        #expect(morning.end(holding: try time("2026-07-01T00:00:00Z")) == (try time("2026-07-01T07:00:00Z")))
        #expect(morning.end(holding: try time("2026-06-30T23:59:59Z")) == nil)
        let evening = try hours("22:00", "00:00", "UTC")
        #expect(evening.end(holding: try time("2026-07-01T23:59:59Z")) == (try time("2026-07-02T00:00:00Z")))
        #expect(evening.end(holding: try time("2026-07-02T00:00:00Z")) == nil)
        let allButAMinute = try hours("00:01", "00:00", "UTC")
        #expect(allButAMinute.end(holding: try time("2026-07-01T00:00:59Z")) == nil)
        #expect(allButAMinute.end(holding: try time("2026-07-01T00:01:00Z")) == (try time("2026-07-02T00:00:00Z")))
    }

    /// Kathmandu is 5 h 45 min ahead of UTC.
    @Test func zonesNeedNotBeWholeHoursApart() throws {
        let quiet = try hours("22:00", "07:00", "Asia/Kathmandu")
        #expect(quiet.end(holding: try time("2026-07-01T16:14:59Z")) == nil)
        #expect(quiet.end(holding: try time("2026-07-01T16:15:00Z")) == (try time("2026-07-02T01:15:00Z")))
    }

    @Test(arguments: ["Mars/Olympus_Mons", "", "nonsense", "../../etc/passwd"])
    func aZoneThatIsNotKnownIsUTC(name: String) throws {
        let quiet = try hours("22:00", "07:00", name)
        #expect(quiet.end(holding: try time("2026-07-01T22:00:00Z")) == (try time("2026-07-02T07:00:00Z")))
        #expect(quiet.end(holding: try time("2026-07-01T21:59:59Z")) == nil)
    }

    // MARK: - Nights in which the clock is changed

    struct Night: Sendable, CustomTestStringConvertible {
        var zone: String
        var from = "22:00"
        var to: String
        var at: String
        var end: String?
        var testDescription: String { "\(zone) \(from)-\(to) at \(at)" }
    }

    /// Berlin went from 2:00 to 3:00 at 1:00 UTC on 29 March 2026, New York at 7:00 UTC on 8 March.
    @Test(arguments: [
        // the end is in the hour that is left out: it is quiet until the clock jumps past it
        Night(zone: "Europe/Berlin", to: "02:30", at: "2026-03-28T21:00:00Z", end: "2026-03-29T01:00:00Z"),
        Night(zone: "Europe/Berlin", to: "02:30", at: "2026-03-29T00:59:59Z", end: "2026-03-29T01:00:00Z"),
        Night(zone: "Europe/Berlin", to: "02:30", at: "2026-03-29T01:00:00Z", end: nil),
        Night(zone: "Europe/Berlin", to: "02:00", at: "2026-03-29T00:30:00Z", end: "2026-03-29T01:00:00Z"),
        Night(zone: "Europe/Berlin", to: "03:00", at: "2026-03-29T00:30:00Z", end: "2026-03-29T01:00:00Z"),
        // an hour shorter
        Night(zone: "Europe/Berlin", to: "07:00", at: "2026-03-28T21:00:00Z", end: "2026-03-29T05:00:00Z"),
        Night(zone: "America/New_York", to: "02:30", at: "2026-03-08T03:00:00Z", end: "2026-03-08T07:00:00Z"),
        Night(zone: "America/New_York", to: "02:30", at: "2026-03-08T06:59:59Z", end: "2026-03-08T07:00:00Z"),
        Night(zone: "America/New_York", to: "02:30", at: "2026-03-08T07:00:00Z", end: nil),
        Night(zone: "America/New_York", to: "07:00", at: "2026-03-08T03:00:00Z", end: "2026-03-08T11:00:00Z"),
        // they begin in the hour that is left out
        Night(zone: "Europe/Berlin", from: "02:15", to: "06:00", at: "2026-03-29T00:59:59Z", end: nil),
        Night(
            zone: "Europe/Berlin", from: "02:15", to: "06:00", at: "2026-03-29T01:00:00Z", end: "2026-03-29T04:00:00Z"),
        // they fall into it altogether
        Night(zone: "Europe/Berlin", from: "02:15", to: "02:45", at: "2026-03-29T00:59:59Z", end: nil),
        Night(zone: "Europe/Berlin", from: "02:15", to: "02:45", at: "2026-03-29T01:00:00Z", end: nil),
    ])
    func inSpringTheyEndWhereTheClockJumps(_ night: Night) throws {
        let quiet = try hours(night.from, night.to, night.zone)
        #expect(quiet.end(holding: try time(night.at)) == (try night.end.map(time)))
    }

    /// Berlin went from 3:00 back to 2:00 at 1:00 UTC on 25 October 2026, New York from 2:00 to 1:00 at 6:00 UTC on
    /// 1 November.
    @Test(arguments: [
        // the clock shows the end twice: it is quiet until it does so first, and again until it does so the second time
        Night(zone: "Europe/Berlin", to: "02:30", at: "2026-10-24T20:00:00Z", end: "2026-10-25T00:30:00Z"),
        Night(zone: "Europe/Berlin", to: "02:30", at: "2026-10-25T00:29:59Z", end: "2026-10-25T00:30:00Z"),
        Night(zone: "Europe/Berlin", to: "02:30", at: "2026-10-25T00:30:00Z", end: nil),
        Night(zone: "Europe/Berlin", to: "02:30", at: "2026-10-25T01:00:00Z", end: "2026-10-25T01:30:00Z"),
        Night(zone: "Europe/Berlin", to: "02:30", at: "2026-10-25T01:29:59Z", end: "2026-10-25T01:30:00Z"),
        Night(zone: "Europe/Berlin", to: "02:30", at: "2026-10-25T01:30:00Z", end: nil),
        // an hour longer
        Night(zone: "Europe/Berlin", to: "07:00", at: "2026-10-24T20:00:00Z", end: "2026-10-25T06:00:00Z"),
        Night(zone: "Europe/Berlin", to: "07:00", at: "2026-10-25T01:10:00Z", end: "2026-10-25T06:00:00Z"),
        Night(zone: "Europe/Berlin", to: "03:00", at: "2026-10-25T00:10:00Z", end: "2026-10-25T02:00:00Z"),
        Night(zone: "Europe/Berlin", to: "03:00", at: "2026-10-25T01:10:00Z", end: "2026-10-25T02:00:00Z"),
        Night(zone: "America/New_York", to: "01:30", at: "2026-11-01T03:00:00Z", end: "2026-11-01T05:30:00Z"),
        Night(zone: "America/New_York", to: "01:30", at: "2026-11-01T05:30:00Z", end: nil),
        Night(zone: "America/New_York", to: "01:30", at: "2026-11-01T06:10:00Z", end: "2026-11-01T06:30:00Z"),
        Night(zone: "America/New_York", to: "01:30", at: "2026-11-01T06:30:00Z", end: nil),
        Night(zone: "America/New_York", to: "07:00", at: "2026-11-01T03:00:00Z", end: "2026-11-01T12:00:00Z"),
    ])
    func inAutumnTheyEndWhenTheClockShowsItNext(_ night: Night) throws {
        let quiet = try hours(night.from, night.to, night.zone)
        #expect(quiet.end(holding: try time(night.at)) == (try night.end.map(time)))
    }

    /// Whatever the hours, the zone and the minute: it is quiet exactly when the clock on the wall says so, and they end with
    /// the first minute that is not quiet. Hours that leave out only minutes that a night skips go on for two days.
    @Test(arguments: [
        ("Europe/Berlin", "2026-03-28T12:00:00Z"), ("Europe/Berlin", "2026-10-24T12:00:00Z"),
        ("America/New_York", "2026-03-07T12:00:00Z"), ("America/New_York", "2026-10-31T12:00:00Z"),
        // half an hour forth and back, and a day of 24 h
        ("Australia/Lord_Howe", "2026-04-03T20:00:00Z"), ("Australia/Lord_Howe", "2026-10-02T20:00:00Z"),
        ("Asia/Kolkata", "2026-06-01T00:00:00Z"),
    ])
    func theEndIsTheFirstMinuteThatIsNotQuiet(zone name: String, from text: String) throws {
        var random = SeededRandom(seed: 20_261_025)
        let zone = try #require(TimeZone(identifier: name))
        let start = try time(text)
        let clocks = (0...(3 * 1440)).map { wallClock(start.advanced(bySeconds: Int64($0 * 60)), in: zone) }
        var wrong: [String] = []
        for _ in 0..<150 {
            let from = Int.random(in: 0..<1440, using: &random)
            // often in the hours in which clocks are changed
            let to = Bool.random(using: &random) ? Int.random(in: 60..<210, using: &random) : (from + 480) % 1440
            guard from != to else { continue }
            let quiet = QuietHours(from: ClockTime(minutes: from), to: ClockTime(minutes: to), timeZone: name)
            let minute = Int.random(in: 0..<1440, using: &random)
            func isQuiet(_ clock: Int) -> Bool {
                from < to ? (from..<to).contains(clock) : clock >= from || clock < to
            }
            let end = isQuiet(clocks[minute]) ? clocks[minute...].firstIndex { !isQuiet($0) } : nil
            let expected = end.map { start.advanced(bySeconds: Int64($0 * 60)) }
            let found = quiet.end(holding: start.advanced(bySeconds: Int64(minute * 60)))
            if found != expected {
                let at = start.advanced(bySeconds: Int64(minute * 60))
                wrong.append("\(quiet.from)-\(quiet.to) at \(at): \(found.map(\.description) ?? "not quiet")")
            }
        }
        #expect(wrong == [])
    }

    // MARK: - Reading

    @Test(arguments: [("00:00", 0), ("07:05", 425), ("22:00", 1320), ("23:59", 1439)])
    func clockTimesAreRead(text: String, minutes: Int) throws {
        let time = try #require(ClockTime(text))
        #expect(time.minutes == minutes)
        #expect(time.description == text)
    }

    @Test func everyMinuteIsWrittenAsItIsRead() {
        for minutes in 0..<1440 {
            #expect(ClockTime(ClockTime(minutes: minutes).description) == ClockTime(minutes: minutes))
        }
    }

    @Test(arguments: [
        "", ":", "24:00", "23:60", "7:00", "07:0", "07:000", "007:00", "07:00:00", "0700", "07.00", " 07:00", "07:00 ",
        "-1:00", "+7:00", "07:+1", "07:-1", "aa:bb", "٠٧:٠٠", "０７:００", "07:00\n", "07：00", "1e:00", "\u{0}7:00",
    ])
    func anythingElseIsNoClockTime(text: String) {
        #expect(ClockTime(text) == nil)
    }

    @Test(arguments: [
        "UTC", "Europe/Berlin", "America/New_York", "America/Argentina/Buenos_Aires", "Asia/Kathmandu",
        "Pacific/Chatham",
    ])
    func placesAreKnown(name: String) {
        #expect(QuietHours.isKnown(timeZone: name))
    }

    @Test(arguments: [
        "", "/", "CET", "CEST", "GMT+1", "+01:00", "utc", "Mars/Olympus_Mons", "Europe/Atlantis", "Europe/", "Europe",
        "/Berlin", "Europe/Berlin/", "Europe/Berlin ", "../../etc/passwd", "/etc/localtime", "Europe/../Europe/Berlin",
        "Europe/Berlin\u{0}", "posix/Europe/Berlin\n",
    ])
    func whatIsNoPlaceIsNotKnown(name: String) {
        #expect(!QuietHours.isKnown(timeZone: name))
    }
}

/// Draws the same numbers each time, so that a failure can be looked into.
private struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
