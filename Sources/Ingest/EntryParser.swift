import Domain

/// Reads the entries of a request: splits, parses, validates and redacts.
public struct EntryParser: Sendable {
    private let context: EntryContext

    /// Makes a parser for one request.
    /// - Parameter context: what the entries are judged by.
    public init(context: EntryContext) { self.context = context }

    /// Reads a request's body.
    /// - Parameters:
    ///   - body: decompressed.
    ///   - format: as the content type says.
    /// - Returns: the entries to store, and what is wrong with the others.
    /// - Throws: `RequestIssue` when the request has to be refused as a whole.
    public func parse(_ body: [UInt8], format: EntryFormat) throws(RequestIssue) -> ParsedRequest {
        try body.withUnsafeBufferPointer { text throws(RequestIssue) in try parse(text, format: format) }
    }

    /// Reads a request's body where it lies.
    /// - Parameters:
    ///   - body: decompressed.
    ///   - format: as the content type says.
    /// - Returns: the entries to store, and what is wrong with the others.
    /// - Throws: `RequestIssue` when the request has to be refused as a whole.
    public func parse(_ body: UnsafeRawBufferPointer, format: EntryFormat) throws(RequestIssue) -> ParsedRequest {
        try parse(
            UnsafeBufferPointer(start: body.assumingMemoryBound(to: UInt8.self).baseAddress, count: body.count),
            format: format
        )
    }

    private func parse(
        _ text: UnsafeBufferPointer<UInt8>,
        format: EntryFormat
    ) throws(RequestIssue) -> ParsedRequest {
        let splitter = EntrySplitter(text)
        var request = ParsedRequest()
        let ranges: [Range<Int>]
        switch format {
        case .ndjson: ranges = try splitter.lines()
        case .json: (ranges, request.isSingleObject) = try splitter.elements()
        }
        request.total = ranges.count
        guard let parser = JSONParser.take() else { throw Self.outOfMemory }
        defer { JSONParser.give(parser) }
        var reader = EntryReader(context: context, parser: parser)
        var lines = LineCounter(text)
        request.entries.reserveCapacity(ranges.count)
        request.entryIndexes.reserveCapacity(ranges.count)
        for (index, range) in ranges.enumerated() {
            let outcome: EntryReader.Outcome
            do throws(JSONFailure) {
                outcome = try reader.read(text, range: range)
            } catch {
                outcome = .rejected
                reader.issues.append(
                    try issue(of: error, in: range, of: splitter, format: format, text: text, lines: &lines)
                )
            }
            request.take(outcome, index: index, issues: reader.issues)
        }
        return request
    }

    /// The issue of an entry that could not be read, or, thrown, that of the whole request.
    private func issue(
        of failure: JSONFailure,
        in range: Range<Int>,
        of splitter: EntrySplitter,
        format: EntryFormat,
        text: UnsafeBufferPointer<UInt8>,
        lines: inout LineCounter
    ) throws(RequestIssue) -> EntryReader.Issue {
        switch (failure, format) {
        case (.outOfMemory, _): throw Self.outOfMemory
        case (.tooDeep, _):
            return EntryReader.Issue(
                pointer: "",
                code: .tooDeep,
                detail: "The entry is nested deeper than \(JSONParser.maximumDepth) levels; send nested data as text."
            )
        case (_, .json): throw splitter.malformed(in: splitter.whole)
        case (_, .ndjson):
            let place = JSONDiagnosis.firstError(in: text, range: range)
            let line = lines.line(at: place?.offset ?? range.lowerBound)
            let reason = place.map { "\($0.reason) (byte \($0.offset) of the body, line \(line))" }
            return EntryReader.Issue(
                pointer: "",
                code: .malformedJSON,
                detail: "The line is not well-formed JSON: \(reason ?? "it cannot be read")."
            )
        }
    }

    private static let outOfMemory = RequestIssue(
        kind: .outOfMemory,
        detail: "There is no memory to read the request with; try again later, or send fewer entries at once."
    )
}

extension ParsedRequest {
    fileprivate mutating func take(_ outcome: EntryReader.Outcome, index: Int, issues: [EntryReader.Issue]) {
        switch outcome {
        case .taken(let entry):
            entries.append(entry)
            entryIndexes.append(index)
        case .unreachable:
            unreachable += 1
        case .rejected:
            rejected += 1
            for issue in issues {
                self.issues.append(
                    EntryIssue(index: index, pointer: issue.pointer, code: issue.code, detail: issue.detail)
                )
            }
        }
    }
}
