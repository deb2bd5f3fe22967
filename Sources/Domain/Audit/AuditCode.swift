/// What happened: the codes of the audit log.
public enum AuditCode: String, Sendable, CaseIterable, Codable {
    case apiCall = "AAA-0010"
    case shareCall = "AAA-0011"
    case loginSucceeded = "AAA-0001"
    case loginFailed = "AAA-0002"
    case entityCreated = "ABA-0010"
    case entityDeleted = "ABA-0020"
    case entityUpdated = "ABA-0030"
    case mediaDownloaded = "ABB-0010"
    case pageLoaded = "ABB-0020"
    case urlOpened = "ABB-0030"
    case requestSent = "ABC-0010"
    case emailOpened = "ABD-0010"

    /// When it is recorded, in a sentence.
    public var sentence: String {
        switch self {
        case .apiCall: "A call to the API endpoints: every command GET, POST, PUT, PATCH and DELETE, with the API key."
        case .shareCall: "A call to the fetch and send pages, such as share links."
        case .loginSucceeded: "A login succeeded."
        case .loginFailed: "A login failed."
        case .entityCreated: "An entity was created."
        case .entityDeleted: "An entity was deleted."
        case .entityUpdated: "An entity was updated."
        case .mediaDownloaded: "Media was downloaded."
        case .pageLoaded: "A fetch or send page was loaded."
        case .urlOpened: "A recipient opened the URL they received."
        case .requestSent: "The request was sent to a contact method."
        case .emailOpened: "The request email was opened."
        }
    }

    /// Whether a tenant's own pages may record it; the others are this service's word alone.
    public var isRecordedByPages: Bool {
        switch self {
        case .shareCall, .mediaDownloaded, .pageLoaded, .urlOpened, .requestSent, .emailOpened: true
        case .apiCall, .loginSucceeded, .loginFailed, .entityCreated, .entityDeleted, .entityUpdated: false
        }
    }

    /// Whether it is about an entity, rather than a call.
    public var isAboutEntity: Bool {
        switch self {
        case .entityCreated, .entityDeleted, .entityUpdated: true
        case .apiCall, .shareCall, .loginSucceeded, .loginFailed, .mediaDownloaded, .pageLoaded, .urlOpened,
            .requestSent,
            .emailOpened:
            false
        }
    }

    /// The `PartitionKey` of a search's results.
    public var partitionKey: String { isAboutEntity ? "model_audit" : "api_audit" }
}
