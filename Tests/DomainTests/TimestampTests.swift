import Domain
import Foundation
import Testing

@Suite struct TimestampTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", Int64(0)),
        ("2026-11-20T06:58:16.698Z", 1_795_157_896_698_000),
        ("2026-11-20T07:58:16.698+01:00", 1_795_157_896_698_000),
        ("2000-02-29T23:59:59.9999999Z", 951_868_799_999_999),
        ("1969-12-31T23:59:59.5Z", -500_000),
    ])
    func readsRFC3339(text: String, microseconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.microseconds == microseconds)
    }

    @Test(arguments: [
        "2026-11-20T06:58:16", "2026-11-20", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-20T24:00:00Z",
        "2026-11-20T06:58:16.Z", "2026-11-20T06:58:16+0100", "20261120T065816Z", "", "2026-11-20T06:58:16Zjunk",
        "２026-11-20T06:58:16Z", "2026-11-20T06:58:16.698698698698698698698698698698698Z",
    ])
    func refusesWhatIsNot(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    /// Foundation's calendar is the oracle.
    @Test func agreesWithTheCalendar() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: "UTC"))
        for _ in 0..<2000 {
            let time = Timestamp(microseconds: Int64.random(in: -2_000_000_000_000_000...4_000_000_000_000_000))
            let date = Date(timeIntervalSince1970: Double(time.day.start.microseconds) / 1_000_000)
            let parts = calendar.dateComponents([.year, .month, .day], from: date)
            #expect(time.day.civil == (try #require(parts.year), try #require(parts.month), try #require(parts.day)))
            #expect(Timestamp(rfc3339: time.description) == time)
            #expect(time.hour <= time && time.hour.advanced(bySeconds: 3600) > time)
        }
    }
}
