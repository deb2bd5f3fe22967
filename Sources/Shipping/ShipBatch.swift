/// Entries to send in one request.
struct ShipBatch: Sendable, Hashable {
    /// NDJSON, one line an entry.
    var body: [UInt8] = []
    /// Where each line's entry stands.
    var places: [ShipPlace] = []
    /// Bytes of input read up to the end of this batch, over all files.
    var bytesRead: Int64 = 0
    /// What is already known without asking the server: entries skipped, and entries that cannot be sent.
    var known = ShipSummary()

    /// Entries in a batch at most.
    static let maximumEntries = 1000
    /// Bytes of NDJSON in a batch at most, but for one larger entry that goes alone.
    static let maximumBytes = 4 << 20
    /// Bytes of an entry at most: what a request may hold.
    static let maximumEntryBytes = 8 << 20

    /// Whether there is nothing to send and nothing to report.
    var isEmpty: Bool { places.isEmpty && known.total == 0 }

    /// Whether one more entry of this size still fits.
    func fits(_ size: Int) -> Bool {
        places.isEmpty || places.count < Self.maximumEntries && body.count + size + 1 <= Self.maximumBytes
    }

    mutating func append(_ line: some Collection<UInt8>, at place: ShipPlace) {
        body.append(contentsOf: line)
        body.append(UInt8(ascii: "\n"))
        places.append(place)
    }

    /// The batch in two halves, the first with what is known; nil for a single entry.
    func halves() -> (ShipBatch, ShipBatch)? {
        guard places.count > 1 else { return nil }
        let lines = body.split(separator: UInt8(ascii: "\n"))
        let middle = places.count / 2
        var first = ShipBatch()
        first.known = known
        var second = ShipBatch()
        for (index, line) in lines.enumerated() {
            if index < middle {
                first.append(line, at: places[index])
            } else {
                second.append(line, at: places[index])
            }
        }
        first.bytesRead = bytesRead
        second.bytesRead = bytesRead
        return (first, second)
    }
}
