/// What a worker has run since it started.
public struct JobNumbers: Sendable {
    /// The numbers of one kind.
    public struct Kind: Sendable, Hashable {
        /// Runs that were begun.
        public var began = 0
        /// Runs that did what they should.
        public var done = 0
        /// Runs that failed and are tried again.
        public var failed = 0
        /// Jobs that were given up.
        public var dead = 0
        /// Seconds that jobs waited from when they were due until a worker had them, summed up.
        public var waitedSeconds = 0.0

        /// Nothing yet.
        public init() {}
    }

    /// By the kind's word.
    public var kinds: [String: Kind] = [:]
    /// Runs whose lease ran out before they ended.
    public var lost = 0

    /// Nothing yet.
    public init() {}
}
