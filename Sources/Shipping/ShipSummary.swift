/// Where an entry stands in what is shipped.
public struct ShipPlace: Sendable, Hashable, Comparable {
    /// The file's place among the files, from 0.
    public var fileIndex: Int
    /// The file's name as given; `-` for standard input.
    public var file: String
    /// The line of NDJSON, or the number of the entry in JSON and HAR; from 1.
    public var number: Int

    /// Names a place.
    /// - Parameters:
    ///   - fileIndex: the file's place among the files, from 0.
    ///   - file: the file's name as given.
    ///   - number: the line or entry, from 1.
    public init(fileIndex: Int, file: String, number: Int) {
        self.fileIndex = fileIndex
        self.file = file
        self.number = number
    }

    /// Files in the order given, then lines.
    public static func < (left: ShipPlace, right: ShipPlace) -> Bool {
        (left.fileIndex, left.number) < (right.fileIndex, right.number)
    }
}

/// Why an entry was not taken.
public struct ShipIssue: Sendable, Hashable {
    /// Where it stands.
    public var place: ShipPlace
    /// The JSON pointer within the entry.
    public var pointer: String
    /// The server's code, or `unreadable`, `too_large` for what was never sent.
    public var code: String
    /// A sentence.
    public var detail: String

    /// Describes an issue.
    /// - Parameters:
    ///   - place: where the entry stands.
    ///   - pointer: the JSON pointer within the entry.
    ///   - code: what kind of issue it is.
    ///   - detail: a sentence.
    public init(place: ShipPlace, pointer: String = "", code: String, detail: String) {
        self.place = place
        self.pointer = pointer
        self.code = code
        self.detail = detail
    }
}

extension ShipIssue: CustomStringConvertible {
    /// `file:line: code at /pointer: detail`.
    public var description: String {
        "\(place.file):\(place.number): \(code)\(pointer.isEmpty ? "" : " at \(pointer)"): \(detail)"
    }
}

/// What became of the entries shipped.
public struct ShipSummary: Sendable, Hashable {
    /// Issues that are kept; the counts cover all.
    public static let maximumIssues = 20

    /// Stored.
    public var accepted = 0
    /// Already there.
    public var duplicates = 0
    /// Counted, not stored: no status code came back in them.
    public var unreachable = 0
    /// Not taken, each for an issue of its own.
    public var rejected = 0
    /// Never sent, because they are no API calls (a browser's `CONNECT`, `data:` and `ws:` entries).
    public var skipped = 0
    /// The first issues, in the order of their places.
    public private(set) var issues: [ShipIssue] = []

    /// Nothing shipped yet.
    public init() {}

    /// Entries in all.
    public var total: Int { accepted + duplicates + unreachable + rejected + skipped }

    /// Keeps an issue if it is among the first.
    /// - Parameter issue: of an entry that `rejected` counts.
    public mutating func note(_ issue: ShipIssue) {
        let position = issues.firstIndex { issue.place < $0.place } ?? issues.endIndex
        issues.insert(issue, at: position)
        if issues.count > Self.maximumIssues { issues.removeLast() }
    }

    /// Adds another part of the shipment.
    /// - Parameter other: counts and issues of other entries.
    public mutating func add(_ other: ShipSummary) {
        accepted += other.accepted
        duplicates += other.duplicates
        unreachable += other.unreachable
        rejected += other.rejected
        skipped += other.skipped
        for issue in other.issues { note(issue) }
    }
}

extension ShipSummary: CustomStringConvertible {
    /// One line of counts, then one line per issue kept.
    public var description: String {
        var line = "\(accepted) accepted, \(duplicates) duplicates, \(unreachable) unreachable, \(rejected) rejected"
        if skipped > 0 { line += ", \(skipped) skipped" }
        var lines = [line] + issues.map { "  \($0)" }
        if rejected > issues.count, !issues.isEmpty { lines.append("  … and \(rejected - issues.count) more") }
        return lines.joined(separator: "\n")
    }
}
