/// How many calls succeeded and failed over time.
public struct CallLogHistogram: Sendable, Hashable {
    /// How long a bucket is, in UTC.
    public enum Interval: String, Sendable, CaseIterable {
        case hour
        case day

        /// Its length in seconds.
        public var seconds: Int64 {
            switch self {
            case .hour: 3600
            case .day: 86_400
            }
        }

        /// The start of the bucket that holds a time.
        public func start(of time: Timestamp) -> Timestamp {
            switch self {
            case .hour: time.hour
            case .day: time.day.start
            }
        }
    }

    /// An hour or a day.
    public struct Bucket: Sendable, Hashable {
        /// When it begins; the first one of a period may begin before the period does.
        public var start: Timestamp
        /// Calls that succeeded.
        public var successes: Int
        /// Calls that failed.
        public var errors: Int

        /// Puts a bucket together; see the properties.
        public init(start: Timestamp, successes: Int = 0, errors: Int = 0) {
            self.start = start
            self.successes = successes
            self.errors = errors
        }
    }

    /// How long its buckets are.
    public var interval: Interval
    /// The period that was counted, its end excluded: what was asked for, cut to what is kept and has begun.
    public var period: Range<Timestamp>
    /// Oldest first, one beside the other: where there were no calls, with zeros.
    public var buckets: [Bucket]
    /// Set when the time budget ended the count: only calls at or after this time are in it, and no earlier bucket is there.
    public var scannedTo: Timestamp?

    /// Puts a histogram together; see the properties.
    public init(interval: Interval, period: Range<Timestamp>, buckets: [Bucket], scannedTo: Timestamp?) {
        self.interval = interval
        self.period = period
        self.buckets = buckets
        self.scannedTo = scannedTo
    }
}
