public import Domain
public import Foundation
import Postgres

extension ConnectionStore {
    /// Changes a connection.
    ///
    /// Other credentials raise the version of the secrets. With an API key or a password they are what a person authorises the
    /// connection with, so it is to be checked anew; one that was refused counts as refused until a check succeeds. Of OAuth
    /// they are the client, and the grant stays.
    /// - Parameters:
    ///   - id: the connection.
    ///   - tenant: whose connection.
    ///   - change: what to change.
    ///   - user: who changes it; nil for somebody without an account.
    ///   - now: by `app_now()`.
    /// - Returns: the connection as it is now; nil when there is none.
    /// - Throws: `Problem` when the name is bad or taken, or a node can't be one; `VaultError`, `DatabaseError`.
    public func update(
        _ id: UUID, tenant: TenantID, _ change: ConnectionChange, by user: UUID?, now: Timestamp
    ) async throws -> Connection? {
        let settings = try change.settings.map { try Self.json($0) }
        return try await Self.naming {
            try await database.transaction(in: .tenant(tenant)) { transaction in
                guard var standing = try Self.lock(id, tenant: tenant, transaction),
                    let before = try Self.find(id, tenant: tenant, transaction)
                else { return nil }
                try transaction.execute(
                    """
                    update connection set name = coalesce(\(change.name), name),
                                          settings = coalesce(\(settings)::text::jsonb, settings)
                    where tenant_id = \(tenant) and connection_id = \(id)
                    """)
                if let credentials = change.credentials {
                    try replaceCredentials(credentials, of: id, tenant, &standing, by: user, now: now, transaction)
                }
                if let isEnabled = change.isEnabled {
                    try Self.switchTo(isEnabled, id, tenant, &standing, by: user, now: now, transaction)
                }
                if let nodes = change.nodes {
                    try Self.setNodes(
                        nodes, of: id, tenant: tenant, state: standing.health.state, now: now, transaction)
                }
                guard let connection = try Self.find(id, tenant: tenant, transaction) else { return nil }
                let fields = change.fields(from: before, to: connection)
                try AuditLog.record(
                    .updated(.connection, id, label: connection.name, fields: fields), tenant: tenant, transaction)
                return connection
            }
        }
    }

    /// What a change has to know of a connection, which is held until the transaction ends.
    struct Standing {
        var auth: ConnectionAuth
        var health: ConnectionHealth
        var version: Int64
        var sealed: [UInt8]
        var authorisedAt: Timestamp?
        var toldAt: Timestamp?
        var renewAt: Timestamp?

        /// Whether a person authorised it since it is as it is.
        var isAuthorisedSince: Bool { authorisedAt.map { $0 >= health.since } ?? false }
    }

    /// Holds a connection until the transaction ends.
    /// - Returns: nil when there is none.
    static func lock(
        _ id: UUID, tenant: TenantID, _ transaction: isolated PostgresConnection
    ) throws -> Standing? {
        let found = try transaction.first(
            """
            select \(fragment: columns), grant_version, sealed_secrets, told_at, renew_at from connection
            where tenant_id = \(tenant) and connection_id = \(id) for no key update
            """
        ) { row -> Standing? in
            guard let connection = try connection(row) else { return nil }
            return Standing(
                auth: connection.auth, health: connection.health,
                version: try row.decode(Int64.self, at: columnCount),
                sealed: try row.decode([UInt8].self, at: columnCount + 1), authorisedAt: connection.authorisedAt,
                toldAt: try row.decode(Timestamp?.self, at: columnCount + 2),
                renewAt: try row.decode(Timestamp?.self, at: columnCount + 3))
        }
        return found ?? nil
    }

    private func replaceCredentials(
        _ credentials: [String: String], of id: UUID, _ tenant: TenantID, _ standing: inout Standing, by user: UUID?,
        now: Timestamp, _ transaction: isolated PostgresConnection
    ) throws {
        let grant = standing.auth == .oauth2 ? try open(standing.sealed, id, tenant).grant : nil
        let sealed = try seal(ConnectionSecrets(credentials: credentials, grant: grant), id, tenant)
        if standing.auth != .oauth2 {
            standing.authorisedAt = now
            if [.healthy, .degraded].contains(standing.health.state) {
                if standing.health.state != .degraded { standing.health.since = now }
                standing.health.state = .degraded
                standing.health.reason = "It has not been checked since its credentials were replaced."
                standing.health.failures = 0
            }
        }
        // who holds a claim goes on; claims that ran out were made for other secrets
        try transaction.execute(
            """
            update connection
            set sealed_secrets = \(sealed), grant_version = grant_version + 1, refresh_lapsed = '{}',
                authorised_at = \(standing.authorisedAt)
            where tenant_id = \(tenant) and connection_id = \(id)
            """)
        let isChecked = standing.authorisedAt != nil && standing.health.state != .disabled
        try Self.write(standing.health, nextCheckAt: isChecked ? now : nil, of: id, tenant: tenant, transaction)
        try Self.note(
            ConnectionEvent(.credentialsChanged, at: now, userID: user), of: id, tenant: tenant, transaction)
    }

    private static func switchTo(
        _ isOn: Bool, _ id: UUID, _ tenant: TenantID, _ standing: inout Standing, by user: UUID?, now: Timestamp,
        _ transaction: isolated PostgresConnection
    ) throws {
        guard isOn == (standing.health.state == .disabled) else { return }
        let isAuthorised = standing.authorisedAt != nil
        standing.health.switchTo(isOn, isAuthorised: isAuthorised, now: now)
        try write(
            standing.health, nextCheckAt: isOn && isAuthorised ? now : nil, of: id, tenant: tenant, transaction)
        try note(
            ConnectionEvent(isOn ? .enabled : .disabled, at: now, userID: user), of: id, tenant: tenant, transaction)
    }
}
