public import Domain

/// The calls of a period in the order of their times: busy days, quiet nights, slow weekends, and the incidents.
public struct DemoStory: Sequence, IteratorProtocol, Sendable {
    private var traffic: DemoTraffic
    private var clock: DemoRandom
    private let start: Timestamp
    private let end: Timestamp
    private let count: Int
    private let totalWeight: Double
    /// The stretch of at most an hour whose calls are being told.
    private var stretch: Range<Timestamp>
    /// The weight of everything up to the end of `stretch`.
    private var weight: Double
    private var stretchCount: Int
    private var indexInStretch = 0
    private var told: Int

    /// Plans a story.
    /// - Parameters:
    ///   - seed: any number; the same seed and period make the same story.
    ///   - start: when it begins.
    ///   - end: when it ends, later than `start`.
    ///   - count: the calls in all.
    ///   - now: what the incidents are counted back from; the end when nil.
    ///   - connectionIDs: the ids to send for connections, by `DemoConnection.key`.
    public init(
        seed: UInt64,
        from start: Timestamp,
        to end: Timestamp,
        count: Int,
        now: Timestamp? = nil,
        connectionIDs: [String: String] = [:]
    ) {
        traffic = DemoTraffic(
            seed: seed,
            incidents: DemoIncidents(before: now ?? end),
            connectionIDs: connectionIDs
        )
        clock = DemoRandom(seed: seed ^ 0x5EED)
        self.start = start
        self.end = end
        self.count = start < end ? count : 0
        var total = 0.0
        var first = Self.stretch(from: start, upTo: end)
        while !first.isEmpty {
            total += Self.weight(of: first)
            first = Self.stretch(from: first.upperBound, upTo: end)
        }
        totalWeight = total
        stretch = Self.stretch(from: start, upTo: end)
        weight = Self.weight(of: stretch)
        told = 0
        stretchCount = 0
        stretchCount = due()
    }

    /// The next call; nil at the end of the story.
    public mutating func next() -> DemoCall? {
        while indexInStretch == stretchCount {
            guard told < count, stretch.upperBound < end else { return nil }
            stretch = Self.stretch(from: stretch.upperBound, upTo: end)
            weight += Self.weight(of: stretch)
            indexInStretch = 0
            stretchCount = due()
        }
        // Each call has a slot of its own in the stretch and lies anywhere in it, so the times come sorted.
        let length = Double(stretch.upperBound.microseconds - stretch.lowerBound.microseconds)
        let place = (Double(indexInStretch) + clock.unit()) / Double(stretchCount)
        // Clients send milliseconds.
        let offset = Int64(length * place) / 1000 * 1000
        indexInStretch += 1
        told += 1
        return traffic.call(at: Timestamp(microseconds: stretch.lowerBound.microseconds + offset))
    }

    /// The calls of the current stretch, so that rounding never adds up and the last stretch takes the rest.
    private func due() -> Int {
        let isLast = stretch.upperBound >= end
        return (isLast ? count : Int(Double(count) * weight / totalWeight)) - told
    }

    private static func stretch(from start: Timestamp, upTo end: Timestamp) -> Range<Timestamp> {
        guard start < end else { return start..<start }
        return start..<Swift.min(start.hour.advanced(bySeconds: 3600), end)
    }

    private static func weight(of stretch: Range<Timestamp>) -> Double {
        let length = Double(stretch.upperBound.microseconds - stretch.lowerBound.microseconds)
        return length * DemoRhythm.load(at: stretch.lowerBound)
    }
}

/// How busy the platform is at a time.
enum DemoRhythm {
    /// By hour of the day, UTC, with a peak before noon and one in the evening.
    private static let hours: [Double] = [
        0.16, 0.11, 0.08, 0.07, 0.09, 0.17, 0.34, 0.62, 0.95, 1.22, 1.35, 1.24,
        1.02, 1.05, 1.14, 1.17, 1.12, 1.19, 1.38, 1.43, 1.21, 0.83, 0.49, 0.27,
    ]

    /// About 1 on a working day's average hour.
    static func load(at time: Timestamp) -> Double {
        let hour = Int((time.microseconds - time.day.start.microseconds) / 3_600_000_000)
        // 1970-01-01 was a Thursday: 2 and 3 are Saturday and Sunday.
        let weekday = (time.day.number % 7 + 7) % 7
        return hours[hour] * (weekday == 2 || weekday == 3 ? 0.55 : 1)
    }
}
