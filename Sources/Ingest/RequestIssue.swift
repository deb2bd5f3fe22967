/// Why a request was refused as a whole.
public struct RequestIssue: Error, Sendable, Hashable {
    /// The kinds of issue.
    public enum Kind: String, Sendable, CaseIterable {
        /// Nothing, or white space only.
        case emptyBody = "empty_body"
        /// Not JSON.
        case malformedJSON = "malformed_json"
        /// JSON, but neither an object nor an array.
        case notEntries = "not_entries"
        /// More entries than a request may have.
        case tooManyEntries = "too_many_entries"
        /// No memory to read it with; the client should try again.
        case outOfMemory = "out_of_memory"
    }

    /// What kind of issue it is.
    public var kind: Kind
    /// A sentence for the engineer who sent the request; it names the place too.
    public var detail: String
    /// The byte at which reading failed, from 0.
    public var offset: Int?
    /// The entry at which reading failed, from 0.
    public var entryIndex: Int?

    /// Describes an issue.
    /// - Parameters:
    ///   - kind: what kind of issue it is.
    ///   - detail: a sentence.
    ///   - offset: the byte at which reading failed, from 0.
    ///   - entryIndex: the entry at which reading failed, from 0.
    public init(kind: Kind, detail: String, offset: Int? = nil, entryIndex: Int? = nil) {
        self.kind = kind
        self.detail = detail
        self.offset = offset
        self.entryIndex = entryIndex
    }
}
