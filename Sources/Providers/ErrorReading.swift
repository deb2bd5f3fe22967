/// What an answer of a provider says went wrong.
public struct ErrorReading: Sendable, Hashable {
    /// The application's own code, such as `invalid_grant` or `20003`; nil when it gives none.
    public var code: String?
    /// In its own words, as they came; nil when it gives none.
    public var sentence: String?
    /// Whether it only means "later".
    public var isRateLimit = false
    /// Further codes beside the first, such as the reasons in Google's list.
    var furtherCodes: [String] = []

    /// Puts a reading together; see the properties.
    public init(code: String?, sentence: String?) {
        self.code = code
        self.sentence = sentence
    }

    var codes: [String] { [code].compactMap(\.self) + furtherCodes }
}
