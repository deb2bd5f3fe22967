/// How many calls there are of each status, method, code, bot and application.
///
/// Each of these is counted under all *other* filters of the query: so a chosen value still shows its alternatives, and
/// how many calls choosing them would find.
public struct CallLogFacets: Sendable, Hashable {
    /// A value that can be chosen.
    public struct Value: Sendable, Hashable {
        /// As the filter takes it.
        public var value: String
        /// As people read it; nil where it has no name of its own.
        public var name: String?
        /// Calls.
        public var count: Int

        /// Puts a value together; see the properties.
        public init(value: String, name: String? = nil, count: Int) {
            self.value = value
            self.name = name
            self.count = count
        }
    }

    /// The most bots that are named.
    public static let mostBots = 200

    /// Calls that match all filters.
    public var total: Int
    /// Success and error, always both.
    public var statuses: [Value]
    /// Methods that occur or are chosen, most frequent first.
    public var methods: [Value]
    /// Codes that occur or are chosen, in their order.
    public var codes: [Value]
    /// Classes of codes: `2xx` to `5xx` always, `1xx` if it occurs or is chosen.
    public var codeClasses: [Value]
    /// The most frequent bots, and those that are chosen.
    public var bots: [Value]
    /// Bots that occur, named or not.
    public var botsTotal: Int
    /// Applications that occur or are chosen, most frequent first.
    public var applications: [Value]
    /// Set when the time budget ended the count: only calls at or after this time are in it.
    public var scannedTo: Timestamp?

    /// Puts facets together; see the properties.
    public init(
        total: Int, statuses: [Value], methods: [Value], codes: [Value], codeClasses: [Value], bots: [Value],
        botsTotal: Int, applications: [Value], scannedTo: Timestamp?
    ) {
        self.total = total
        self.statuses = statuses
        self.methods = methods
        self.codes = codes
        self.codeClasses = codeClasses
        self.bots = bots
        self.botsTotal = botsTotal
        self.applications = applications
        self.scannedTo = scannedTo
    }
}
