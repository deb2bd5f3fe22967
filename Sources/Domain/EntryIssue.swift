/// Why one entry of a request was not taken.
public struct EntryIssue: Sendable, Hashable {
    /// The entry's place in the request, from 0.
    public var index: Int
    /// The JSON pointer (RFC 6901) within the entry, `""` for the entry as a whole.
    public var pointer: String
    /// What kind of issue it is.
    public var code: EntryIssueCode
    /// A sentence for the engineer who sent it.
    public var detail: String

    /// Describes an issue.
    /// - Parameters:
    ///   - index: the entry's place in the request, from 0.
    ///   - pointer: the JSON pointer within the entry.
    ///   - code: what kind of issue it is.
    ///   - detail: a sentence.
    public init(index: Int, pointer: String, code: EntryIssueCode, detail: String) {
        self.index = index
        self.pointer = pointer
        self.code = code
        self.detail = detail
    }
}

/// The kinds of issue an entry can have; the raw value is what clients see.
public enum EntryIssueCode: String, Sendable, CaseIterable {
    /// Not JSON at all.
    case malformedJSON = "malformed_json"
    /// Of another JSON type than asked for.
    case wrongType = "wrong_type"
    /// A required member is not there.
    case required
    /// A number or length outside its range.
    case outOfRange = "out_of_range"
    /// Not one of the values that there are.
    case unknownValue = "unknown_value"
    /// Longer than allowed.
    case tooLong = "too_long"
    /// The right type, but not of the form asked for (a time without a zone, a URL without a host).
    case invalidFormat = "invalid_format"
    /// A character that cannot stand there, such as NUL in an id.
    case invalidCharacter = "invalid_character"
    /// The same member twice.
    case duplicateMember = "duplicate_member"
    /// `occurred_at` outside the retention window or too far ahead.
    case outOfWindow = "out_of_window"
    /// `request.curl` is not a curl command that can be read.
    case invalidCurl = "invalid_curl"
    /// Nested deeper than anybody needs.
    case tooDeep = "too_deep"
}
