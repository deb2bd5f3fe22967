/// Reads inputs one after the other and makes batches of their entries.
struct ShipReader {
    /// Bytes of all inputs; nil when one is a pipe.
    let bytesTotal: Int64?

    private let inputs: [ShipInput]
    private let har: HARImport
    private var fileIndex = -1
    private var source: ByteSource?
    private var reader: (any ItemReader)?
    private var bytesOfEarlierFiles: Int64 = 0
    /// Read already, but the batch before had no room for it.
    private var waiting: (line: [UInt8], place: ShipPlace)?
    /// Came up after the last batch's entries, which are good all the same.
    private var failure: (any Error)?

    init(inputs: [ShipInput], har: HARImport) {
        self.inputs = inputs
        self.har = har
        let sizes = inputs.compactMap(\.size)
        bytesTotal = sizes.count == inputs.count ? sizes.reduce(0, +) : nil
    }

    /// The next batch; nil when everything is read.
    /// - Throws: what went wrong in reading, once the entries before it have been returned.
    mutating func next() throws -> ShipBatch? {
        if let failure { throw failure }
        var batch = ShipBatch()
        if let (line, place) = waiting.take() { batch.append(line, at: place) }
        do {
            try fill(&batch)
        } catch {
            guard !batch.isEmpty else { throw error }
            failure = error
        }
        batch.bytesRead = bytesRead
        return batch.isEmpty ? nil : batch
    }

    private mutating func fill(_ batch: inout ShipBatch) throws {
        while let item = try nextItem() {
            switch item {
            case .entry(let line, let number):
                let place = place(number)
                guard batch.fits(line.count) else {
                    waiting = (line, place)
                    return
                }
                batch.append(line, at: place)
            case .issue(let code, let detail, let number):
                batch.known.rejected += 1
                batch.known.note(ShipIssue(place: place(number), code: code, detail: detail))
            case .skipped:
                batch.known.skipped += 1
            }
        }
    }

    private var bytesRead: Int64 { bytesOfEarlierFiles + (source?.bytesTaken ?? 0) }

    private func place(_ number: Int) -> ShipPlace {
        ShipPlace(fileIndex: fileIndex, file: inputs[fileIndex].name, number: number)
    }

    private mutating func nextItem() throws -> ShipItem? {
        while true {
            if let item = try reader?.next() { return item }
            guard fileIndex + 1 < inputs.count else { return nil }
            bytesOfEarlierFiles = bytesRead
            fileIndex += 1
            let source = ByteSource(inputs[fileIndex])
            self.source = source
            reader = try ItemReaders.reader(for: source, har: har)
        }
    }
}
