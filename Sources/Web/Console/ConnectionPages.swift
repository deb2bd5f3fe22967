import Connections
import Console
import Domain
import Foundation
import HTTPTypes
import Hummingbird
import Providers
import Store

/// The connections: the list, one of them, and connecting an application.
struct ConnectionPages: Sendable {
    let pages: ConsolePages
    let service: ConnectionService
    let members: MemberStore

    /// Connections on a page of the list.
    private static let limit = 50
    /// Connections that need somebody, which the first page names.
    private static let mostBroken = 5
    /// People whose names stand in a history.
    private static let mostPeople = 500

    var endpoints: [Endpoint] {
        [
            pages.page(.get, "/connections", requires: .connectionsRead, section: .connections, list),
            pages.page(.get, "/connections/new", requires: .connectionsManage, section: .connections, new),
            pages.page(
                .post, "/connections/new", requires: .connectionsManage, section: .connections,
                records: .created(.connection), create),
            pages.page(.get, "/connections/{id}", requires: .connectionsRead, section: .connections) { visit in
                try await show(try await connection(visit), visit)
            },
        ]
    }

    private func list(_ visit: ConsoleVisit) async throws -> Response {
        let query = try FormFields(visit.request.request.uri.query ?? "")
        let state = ConnectionState(rawValue: query["state"])
        let after = Base64URL.decode(query["cursor"]).flatMap {
            ConnectionPosition(String(decoding: $0, as: UTF8.self))
        }
        let found = try await service.store.list(
            tenant: visit.tenant, state: state, application: nil, after: after, limit: Self.limit + 1)
        let shown = Array(found.prefix(Self.limit))
        let isStart = state == nil && after == nil
        let broken =
            isStart
            ? try await service.store.list(
                tenant: visit.tenant, state: .needsReauth, application: nil, after: nil, limit: Self.mostBroken)
            : []
        let older = found.count > Self.limit ? shown.last.map { Self.older($0, state) } : nil
        return visit.page(
            "Connections",
            ConnectionsPage.content(
                .init(connections: shown, broken: broken, state: state, isFirst: after == nil, older: older),
                mayManage: visit.may(.connectionsManage), zone: visit.zone))
    }

    private static func older(_ last: Connection, _ state: ConnectionState?) -> String {
        "/connections?" + (state.map { "state=\($0.rawValue)&" } ?? "")
            + "cursor=" + Base64URL.encode(Data(ConnectionPosition(last).text.utf8))
    }

    /// The connection that a path names.
    /// - Throws: `Problem` (not_found).
    func connection(_ visit: ConsoleVisit) async throws -> Connection {
        let id = try visit.request.pathID("id", "connection")
        guard let connection = try await service.store.find(id, tenant: visit.tenant) else {
            throw Problem(.notFound, "There is no connection with this id: it was never here, or somebody deleted it.")
        }
        return connection
    }

    /// A connection's page.
    /// - Parameters:
    ///   - connection: as it is now.
    ///   - visit: who looks.
    ///   - status: 200 unless something is wrong.
    ///   - notices: what has just happened.
    ///   - refused: what was sent and can't be used.
    func show(
        _ connection: Connection, _ visit: ConsoleVisit, status: HTTPResponse.Status = .ok, notices: [Notice] = [],
        refused: RefusedForm? = nil
    ) async throws -> Response {
        async let impact = service.store.impact(of: connection, tenant: visit.tenant, now: visit.now)
        async let people = members.list(tenant: visit.tenant, after: nil, limit: Self.mostPeople)
        let events = try await service.store.events(
            connection.id, tenant: visit.tenant, limit: ConnectionRoutes.events)
        let fields = service.catalogue[connection.application].method(connection.auth)?.fields ?? []
        let names = try await people.map { ($0.userID, $0.name.isEmpty ? $0.email : $0.name) }
        let query = try FormFields(visit.request.request.uri.query ?? "")
        let page = ConnectionPage(
            connection: connection, impact: try await impact, events: events,
            people: Dictionary(names) { first, _ in first }, credentials: Self.inputs(fields),
            mayReauthorise: visit.may(.connectionsReauthorise), mayManage: visit.may(.connectionsManage),
            showsAllNodes: query["nodes"] == "all", refused: refused)
        // the button leads to the application, which may lead on to wherever its people sign in
        let origin = service.authorizationOrigin(of: connection).map { ["https:", $0] } ?? []
        return visit.page(
            connection.name, status: status, notices: notices, formTargets: origin, page.content(zone: visit.zone))
    }

    private static func inputs(_ fields: [CredentialField]) -> [CredentialInput] {
        fields.map {
            CredentialInput(
                name: $0.name, description: $0.description, isRequired: $0.isRequired, isSecret: $0.isSecret)
        }
    }

    // MARK: - A new one

    private var offers: [NewConnectionPage.Offer] {
        service.catalogue.all.filter { !$0.methods.isEmpty }.map {
            .init(application: $0.application, ways: $0.methods.map(\.auth))
        }
    }

    private func new(_ visit: ConsoleVisit) async throws -> Response {
        let query = try FormFields(visit.request.request.uri.query ?? "")
        guard let page = form(query["application"], query["auth"], visit) else {
            return visit.page("Connect an application", NewConnectionPage.choice(offers))
        }
        return page
    }

    /// The form for an application; nil when there is no such application.
    private func form(
        _ application: String, _ auth: String, _ visit: ConsoleVisit, refused: RefusedForm? = nil
    ) -> Response? {
        guard let offer = offers.first(where: { $0.application.rawValue == application }), let usual = offer.ways.first
        else { return nil }
        let way = offer.ways.first { $0.rawValue == auth } ?? usual
        let fields = service.catalogue[offer.application].method(way)?.fields ?? []
        return visit.page(
            "Connect \(offer.application.name)", status: refused == nil ? .ok : .unprocessableContent,
            NewConnectionPage.form(offer, way, Self.inputs(fields), refused: refused))
    }

    private func create(_ visit: ConsoleVisit) async throws -> Response {
        let form = try await visit.form()
        do {
            var members: [String: JSONValue] = ["credentials": .object(Self.credentials(form))]
            for name in ["application", "auth"] { members[name] = .text(form[name]) }
            members["name"] = form.member("name")
            var body = BodyMembers(members, allowing: BodyMembers.ofNewConnection)
            let made = try await service.create(
                try body.newConnection(), tenant: visit.tenant, creator: visit.request.userID)
            guard made.auth != .oauth2 else {
                return visit.redirect(
                    to: made.path, notice: "\(made.name) is made. Now authorise it at \(made.application.name).")
            }
            _ = try await service.check(made.id, tenant: visit.tenant, by: visit.request.userID)
            return visit.redirect(to: made.path, notice: "\(made.name) is made.")
        } catch let problem as Problem {
            let refused = try RefusedForm("", form, problem, conflictAt: "name")
            guard let page = self.form(form["application"], form["auth"], visit, refused: refused) else {
                throw problem
            }
            return page
        }
    }

    /// The credentials that a form sent; what is empty was not given.
    static func credentials(_ form: FormFields) -> [String: JSONValue] {
        let start = "credentials."
        var found: [String: JSONValue] = [:]
        for name in form.texts.keys where name.hasPrefix(start) {
            found[String(name.dropFirst(start.count))] = form.member(name)
        }
        return found
    }
}
