/// What a status code means for whoever runs the bot, and what to do about it: one or two plain sentences.
public enum StatusReading {
    /// Reads a call's outcome.
    /// - Parameters:
    ///   - statusCode: 100…599.
    ///   - application: the name that people read, such as `Zendesk`.
    ///   - errorType: the client's own word for the error, where it gave one.
    /// - Returns: sentences for people. Also a code below 400 gets one: its answer carried an error.
    public static func sentence(statusCode: Int, application: String, errorType: String? = nil) -> String {
        if let known = sentence(errorType: errorType, application) { return known }
        switch statusCode {
        case ..<400: return "\(application) answered, but the answer carries an error. Read it in the response."
        case 400..<500: return clientError(statusCode, application)
        default: return serverError(statusCode, application)
        }
    }

    private static func clientError(_ code: Int, _ application: String) -> String {
        switch code {
        case 400: "\(application) could not read the request. Check the fields that the bot sends at this step."
        case 401: "\(application) refused the credentials. Reauthorise the connection, then try the step again."
        case 402: "\(application) asks for payment. Check the plan or the balance of the account there."
        case 403:
            "\(application) knows the account but does not let it do this. Check its permissions there, then reauthorise."
        case 404: "\(application) found nothing at this address. Check the URL, and whether the record still exists."
        case 405: "\(application) does not take this method here. Check the method and the URL of this step."
        case 408: "\(application) waited too long for the request. If it happens again, check the network between you."
        case 409: "\(application) already holds something that conflicts with this, often the same record twice."
        case 410: "What the bot asks for is gone from \(application) for good. Take it out of this step, or replace it."
        case 413: "The request is larger than \(application) takes. Send less at once."
        case 415: "\(application) does not take this kind of content. Check the Content-Type header of this step."
        case 422: "\(application) read the request but refused its values. Check required fields and formats."
        case 423: "What the bot wants to change is locked in \(application). Try again when it is free."
        case 429: "\(application) gets too many requests from this account. Space them out, or raise its limit there."
        default: "\(application) refused the request. The response tells why."
        }
    }

    private static func serverError(_ code: Int, _ application: String) -> String {
        switch code {
        case 500: "\(application) failed by itself. If it goes on, tell its support the time of this call."
        case 501: "\(application) cannot do this. Check the method and the URL of this step."
        case 502: "A gateway before \(application) got no proper answer, most likely a passing fault on its side."
        case 503: "\(application) is down or overloaded. The bot needs no change: check the service's status, and wait."
        case 504: "\(application) took too long to answer. It may have done what was asked: look before repeating."
        default: "\(application) has a fault on its side. If it goes on, tell its support the time of this call."
        }
    }

    /// A few words that clients use have one meaning, whatever the code.
    private static func sentence(errorType: String?, _ application: String) -> String? {
        switch errorType?.lowercased() {
        case "invalid_grant", "token_expired", "invalid_token":
            "\(application) no longer accepts the authorisation. Reauthorise the connection."
        case "rate_limited", "rate_limit", "quota_exceeded":
            "\(application) gets too many requests from this account. Space them out, or raise its limit there."
        case "timeout", "timed_out":
            "\(application) took too long to answer. It may have done what was asked: look before repeating."
        default: nil
        }
    }
}
