import Connections
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Store

/// A tenant's connections to applications.
struct ConnectionRoutes: Sendable {
    let service: ConnectionService
    let clock: DatabaseClock

    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/v1/connections", requires: .connectionsRead, list),
            Endpoint(.post, "/v1/connections", requires: .connectionsManage, records: .created(.connection), create),
            Endpoint(.get, "/v1/connections/{id}", requires: .connectionsRead, find),
            Endpoint(
                .patch, "/v1/connections/{id}", requires: .connectionsManage, records: .updated(.connection), update),
            Endpoint(
                .delete, "/v1/connections/{id}", requires: .connectionsManage, records: .deleted(.connection), remove),
            Endpoint(.post, "/v1/connections/{id}/reauthorise", requires: .connectionsReauthorise, reauthorise),
            Endpoint(.post, "/v1/connections/{id}/check", requires: .connectionsReauthorise, check),
            Endpoint(.post, "/v1/connections/{id}/token", requires: .connectionsToken, token),
        ]
    }

    /// Events of a connection that its page shows.
    private static let events = 20
    /// Nodes of each connection that a list shows.
    private static let listedNodes = 20
    /// Bytes of one of the credentials.
    private static let longestCredential = 8 << 10

    private func list(_ request: TenantRequest) async throws -> Response {
        let parameters = try request.incoming.query(allowing: ["limit", "cursor", "state", "application"])
        let page = try ListPage(parameters)
        let after = try page.after.map { text throws(Problem) in
            guard let position = ConnectionPosition(text) else {
                throw .parameter("cursor", "it is not one that was given out")
            }
            return position
        }
        let state = try parameters.choice("state", of: ConnectionState.self)
        let application = try parameters.choice("application", of: Application.self)
        var found = try await service.store.list(
            tenant: request.tenant, state: state, application: application, after: after, limit: page.limit + 1)
        let nodes = try await service.store.nodes(of: found.map(\.id), tenant: request.tenant, most: Self.listedNodes)
        for index in found.indices { found[index].nodes = nodes[found[index].id] ?? [] }
        return .json { json in
            page.write(found, key: { ConnectionPosition($0).text }, into: &json) { ConnectionJSON.write($0, into: &$1) }
        }
    }

    private func create(_ request: TenantRequest) async throws -> Response {
        var body = try await request.incoming.members(
            allowing: ["application", "name", "auth", "credentials", "nodes"])
        body.require("application", "name", "auth")
        let application = body.choice("application", of: Application.self)
        let auth = body.choice("auth", of: ConnectionAuth.self)
        let name = self.name(&body)
        let credentials = body.texts("credentials", longest: Self.longestCredential)
        let nodes = self.nodes(&body)
        try body.finish()
        guard let application, let auth, let name else {
            throw Problem(.invalidParameter, "application, name and auth are needed.")
        }
        let connection = try await service.create(
            .init(
                application: application, auth: auth, name: name, credentials: credentials ?? [:], nodes: nodes ?? []),
            tenant: request.tenant, creator: request.userID)
        return .json(.created) { json in json.object { ConnectionJSON.write(connection, into: &$0) } }
    }

    private func find(_ request: TenantRequest) async throws -> Response {
        _ = try request.incoming.query(allowing: [])
        let connection = try await connection(of: request)
        let impact = try await service.store.impact(of: connection, tenant: request.tenant, now: clock.now)
        let events = try await service.store.events(connection.id, tenant: request.tenant, limit: Self.events)
        return .json { json in
            json.object { object in
                ConnectionJSON.write(connection, into: &object)
                object.key("impact")
                ConnectionJSON.write(impact, into: &object)
                object.key("events")
                object.array { array in for event in events { array.object { ConnectionJSON.write(event, into: &$0) } }
                }
            }
        }
    }

    private func update(_ request: TenantRequest) async throws -> Response {
        let id = try request.pathID("id", "connection")
        var body = try await request.incoming.members(allowing: ["name", "nodes", "credentials", "enabled"])
        var change = ConnectionChange()
        change.name = name(&body)
        change.nodes = nodes(&body)
        change.isEnabled = body.truth("enabled")
        let credentials = body.texts("credentials", longest: Self.longestCredential)
        try body.finish()
        let connection = try await service.update(
            id, tenant: request.tenant, change, credentials: credentials, by: request.userID)
        return .json { json in json.object { ConnectionJSON.write(connection, into: &$0) } }
    }

    private func remove(_ request: TenantRequest) async throws -> Response {
        _ = try request.incoming.query(allowing: [])
        try await service.remove(try request.pathID("id", "connection"), tenant: request.tenant)
        return Response(status: .noContent)
    }

    private func reauthorise(_ request: TenantRequest) async throws -> Response {
        let id = try request.pathID("id", "connection")
        var body = try await request.incoming.members(allowing: ["accept_other_account"])
        let acceptsOther = body.truth("accept_other_account") ?? false
        try body.finish()
        let beginner: AuthorizationStore.Beginner =
            switch request.principal.identity {
            case .user(let id, _): .person(id)
            case .apiKey(let id, _): .key(id)
            }
        let url = try await service.beginAuthorization(
            id, tenant: request.tenant, by: beginner, acceptsOtherAccount: acceptsOther)
        return .json { json in
            json.object { object in
                object.key("authorize_url")
                object.value(url)
            }
        }
    }

    private func check(_ request: TenantRequest) async throws -> Response {
        let id = try request.pathID("id", "connection")
        try await request.incoming.members(allowing: []).finish()
        _ = try await service.check(id, tenant: request.tenant, by: request.userID)
        let connection = try await connection(of: request)
        return .json { json in json.object { ConnectionJSON.write(connection, into: &$0) } }
    }

    private func token(_ request: TenantRequest) async throws -> Response {
        let id = try request.pathID("id", "connection")
        try await request.incoming.members(allowing: []).finish()
        let token = try await service.token(id, tenant: request.tenant)
        return .json { json in
            json.object { object in
                object.key("access_token")
                object.value(token.token)
                object.key("token_type")
                object.value(token.type)
                object.key("header")
                object.value(token.header)
                object.key("expires_at")
                object.value(optional: token.expiresAt)
            }
        }
    }

    private func connection(of request: TenantRequest) async throws -> Connection {
        let id = try request.pathID("id", "connection")
        guard let connection = try await service.store.find(id, tenant: request.tenant) else {
            throw Problem(.notFound, "There is no connection with this id.")
        }
        return connection
    }

    /// A name; nil when absent.
    private func name(_ body: inout BodyMembers) -> String? {
        guard let name = body.text("name") else { return nil }
        return name.isEmpty ? body.issue("name", "required", "a connection needs a name") : name
    }

    /// Nodes; nil when absent.
    private func nodes(_ body: inout BodyMembers) -> [ConnectionNode]? {
        body.objects("nodes", most: Connection.mostNodes, allowing: ["bot_id", "node_id", "path"]) { node in
            let bot = node.requiredText("bot_id", longest: 128)
            let id = node.text("node_id", longest: 128)
            let path = node.text("path", longest: 1000)
            guard id != nil || path != nil else {
                return node.issue("node_id", "required", "a node has a node_id or a path")
            }
            return ConnectionNode(botID: bot, nodeID: id ?? "", path: path)
        }
    }
}
