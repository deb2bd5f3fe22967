import Domain
import Foundation
import Postgres
import Store
import TestSupport
import Testing
import Vault

/// A tenant with connections.
struct ConnectionScene {
    let store: TestStore
    let connections: ConnectionStore
    let tenant: TenantID
    let now: Timestamp

    static func vault(_ ids: String...) throws -> Vault { try vault(ids) }

    static func vault(_ ids: [String]) throws -> Vault {
        Vault(
            keys: try ids.map { try EncryptionKey(id: $0, bytes: [UInt8](repeating: $0.utf8.last ?? 0, count: 32)) })
    }

    init(_ name: String, connections count: Int = 4) async throws {
        store = try await TestStore.make("connection_" + name, connections: count)
        connections = ConnectionStore(database: store.database, vault: try Self.vault("k1"))
        tenant = try await store.tenant().id
        now = Timestamp(Date()).wholeMilliseconds
    }

    func after(_ seconds: Int64) -> Timestamp { now.advanced(bySeconds: seconds) }

    func make(
        _ name: String = "Zendesk", auth: ConnectionAuth = .oauth2, nodes: [ConnectionNode] = [],
        application: Application = .zendesk, settings: [String: String] = ["subdomain": "acme"]
    ) async throws -> Connection {
        let credentials = auth == .oauth2 ? [:] : ["api_key": "opensesame"]
        return try await connections.create(
            tenant: tenant,
            NewConnection(
                name: name, application: application, auth: auth, settings: settings, credentials: credentials,
                nodes: nodes), creator: nil, now: now)
    }

    static func grant(_ number: Int, expiresAt: Timestamp? = nil, renewAt: Timestamp? = nil) -> OAuthGrant {
        OAuthGrant(
            accessToken: "access-\(number)", refreshToken: "refresh-\(number)", expiresAt: expiresAt, renewAt: renewAt,
            scope: "read")
    }

    /// An OAuth connection that was authorised and has been seen to work.
    func working(_ name: String = "Zendesk", nodes: [ConnectionNode] = []) async throws -> Connection {
        let made = try await make(name, nodes: nodes)
        try await connections.keepAuthorization(
            Self.grant(1), accountID: "acme-1", accountName: "acme", id: made.id, tenant: tenant, by: nil, now: now)
        try await note(.ok, made)
        return try await find(made)
    }

    @discardableResult
    func note(
        _ outcome: CheckOutcome, _ connection: Connection, after seconds: Int64 = 0, version: Int64? = nil,
        canAskAgain: Bool = true
    ) async throws -> ConnectionHealth {
        try #require(
            try await connections.note(
                outcome, id: connection.id, tenant: tenant, version: version, now: after(seconds),
                canAskAgain: canAskAgain))
    }

    func change(
        _ connection: Connection, after seconds: Int64 = 0, _ set: (inout ConnectionChange) -> Void
    ) async throws -> Connection {
        var change = ConnectionChange()
        set(&change)
        return try #require(
            try await connections.update(connection.id, tenant: tenant, change, by: nil, now: after(seconds)))
    }

    func find(_ connection: Connection) async throws -> Connection {
        try #require(try await connections.find(connection.id, tenant: tenant))
    }

    func secrets(_ connection: Connection) async throws -> StoredSecrets {
        try #require(try await connections.secrets(connection.id, tenant: tenant))
    }

    /// Kinds of what happened, oldest first.
    func events(_ connection: Connection) async throws -> [ConnectionEvent.Kind] {
        try await connections.events(connection.id, tenant: tenant, limit: 100).reversed().map(\.kind)
    }

    /// What is to be told, oldest first.
    func notices() async throws -> [ConnectionHealth.Change] {
        try await store.administer { connection in
            try connection.query(
                "select payload ->> 'change' from job where kind = 'connection_notice' order by job_id"
            ) { row in try row.decode(String.self, at: 0) }
        }.compactMap(ConnectionHealth.Change.init(rawValue:))
    }

    /// A claim that is expected to succeed.
    func claim(
        _ connection: Connection, version: Int64, after seconds: Int64 = 0
    ) async throws -> (secrets: StoredSecrets, claim: UUID) {
        let answer = try await connections.claimRefresh(
            connection.id, tenant: tenant, version: version, now: after(seconds))
        guard case .claimed(let secrets, let claim) = answer else {
            Issue.record("not claimed: \(answer)")
            throw CancellationError()
        }
        return (secrets, claim)
    }
}

extension ConnectionNode {
    init(_ bot: String, _ node: String, path: String? = nil, state: State = .attached, isLearnt: Bool = false) {
        self.init(botID: bot, nodeID: node, path: path, state: state, isLearnt: isLearnt)
    }
}
