import DequeModule

/// What waits to be stored, and which lanes are free: a pure state machine. The writer acts on what it returns.
struct IngestWriterQueue<Item: Sendable, Lane: Sendable> {
    /// Limits of the queue.
    struct Limits: Sendable {
        /// Entries that may wait.
        var entries: Int
        /// Bytes of captured bodies that may wait.
        var bytes: Int
        /// Entries that one transaction takes, unless a single request brings more.
        var groupEntries: Int
        /// Bytes that one transaction takes, unless a single request brings more.
        var groupBytes: Int
    }

    /// A request that waits.
    struct Waiting: Sendable {
        var item: Item
        var entries: Int
        var bytes: Int
        /// Must have a transaction of its own.
        var standsAlone: Bool
    }

    enum SubmitAction: Sendable {
        /// It waits; a busy lane will take it.
        case queued
        /// This free lane takes the group now.
        case run(Lane, [Item])
        /// The queue is full: the client has to come again.
        case refuse
        /// The writer has been shut down.
        case closed
    }

    enum NextAction: Sendable {
        case run([Item])
        /// The lane waits for work.
        case wait
        /// Nothing comes any more.
        case finish
    }

    private let limits: Limits
    private var waiting: Deque<Waiting> = []
    private var freeLanes: [Lane] = []
    private var isClosed = false
    private(set) var waitingEntries = 0
    private(set) var waitingBytes = 0

    init(limits: Limits) { self.limits = limits }

    /// A request comes.
    mutating func submit(_ request: Waiting) -> SubmitAction {
        guard !isClosed else { return .closed }
        // an empty queue takes any single request, however large
        guard
            waiting.isEmpty
                || waitingEntries + request.entries <= limits.entries && waitingBytes + request.bytes <= limits.bytes
        else { return .refuse }
        waiting.append(request)
        waitingEntries += request.entries
        waitingBytes += request.bytes
        guard let lane = freeLanes.popLast() else { return .queued }
        return .run(lane, takeGroup())
    }

    /// A lane is done and asks for more; it is not free yet.
    mutating func next() -> NextAction {
        if !waiting.isEmpty { return .run(takeGroup()) }
        return isClosed ? .finish : .wait
    }

    /// A lane that was told to wait does so now, unless something came in between.
    mutating func park(_ lane: Lane) -> NextAction {
        if !waiting.isEmpty { return .run(takeGroup()) }
        if isClosed { return .finish }
        freeLanes.append(lane)
        return .wait
    }

    /// Nothing more is taken; what waits is still stored.
    /// - Returns: the lanes that wait for nothing.
    mutating func close() -> [Lane] {
        isClosed = true
        defer { freeLanes.removeAll() }
        return freeLanes
    }

    private mutating func takeGroup() -> [Item] {
        var group: [Item] = []
        var entries = 0
        var bytes = 0
        while let request = waiting.first {
            if !group.isEmpty {
                let fits =
                    entries + request.entries <= limits.groupEntries && bytes + request.bytes <= limits.groupBytes
                if request.standsAlone || !fits { break }
            }
            waiting.removeFirst()
            group.append(request.item)
            entries += request.entries
            bytes += request.bytes
            waitingEntries -= request.entries
            waitingBytes -= request.bytes
            if request.standsAlone { break }
        }
        return group
    }
}
