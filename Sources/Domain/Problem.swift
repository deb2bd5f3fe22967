/// What a request is answered with when it can't be served: RFC 9457.
public struct Problem: Error, Sendable {
    /// One thing that is wrong with the input.
    public struct Issue: Sendable, Hashable {
        /// Where it is.
        public enum Place: Sendable, Hashable {
            /// A JSON pointer into the body.
            case pointer(String)
            /// A query parameter.
            case parameter(String)
            /// A request header.
            case header(String)
        }

        /// Where it is.
        public var place: Place
        /// A short word.
        public var code: String
        /// A sentence.
        public var detail: String

        /// Describes an issue.
        /// - Parameters:
        ///   - place: where it is.
        ///   - code: a short word.
        ///   - detail: a sentence.
        public init(_ place: Place, code: String, detail: String) {
            self.place = place
            self.code = code
            self.detail = detail
        }
    }

    /// Which kind of problem it is.
    public var code: ProblemCode
    /// A sentence for whoever sent the request.
    public var detail: String
    /// What is wrong with the input, when it is the input.
    public var issues: [Issue]
    /// Seconds after which trying again makes sense.
    public var retryAfterSeconds: Int?
    /// Methods that the path has, for a 405.
    public var allowedMethods: [String]
    /// For the log only; never shown.
    public var cause: (any Error)?

    /// Describes a problem.
    /// - Parameters:
    ///   - code: which kind it is.
    ///   - detail: a sentence.
    ///   - issues: what is wrong with the input.
    ///   - retryAfterSeconds: after which trying again makes sense.
    ///   - allowedMethods: for a 405.
    ///   - cause: for the log only.
    public init(
        _ code: ProblemCode, _ detail: String, issues: [Issue] = [], retryAfterSeconds: Int? = nil,
        allowedMethods: [String] = [], cause: (any Error)? = nil
    ) {
        self.code = code
        self.detail = detail
        self.issues = issues
        self.retryAfterSeconds = retryAfterSeconds
        self.allowedMethods = allowedMethods
        self.cause = cause
    }

    /// A name in a JSON pointer (RFC 6901), cut at 64 characters.
    /// - Parameter name: as it was given.
    public static func pointerToken(_ name: String) -> String {
        // "~" first, or what stands for "/" would be escaped again
        String(name.prefix(64)).split(separator: "~", omittingEmptySubsequences: false).joined(separator: "~0")
            .split(separator: "/", omittingEmptySubsequences: false).joined(separator: "~1")
    }

    /// One bad query parameter.
    /// - Parameters:
    ///   - name: the parameter.
    ///   - detail: what is wrong with it.
    public static func parameter(_ name: String, _ detail: String) -> Problem {
        Problem(
            .invalidParameter, "The parameter \(name) can't be used: \(detail).",
            issues: [Issue(.parameter(name), code: "invalid", detail: detail)])
    }
}

/// The kinds of problem; the raw value is the `code` that clients see.
public enum ProblemCode: String, Sendable, CaseIterable {
    case invalidParameter = "invalid_parameter"
    case unknownParameter = "unknown_parameter"
    case malformedJSON = "malformed_json"
    case incompleteBody = "incomplete_body"
    case unauthenticated
    case forbidden
    case planRequired = "plan_required"
    case notFound = "not_found"
    case methodNotAllowed = "method_not_allowed"
    case requestTimeout = "request_timeout"
    case conflict
    case bodyTooLarge = "body_too_large"
    case unsupportedMediaType = "unsupported_media_type"
    case invalidEntry = "invalid_entry"
    case rateLimited = "rate_limited"
    case headerTooLarge = "header_too_large"
    case internalError = "internal_error"
    case unavailable

    /// The HTTP status.
    public var status: Int {
        switch self {
        case .invalidParameter, .unknownParameter, .malformedJSON, .incompleteBody: 400
        case .unauthenticated: 401
        case .forbidden, .planRequired: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .requestTimeout: 408
        case .conflict: 409
        case .bodyTooLarge: 413
        case .unsupportedMediaType: 415
        case .invalidEntry: 422
        case .rateLimited: 429
        case .headerTooLarge: 431
        case .internalError: 500
        case .unavailable: 503
        }
    }

    /// The title, the same for every problem of the kind.
    public var title: String {
        switch self {
        case .invalidParameter: "A parameter can't be used"
        case .unknownParameter: "There is no such parameter"
        case .malformedJSON: "The body is not JSON"
        case .unauthenticated: "Who is calling?"
        case .forbidden: "Not allowed"
        case .planRequired: "The plan does not include this"
        case .notFound: "Not found"
        case .methodNotAllowed: "The path does not have this method"
        case .incompleteBody: "The body did not arrive whole"
        case .requestTimeout: "The request took too long to arrive"
        case .conflict: "In conflict with what is there"
        case .bodyTooLarge: "The body is too large"
        case .unsupportedMediaType: "The body's type or encoding is not understood"
        case .invalidEntry: "No entry was taken"
        case .rateLimited: "Too many requests"
        case .headerTooLarge: "The headers are too large"
        case .internalError: "Something broke here"
        case .unavailable: "Not available just now"
        }
    }
}
