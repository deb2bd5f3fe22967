import Connections
import Console
import Domain
import HTTPTypes
import Hummingbird
import Store

/// What can be done with a connection from its page.
struct ConnectionActions: Sendable {
    let pages: ConsolePages
    let connections: ConnectionPages

    private var service: ConnectionService { connections.service }

    var endpoints: [Endpoint] {
        [
            action("reauthorise", .connectionsReauthorise, .call, reauthorise),
            action("check", .connectionsReauthorise, .call, check),
            action("name", .connectionsManage, .updated(.connection), rename),
            action("credentials", .connectionsManage, .updated(.connection), replaceCredentials),
            action("enabled", .connectionsManage, .updated(.connection), switchOnOrOff),
            action("nodes/add", .connectionsManage, .updated(.connection), addNode),
            action("nodes/remove", .connectionsManage, .updated(.connection), removeNode),
            action("delete", .connectionsManage, .deleted(.connection), delete),
        ]
    }

    private func action(
        _ name: String, _ permission: Permission, _ records: Endpoint.Recording,
        _ act: @escaping @Sendable (Connection, FormFields, ConsoleVisit) async throws -> Response
    ) -> Endpoint {
        pages.page(
            .post, "/connections/{id}/\(name)", requires: permission, section: .connections, records: records
        ) { visit in
            try await act(try await connections.connection(visit), try await visit.form(), visit)
        }
    }

    private func reauthorise(_ connection: Connection, _ form: FormFields, _ visit: ConsoleVisit) async throws
        -> Response
    {
        guard let person = visit.request.userID else { throw Problem(.forbidden, "Only people authorise here.") }
        do {
            let url = try await service.beginAuthorization(
                connection.id, tenant: visit.tenant, by: .person(person),
                acceptsOtherAccount: form["accept_other_account"] == "true")
            return visit.redirect(to: url)
        } catch let problem as Problem where problem.code == .conflict {
            return try await connections.show(
                connection, visit, status: .conflict, notices: [Notice(problem.detail, .error)])
        }
    }

    private func check(_ connection: Connection, _ form: FormFields, _ visit: ConsoleVisit) async throws -> Response {
        let found = try await service.check(connection.id, tenant: visit.tenant, by: visit.request.userID)
        let application = connection.application.name
        switch found?.outcome {
        case .ok: return visit.redirect(to: connection.path, notice: "\(application) was asked: it works.")
        case .rejected:
            return visit.redirect(to: connection.path, notice: "\(application) was asked, and refuses it.", .error)
        case .unavailable:
            return visit.redirect(to: connection.path, notice: "\(application) could not be asked.", .warning)
        case nil:
            let words = "There is nothing to ask \(application); calls tell how the connection is."
            return visit.redirect(to: connection.path, notice: words, .neutral)
        }
    }

    private func rename(_ connection: Connection, _ form: FormFields, _ visit: ConsoleVisit) async throws -> Response {
        try await change(connection, "name", form, visit, members: ["name": .text(form.trimmed("name"))]) {
            "It is called \($0.name) now."
        }
    }

    private func replaceCredentials(
        _ connection: Connection, _ form: FormFields, _ visit: ConsoleVisit
    ) async throws -> Response {
        try await change(
            connection, "credentials", form, visit, members: ["credentials": .object(ConnectionPages.credentials(form))]
        ) { _ in "The credentials are replaced." }
    }

    private func switchOnOrOff(
        _ connection: Connection, _ form: FormFields, _ visit: ConsoleVisit
    ) async throws -> Response {
        let isOn = form["enabled"] == "true"
        return try await change(connection, "enabled", form, visit, members: ["enabled": .truth(isOn)]) {
            "\($0.name) is switched \(isOn ? "on" : "off")."
        }
    }

    private func addNode(_ connection: Connection, _ form: FormFields, _ visit: ConsoleVisit) async throws -> Response {
        var node: [String: JSONValue] = [:]
        for name in ["bot_id", "node_id", "path"] { node[name] = form.member("nodes.0." + name) }
        // it stands first, so that what is wrong is wrong with the form's fields
        let nodes: [JSONValue] = [.object(node)] + Self.told(connection)
        return try await change(connection, "node", form, visit, members: ["nodes": .array(nodes)]) { _ in
            "The node is added."
        }
    }

    private func removeNode(
        _ connection: Connection, _ form: FormFields, _ visit: ConsoleVisit
    ) async throws -> Response {
        let left = Self.told(connection) { $0.botID != form["bot_id"] || $0.nodeID != form["node_id"] }
        return try await change(connection, "", form, visit, members: ["nodes": .array(left)]) { _ in
            "The node is removed."
        }
    }

    /// The nodes that people told of, as a body has them.
    private static func told(
        _ connection: Connection, where isKept: (ConnectionNode) -> Bool = { _ in true }
    ) -> [JSONValue] {
        connection.nodes.filter { !$0.isLearnt && isKept($0) }.map { node in
            var members: [String: JSONValue] = ["bot_id": .text(node.botID), "node_id": .text(node.nodeID)]
            members["path"] = node.path.map { .text($0) }
            return .object(members)
        }
    }

    /// Changes a connection, and shows its page again: with what was done, or with what was sent and why it can't be used.
    private func change(
        _ connection: Connection, _ name: String, _ form: FormFields, _ visit: ConsoleVisit,
        members: [String: JSONValue], notice: (Connection) -> String
    ) async throws -> Response {
        do {
            var body = BodyMembers(members, allowing: BodyMembers.ofConnection)
            let (change, credentials) = try body.connectionChange()
            let changed = try await service.update(
                connection.id, tenant: visit.tenant, change, credentials: credentials, by: visit.request.userID)
            return visit.redirect(to: changed.path, notice: notice(changed))
        } catch let problem as Problem {
            let refused = try RefusedForm(name, form, problem)
            return try await connections.show(connection, visit, status: .unprocessableContent, refused: refused)
        }
    }

    private func delete(_ connection: Connection, _ form: FormFields, _ visit: ConsoleVisit) async throws -> Response {
        try await service.remove(connection.id, tenant: visit.tenant)
        return visit.redirect(to: Section.connections.path, notice: "\(connection.name) is deleted.")
    }
}
