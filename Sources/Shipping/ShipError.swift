/// Why shipping stopped.
public enum ShipError: Error, Sendable, Hashable {
    /// The file cannot be opened or read.
    case unreadable(file: String, String)
    /// The content is none of the forms that can be shipped.
    case unknownForm(file: String, String)
    /// The key is not accepted (401), or may not write (403).
    case refused(status: Int, String)
    /// The server would not take the batch for a reason that trying again does not mend.
    case unexpectedAnswer(status: Int, String)
    /// The server did not answer, or not with success, as often as was tried.
    case gaveUp(attempts: Int, String)
}

extension ShipError: CustomStringConvertible {
    /// One sentence for people.
    public var description: String {
        switch self {
        case .unreadable(let file, let words): "\(file): \(words)"
        case .unknownForm(let file, let words): "\(file): \(words)"
        case .refused(let status, let words): "the server refused the key (\(status)): \(words)"
        case .unexpectedAnswer(let status, let words): "the server answered \(status): \(words)"
        case .gaveUp(let attempts, let words): "gave up after \(attempts) attempts: \(words)"
        }
    }
}

/// What stopped a shipment, with what had been done until then.
public struct ShipFailure: Error, Sendable, CustomStringConvertible {
    /// What stopped it: a `ShipError`, or `CancellationError`.
    public var cause: any Error
    /// What the server had answered for until then.
    public var summary: ShipSummary

    /// One sentence for people.
    public var description: String { "\(cause)" }
}
