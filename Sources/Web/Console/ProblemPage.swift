import Console
import Domain
import HTTPTypes
import Hummingbird

/// The page about what went wrong, with the request's id: whoever runs the service finds it in the log.
enum ProblemPage {
    /// What stands in it.
    static func content(_ problem: Problem, requestID: String) -> [any Component] {
        var actions: [any Component] = []
        switch problem.code {
        case .unavailable, .rateLimited, .internalError, .requestTimeout: break
        default: actions.append(LinkButton("Back to the start", path: "/"))
        }
        return [
            EmptyState(problem.code.title, words(problem), actions: actions),
            Paragraph("Request \(requestID)", isSoft: true),
        ]
    }

    /// The page for somebody who is not signed in.
    static func response(_ problem: Problem, requestID: String) -> Response {
        let frame = PlainFrame(
            heading: problem.code.title,
            content: [
                Paragraph(words(problem)), Paragraph("Request \(requestID)", isSoft: true),
                LinkButton("Back to the start", path: "/"),
            ])
        var response = Response.html(
            Page(title: problem.code.title, frame: frame, hasScript: false),
            status: .init(code: problem.code.status), referrer: "no-referrer")
        if let seconds = problem.retryAfterSeconds { response.headers[.retryAfter] = String(seconds) }
        if !problem.allowedMethods.isEmpty { response.headers[.allow] = problem.allowedMethods.joined(separator: ", ") }
        return response
    }

    private static func words(_ problem: Problem) -> String {
        switch problem.code {
        case .internalError:
            "It is not your doing. Try again; if it goes on, tell whoever runs this service the request below."
        case .rateLimited, .unavailable:
            "\(problem.detail) Try again in \(max(problem.retryAfterSeconds ?? 1, 1)) s."
        default: problem.detail
        }
    }
}
