import Domain
import Foundation
import Postgres
import Vault

/// How connections stand in the database.
extension ConnectionStore {
    static let columns: SQL = """
        connection_id, name, application, auth, state, state_reason, state_since, failures, last_checked_at, last_ok_at, \
        settings::text, account_name, expires_at, next_check_at, authorised_at, created_at
        """
    static let columnCount = 16

    /// Nil for an application, a kind of authentication or a state of a later version.
    static func connection(_ row: Row) throws -> Connection? {
        let (id, name, application, auth, state, reason, since, failures) = try row.decode(
            UUID.self, String.self, String.self, String.self, String.self, String?.self, Timestamp.self, Int32.self)
        guard let application = Application(rawValue: application), let auth = ConnectionAuth(rawValue: auth),
            let state = ConnectionState(rawValue: state)
        else { return nil }
        let health = ConnectionHealth(
            state: state, reason: reason, since: since, failures: Int(failures),
            lastCheckedAt: try row.decode(Timestamp?.self, at: 8), lastOKAt: try row.decode(Timestamp?.self, at: 9))
        let settings = Data((try row.text(at: 10) ?? "{}").utf8)
        return Connection(
            id: id, name: name, application: application, auth: auth, health: health,
            settings: try JSONDecoder().decode([String: String].self, from: settings), account: try row.text(at: 11),
            expiresAt: try row.decode(Timestamp?.self, at: 12), nextCheckAt: try row.decode(Timestamp?.self, at: 13),
            authorisedAt: try row.decode(Timestamp?.self, at: 14), createdAt: try row.decode(Timestamp.self, at: 15))
    }

    static func find(
        _ id: UUID, tenant: TenantID, _ transaction: isolated PostgresConnection
    ) throws -> Connection? {
        let found = try transaction.first(
            "select \(fragment: columns) from connection where tenant_id = \(tenant) and connection_id = \(id)",
            connection)
        guard var found = found ?? nil else { return nil }
        found.nodes = try nodes(of: id, tenant: tenant, transaction)
        return found
    }

    static func nodes(
        of id: UUID, tenant: TenantID, _ transaction: isolated PostgresConnection
    ) throws -> [ConnectionNode] {
        try transaction.query(
            """
            select bot_id, node_id, path, state, is_learnt from connection_node
            where tenant_id = \(tenant) and connection_id = \(id) order by is_learnt, bot_id, node_id
            """
        ) { row in
            let (bot, node, path, state, isLearnt) = try row.decode(
                String.self, String.self, String?.self, String.self, Bool.self)
            return ConnectionNode(
                botID: bot, nodeID: node, path: path, state: ConnectionNode.State(rawValue: state) ?? .broken,
                isLearnt: isLearnt)
        }
    }

    /// What a node of a connection in some state can do.
    static func nodeState(_ state: ConnectionState) -> ConnectionNode.State {
        state == .needsReauth ? .broken : .attached
    }

    /// Writes an event down.
    static func note(
        _ event: ConnectionEvent, of id: UUID, tenant: TenantID, _ transaction: isolated PostgresConnection
    ) throws {
        try transaction.execute(
            """
            insert into connection_event (tenant_id, connection_id, kind, at, detail, user_id)
            values (\(tenant), \(id), \(event.kind.rawValue), \(event.at), \(event.detail), \(event.userID))
            """)
    }

    /// Writes a connection's health down, and when the next check is due; a check that was claimed is not any more.
    static func write(
        _ health: ConnectionHealth, nextCheckAt: Timestamp?, of id: UUID, tenant: TenantID,
        _ transaction: isolated PostgresConnection
    ) throws {
        try transaction.execute(
            """
            update connection
            set state = \(health.state.rawValue), state_reason = \(health.reason), state_since = \(health.since),
                failures = \(Int32(clamping: health.failures)), last_checked_at = \(health.lastCheckedAt),
                last_ok_at = \(health.lastOKAt), next_check_at = \(nextCheckAt), check_claimed_until = null
            where tenant_id = \(tenant) and connection_id = \(id)
            """)
    }

    func seal(_ secrets: ConnectionSecrets, _ id: UUID, _ tenant: TenantID) throws -> [UInt8] {
        try vault.seal(try Self.json(secrets), Self.place(tenant, id))
    }

    func open(_ sealed: [UInt8], _ id: UUID, _ tenant: TenantID) throws -> ConnectionSecrets {
        let text = try vault.open(sealed, Self.place(tenant, id))
        return try JSONDecoder().decode(ConnectionSecrets.self, from: Data(text.utf8))
    }

    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private static func place(_ tenant: TenantID, _ id: UUID) -> SecretPlace {
        SecretPlace(tenant: tenant, table: table, row: id.uuidString, column: "sealed_secrets")
    }

    /// Says what was wrong where the database refused what a person asked for.
    static func naming<Value>(_ write: () async throws -> Value) async throws -> Value {
        do { return try await write() } catch let error as DatabaseError {
            switch error.constraint {
            case "connection_name_length":
                throw Problem(.invalidParameter, "A connection's name has 1 to 200 characters.")
            case "connection_name_once":
                throw Problem(.conflict, "There is a connection of this name already.")
            case "connection_node_bot_length":
                throw Problem(.invalidParameter, "The bot_id of a node has 1 to 128 bytes.")
            case "connection_node_id_length":
                throw Problem(.invalidParameter, "The node_id of a node has at most 128 bytes.")
            case "connection_node_path_length":
                throw Problem(.invalidParameter, "The path of a node has at most 4,096 bytes.")
            default: break
            }
            // NUL, in text and in JSON
            guard ["22021", "22P05"].contains(error.sqlState) else { throw error }
            throw Problem(.invalidParameter, "A text holds a character (NUL) that can't be stored.")
        }
    }
}
