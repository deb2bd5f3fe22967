public import Domain
public import Foundation
import Postgres
public import Vault

/// The connections of tenants: what they are, who calls with them, how they are. Secrets are sealed here and opened for a
/// call alone.
public struct ConnectionStore: Sendable {
    static let table = "connection"

    let database: Database
    let vault: Vault

    /// Works on a database.
    /// - Parameters:
    ///   - database: a migrated one.
    ///   - vault: seals and opens.
    public init(database: Database, vault: Vault) {
        self.database = database
        self.vault = vault
    }

    /// A page of a tenant's connections, newest first, without their nodes.
    /// - Parameters:
    ///   - tenant: whose connections.
    ///   - state: those that are so; nil for all.
    ///   - application: those of an application; nil for all.
    ///   - after: the last connection of the page before.
    ///   - limit: the most to give.
    /// - Throws: `DatabaseError`.
    public func list(
        tenant: TenantID, state: ConnectionState?, application: Application?, after: ConnectionPosition?, limit: Int
    ) async throws -> [Connection] {
        try await database.query(
            """
            select \(fragment: Self.columns) from connection
            where tenant_id = \(tenant)
              and (\(after?.id)::uuid is null or (created_at, connection_id) < (\(after?.createdAt), \(after?.id)))
              and (\(state?.rawValue)::text is null or state = \(state?.rawValue))
              and (\(application?.rawValue)::text is null or application = \(application?.rawValue))
            order by created_at desc, connection_id desc limit \(Int64(limit))
            """, in: .tenant(tenant), Self.connection
        ).compactMap(\.self)
    }

    /// A connection with its nodes.
    /// - Parameters:
    ///   - id: the connection.
    ///   - tenant: whose connection.
    /// - Returns: nil when there is none.
    /// - Throws: `DatabaseError`.
    public func find(_ id: UUID, tenant: TenantID) async throws -> Connection? {
        try await database.transaction(in: .tenant(tenant)) { transaction in
            try Self.find(id, tenant: tenant, transaction)
        }
    }

    /// Makes a connection.
    /// - Parameters:
    ///   - tenant: whose connection.
    ///   - new: what it is to be.
    ///   - creator: who makes it; nil for somebody without an account.
    ///   - now: by `app_now()`.
    /// - Throws: `Problem` when the name is bad or taken, a node can't be one, or there are too many connections or nodes;
    ///   `VaultError`, `DatabaseError`.
    public func create(
        tenant: TenantID, _ new: NewConnection, creator: UUID?, now: Timestamp
    ) async throws -> Connection {
        let id = UUID.version7(at: now)
        let sealed = try seal(ConnectionSecrets(credentials: new.credentials), id, tenant)
        let settings = try Self.json(new.settings)
        let isAuthorised = new.auth != .oauth2
        let state = isAuthorised ? ConnectionState.degraded : .needsReauth
        let reason = isAuthorised ? "It has not been checked yet." : ConnectionHealth.notAuthorisedYet
        let connection = try await Self.naming {
            try await database.transaction(in: .tenant(tenant)) { transaction in
                try Self.refuseTooMany(of: tenant, transaction)
                try transaction.execute(
                    """
                    insert into connection (tenant_id, connection_id, name, application, auth, state, state_reason,
                                            state_since, settings, sealed_secrets, next_check_at, authorised_at, created_by,
                                            created_at)
                    values (\(tenant), \(id), \(new.name), \(new.application.rawValue), \(new.auth.rawValue),
                            \(state.rawValue), \(reason), \(now), \(settings)::text::jsonb, \(sealed),
                            \(isAuthorised ? now : nil), \(isAuthorised ? now : nil), \(creator), \(now))
                    """)
                try Self.setNodes(new.nodes, of: id, tenant: tenant, state: state, now: now, transaction)
                try Self.note(ConnectionEvent(.created, at: now, userID: creator), of: id, tenant: tenant, transaction)
                try AuditLog.record(.created(.connection, id, label: new.name), tenant: tenant, transaction)
                return try Self.find(id, tenant: tenant, transaction)
            }
        }
        guard let connection else { throw Problem(.internalError, "The connection was not made.") }
        return connection
    }

    /// Removes a connection and all that is kept with it.
    /// - Parameters:
    ///   - id: the connection.
    ///   - tenant: whose connection.
    /// - Returns: the connection and its secrets, so that they can be revoked; empty secrets when they don't open. Nil when
    ///   there was none.
    /// - Throws: `DatabaseError`.
    public func remove(_ id: UUID, tenant: TenantID) async throws -> (Connection, ConnectionSecrets)? {
        let removed = try await database.transaction(in: .tenant(tenant)) { transaction -> (Connection, [UInt8])? in
            guard let connection = try Self.find(id, tenant: tenant, transaction) else { return nil }
            let sealed = try transaction.first(
                """
                delete from connection where tenant_id = \(tenant) and connection_id = \(id) returning sealed_secrets
                """
            ) { row in try row.decode([UInt8].self, at: 0) }
            guard let sealed else { return nil }
            try AuditLog.record(.deleted(.connection, id, label: connection.name), tenant: tenant, transaction)
            return (connection, sealed)
        }
        guard let (connection, sealed) = removed else { return nil }
        // what does not open can't be revoked, which is no reason to keep it
        return (connection, (try? open(sealed, id, tenant)) ?? ConnectionSecrets(credentials: [:]))
    }

    /// What happened to a connection, newest first.
    /// - Parameters:
    ///   - id: the connection.
    ///   - tenant: whose connection.
    ///   - limit: the most to give.
    /// - Throws: `DatabaseError`.
    public func events(_ id: UUID, tenant: TenantID, limit: Int) async throws -> [ConnectionEvent] {
        try await database.query(
            """
            select kind, at, detail, user_id from connection_event
            where tenant_id = \(tenant) and connection_id = \(id)
            order by at desc, event_id desc limit \(Int64(limit))
            """, in: .tenant(tenant)
        ) { row in
            let (kind, at, detail, userID) = try row.decode(String.self, Timestamp.self, String?.self, UUID?.self)
            return ConnectionEvent.Kind(rawValue: kind).map {
                ConnectionEvent($0, at: at, detail: detail, userID: userID)
            }
        }.compactMap(\.self)
    }

    /// Days that events are kept.
    static let eventDays: Int64 = 90

    /// Deletes events that nobody will ask about any more, a few thousand at a time.
    /// - Parameter now: by `app_now()`.
    /// - Returns: how many went.
    /// - Throws: `DatabaseError`.
    @discardableResult
    public func prune(now: Timestamp) async throws -> Int {
        let time = now.advanced(bySeconds: -Self.eventDays * 86_400)
        var gone = 0
        while true {
            let batch = try await database.execute(
                """
                delete from connection_event where (tenant_id, connection_id, event_id) in (
                    select tenant_id, connection_id, event_id from connection_event where at < \(time)
                    order by at limit 5000)
                """, in: .everyTenant)
            gone += batch
            guard batch == 5000 else { return gone }
            try Task.checkCancellation()
        }
    }

    /// How many connections there are in each state, of all tenants.
    /// - Throws: `DatabaseError`.
    public func numbers() async throws -> [ConnectionState: Int] {
        let counts = try await database.query(
            "select state, count(*) from connection group by state", in: .everyTenant
        ) { row in try row.decode(String.self, Int64.self) }
        var numbers = Dictionary(uniqueKeysWithValues: ConnectionState.allCases.map { ($0, 0) })
        for (state, count) in counts {
            if let state = ConnectionState(rawValue: state) { numbers[state] = Int(count) }
        }
        return numbers
    }

    /// One at a time makes connections of a tenant, or two could each make the last one.
    private static func refuseTooMany(of tenant: TenantID, _ transaction: isolated PostgresConnection) throws {
        try transaction.execute("select pg_advisory_xact_lock(hashtext('calltrail.connection'), \(tenant))")
        let count = try transaction.first(
            "select count(*) from connection where tenant_id = \(tenant)"
        ) { row in try row.decode(Int64.self, at: 0) }
        guard count ?? 0 < Connection.mostOfATenant else {
            throw Problem(.conflict, "A tenant has at most \(Connection.mostOfATenant) connections; remove one first.")
        }
    }
}
