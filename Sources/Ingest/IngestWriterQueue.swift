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
        /// Entries that must wait before a further lane sets out while another is under way: fewer are better off sharing
        /// the transaction that follows, whose cost hardly depends on their number.
        var furtherLaneEntries: Int
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
    private var busyLanes: Int
    private var isClosed = false
    private(set) var waitingEntries = 0
    private(set) var waitingBytes = 0

    /// - Parameters:
    ///   - limits: of the queue.
    ///   - lanes: how many there are; each is busy until it parks.
    init(limits: Limits, lanes: Int) {
        self.limits = limits
        busyLanes = lanes
    }

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
        guard isWorthALane, let lane = freeLanes.popLast() else { return .queued }
        busyLanes += 1
        return .run(lane, takeGroup())
    }

    /// A lane is done and asks for more; it is not free yet.
    mutating func next() -> NextAction {
        busyLanes -= 1
        defer { busyLanes += 1 }
        if isWorthALane { return .run(takeGroup()) }
        return isClosed && waiting.isEmpty ? .finish : .wait
    }

    /// A lane that was told to wait does so now, unless something came in between.
    mutating func park(_ lane: Lane) -> NextAction {
        busyLanes -= 1
        if isWorthALane {
            busyLanes += 1
            return .run(takeGroup())
        }
        // the last busy lane of a closed queue finds it empty; the others have nothing to wait for
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

    /// Whether a lane that is not counted as busy should take a group now.
    private var isWorthALane: Bool {
        !waiting.isEmpty && (busyLanes == 0 || waitingEntries >= limits.furtherLaneEntries)
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
