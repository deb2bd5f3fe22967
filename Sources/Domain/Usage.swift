/// What a tenant's calls of the last days amount to.
public struct Usage: Sendable, Hashable {
    /// Calls, and how many of them failed.
    public struct Calls: Sendable, Hashable {
        /// All calls.
        public var entries: Int
        /// Those that failed.
        public var errors: Int

        /// Puts numbers together; see the properties.
        public init(entries: Int = 0, errors: Int = 0) {
            self.entries = entries
            self.errors = errors
        }

        /// Both sums.
        public static func += (left: inout Calls, right: Calls) {
            left.entries += right.entries
            left.errors += right.errors
        }
    }

    /// The stored headers and bodies of a day.
    public struct Bodies: Sendable, Hashable {
        /// Bytes as they are stored: compressed, without the rows and indexes around them.
        public var storedBytes: Int
        /// Bytes before compression.
        public var rawBytes: Int

        /// Puts numbers together; see the properties.
        public init(storedBytes: Int = 0, rawBytes: Int = 0) {
            self.storedBytes = storedBytes
            self.rawBytes = rawBytes
        }
    }

    /// A UTC day.
    public struct OfDay: Sendable, Hashable {
        /// Which day.
        public var day: Day
        /// Its calls; nil when the time budget ended before all of the day was counted.
        public var calls: Calls?
        /// Its headers and bodies; nil when the time budget ended before.
        public var bodies: Bodies?

        /// Puts a day together; see the properties.
        public init(day: Day, calls: Calls?, bodies: Bodies?) {
            self.day = day
            self.calls = calls
            self.bodies = bodies
        }
    }

    /// A bot or an application, and its calls.
    public struct Share: Sendable, Hashable {
        /// As filters take it.
        public var value: String
        /// As people read it; nil where it has no name of its own.
        public var name: String?
        /// Its calls.
        public var calls: Calls

        /// Puts a share together; see the properties.
        public init(value: String, name: String?, calls: Calls) {
            self.value = value
            self.name = name
            self.calls = calls
        }
    }

    /// How long the newest calls to an application took.
    public struct Durations: Sendable, Hashable {
        /// The application.
        public var application: Application
        /// Calls of the sample that say how long they took.
        public var calls: Int
        /// Milliseconds that half of these calls did not exceed.
        public var median: Int
        /// Milliseconds that 95 of a hundred of these calls did not exceed.
        public var percentile95: Int

        /// Puts numbers together; see the properties.
        public init(application: Application, calls: Int, median: Int, percentile95: Int) {
            self.application = application
            self.calls = calls
            self.median = median
            self.percentile95 = percentile95
        }
    }

    /// The most bots, and the most applications, that are named as failing.
    public static let mostFailing = 10
    /// Calls whose durations are looked at.
    public static let sampledCalls = 10_000

    /// Oldest first; the last one is today.
    public var days: [OfDay]
    /// All calls of the days.
    public var total: Calls
    /// Bots that had calls.
    public var botsTotal: Int
    /// Bots with the most failed calls, most first; none without.
    public var failingBots: [Share]
    /// Applications with the most failed calls, most first; none without.
    public var failingApplications: [Share]
    /// Of the newest calls of the days, at most `sampledCalls`; slowest first, by `percentile95`.
    public var recentDurations: [Durations]
    /// Set when the time budget ended the count: only calls at or after this time are in the sums.
    public var scannedTo: Timestamp?

    /// Puts it together; see the properties.
    public init(
        days: [OfDay], total: Calls, botsTotal: Int, failingBots: [Share], failingApplications: [Share],
        recentDurations: [Durations], scannedTo: Timestamp?
    ) {
        self.days = days
        self.total = total
        self.botsTotal = botsTotal
        self.failingBots = failingBots
        self.failingApplications = failingApplications
        self.recentDurations = recentDurations
        self.scannedTo = scannedTo
    }
}
