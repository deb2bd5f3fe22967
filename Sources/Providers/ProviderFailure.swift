public import Domain

/// Why a provider did not do what was asked. The text is a sentence for people, without secrets.
public enum ProviderFailure: Error, Sendable, Hashable {
    /// What the connection calls with is no good any more: a person has to authorise it.
    case rejected(String)
    /// The set-up is wrong, mostly the operator's: authorising again would not help.
    case misconfigured(String)
    /// It could not be asked, or its answer makes no sense; another time may do.
    case unavailable(String, retryAfterSeconds: Int64? = nil)
    /// It must not be asked: its address is none that calls may reach.
    case forbidden(String)
    /// It was asked and no answer came that can be read: it may have done what it was asked to. Another time may do.
    case unanswered(String)

    /// The sentence.
    public var reason: String {
        switch self {
        case .rejected(let reason), .misconfigured(let reason), .unavailable(let reason, _), .unanswered(let reason),
            .forbidden(let reason):
            reason
        }
    }

    /// What it means for a connection's health. A wrong set-up is no reason to ask every customer to authorise anew.
    public var outcome: CheckOutcome {
        switch self {
        case .rejected(let reason): .rejected(reason)
        case .misconfigured(let reason), .unanswered(let reason), .forbidden(let reason): .unavailable(reason)
        case .unavailable(let reason, let seconds): .unavailable(reason, retryAfterSeconds: seconds)
        }
    }
}

/// What a check found.
public struct Probe: Sendable, Hashable {
    /// How it went; nil when there was nothing to ask.
    public var outcome: CheckOutcome?
    /// The application's own id of the account, the same each time; nil when the answer does not tell.
    public var accountID: String?
    /// The account in words; nil when the answer does not tell.
    public var accountName: String?

    /// Puts a finding together; see the properties.
    public init(outcome: CheckOutcome?, accountID: String? = nil, accountName: String? = nil) {
        self.outcome = outcome
        self.accountID = accountID
        self.accountName = accountName
    }

    /// What is said where there was nothing to ask.
    public static let nothingToAsk =
        "Nothing says how to check it: give it a probe_url, or set one in the providers file."
}
