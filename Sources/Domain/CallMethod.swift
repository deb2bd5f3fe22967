/// The request type of a logged call: an HTTP method, or `C2E` for the chat-to-email channel.
public enum CallMethod: String, Sendable, CaseIterable, Hashable {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case delete = "DELETE"
    case c2e = "C2E"
    case patch = "PATCH"
    case head = "HEAD"
    case options = "OPTIONS"

    /// The number that stands for the method in the hourly counts; stored, so never given twice.
    public var code: Int16 {
        switch self {
        case .get: 1
        case .post: 2
        case .put: 3
        case .delete: 4
        case .c2e: 5
        case .patch: 6
        case .head: 7
        case .options: 8
        }
    }

    /// The method with this number in the hourly counts.
    /// - Parameter code: as `code` gives it.
    public init?(code: Int16) {
        guard let found = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = found
    }
}
