import Connections
import Console
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Store

/// Where applications send people back to who have authorised a connection, or have not.
struct OAuthCallbackPage: Sendable {
    let service: ConnectionService
    let pages: ConsolePages

    var endpoints: [Endpoint] { [.open(.get, "/oauth/callback/{application}", records: .updated(.connection), arrive)] }

    /// Values longer than this are none that anybody gave out.
    private static let longest = 4096

    private func arrive(_ request: IncomingRequest) async throws -> Response {
        let name = request.context.parameters.get("application") ?? ""
        guard let application = Domain.Application(rawValue: name) else {
            throw Problem(.notFound, "There is no application of this name.")
        }
        // Applications add parameters of their own, such as the scopes: what is not known is passed over.
        let given = Self.parameters(request.request.uri.query ?? "")
        let callback = ConnectionService.Callback(
            state: given["state"], code: given["code"], issuer: given["iss"], error: given["error"],
            errorDescription: given["error_description"])
        let principal = try? await request.authenticate()
        let person: UUID? = if case .user(let id, _) = principal?.identity { id } else { nil }
        var origin = request.origin(of: nil)
        if let person { (origin.userID, origin.sender) = (person, principal?.label) }
        let arrival = try await AuditOrigin.$current.withValue(origin) {
            try await service.finishAuthorization(callback, application: application, person: person)
        }
        if request.request.headers[.accept]?.hasPrefix("application/json") == true { return json(arrival, request) }
        guard let visit = try await pages.visit(request, section: .connections) else {
            return page(arrival, application)
        }
        return page(arrival, application, visit)
    }

    private func json(_ arrival: ConnectionService.Arrival, _ request: IncomingRequest) -> Response {
        switch arrival {
        case .authorised(let connection, _):
            .json { json in json.object { ConnectionJSON.write(connection, into: &$0) } }
        case .refused(let reason): .problem(Problem(.invalidParameter, reason), requestID: request.context.requestID)
        }
    }

    private func page(_ arrival: ConnectionService.Arrival, _ application: Domain.Application) -> Response {
        switch arrival {
        case .authorised(let connection, let health) where health.state == .healthy:
            PlainPage.response(
                "\(application.name) is connected",
                [Paragraph("The connection \(connection.name) works: a call with it has just succeeded.")]
                    + Self.attached(connection) + [Self.link(connection)])
        case .authorised(let connection, let health):
            PlainPage.response(
                "\(application.name) gave leave",
                [
                    Paragraph(
                        "The connection \(connection.name) is authorised, but no call with it has succeeded yet."),
                    Paragraph(health.reason ?? "It is checked again soon."), Self.link(connection),
                ])
        case .refused(let reason):
            PlainPage.response(
                "\(application.name) is not connected", status: .badRequest,
                [Paragraph(reason), LinkButton("To the connections", path: Section.connections.path)])
        }
    }

    /// The same for somebody who is signed in, within the console.
    private func page(
        _ arrival: ConnectionService.Arrival, _ application: Domain.Application, _ visit: ConsoleVisit
    ) -> Response {
        let (status, content): (HTTPResponse.Status, [any Component]) =
            switch arrival {
            case .authorised(let connection, let health):
                (
                    .ok,
                    ArrivalPage.authorised(
                        connection, isHealthy: health.state == .healthy, reason: health.reason,
                        attached: Self.attachedWords(connection))
                )
            case .refused(let reason): (.badRequest, ArrivalPage.refused(application, reason))
            }
        // the address holds the code, which is used up and yet nobody's business
        var response = visit.page(
            application.name, status: status, path: Section.connections.path, hasScript: false, content)
        response.headers[.referrerPolicy] = "no-referrer"
        return visit.finished(response)
    }

    private static func attached(_ connection: Connection) -> [any Component] {
        attachedWords(connection).map { [Paragraph($0)] } ?? []
    }

    private static func attachedWords(_ connection: Connection) -> String? {
        let count = connection.nodes.count
        guard count > 0 else { return nil }
        return count == 1 ? "Its node is attached again." : "Its \(count) nodes are attached again."
    }

    private static func link(_ connection: Connection) -> any Component {
        LinkButton("To the connection", path: "/connections/\(connection.id.uuidString.lowercased())", kind: .primary)
    }

    /// The parameters of a query as a form writes them; of several of one name the first.
    static func parameters(_ query: String) -> [String: String] {
        var found: [String: String] = [:]
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parts[1].utf8.count <= longest,
                let value = parts[1].replacing("+", with: " ").removingPercentEncoding, !value.utf8.contains(0)
            else { continue }
            if found[String(parts[0])] == nil { found[String(parts[0])] = value }
        }
        return found
    }
}
