public import Domain
public import Foundation
import Postgres

extension ConnectionStore {
    /// Seconds that a claim on buying another access token holds.
    public static let refreshSeconds: Int64 = 60
    /// Claims that ran out are remembered up to this many.
    static let mostLapsed = 8

    /// A connection with its secrets.
    /// - Parameters:
    ///   - id: the connection.
    ///   - tenant: whose connection.
    /// - Returns: nil when there is none.
    /// - Throws: `VaultError` when they don't open; `DatabaseError`.
    public func secrets(_ id: UUID, tenant: TenantID) async throws -> StoredSecrets? {
        let found =
            try await database.query(
                """
                select \(fragment: Self.secretColumns), coalesce(refresh_claimed_until <= app_now(), false) from connection
                where tenant_id = \(tenant) and connection_id = \(id)
                """, in: .tenant(tenant)
            ) { row in
                try Self.sealed(row).map { ($0, try row.decode(Bool.self, at: Self.columnCount + 4)) }
            }.first ?? nil
        guard let (sealed, hasLapsed) = found else { return nil }
        return try open(sealed, hasLapsed: hasLapsed, tenant)
    }

    /// Claims to be the one, of all processes, who buys another access token.
    ///
    /// A claim that runs out is free for the next one, who is told that the refresh before was interrupted.
    /// - Parameters:
    ///   - id: the connection.
    ///   - tenant: whose connection.
    ///   - version: of the secrets that the caller found wanting.
    ///   - now: by `app_now()`.
    /// - Throws: `VaultError` when the secrets don't open, and nothing is claimed then; `DatabaseError`.
    public func claimRefresh(
        _ id: UUID, tenant: TenantID, version: Int64, now: Timestamp
    ) async throws -> RefreshClaim {
        let claim = UUID()
        let until = now.advanced(bySeconds: Self.refreshSeconds)
        return try await database.transaction(in: .tenant(tenant)) { transaction in
            let found = try transaction.first(
                """
                select \(fragment: Self.secretColumns), refresh_claimed_until from connection
                where tenant_id = \(tenant) and connection_id = \(id) for no key update
                """
            ) { row in
                try Self.sealed(row).map { ($0, try row.decode(Timestamp?.self, at: Self.columnCount + 4)) }
            }
            guard let (sealed, claimedUntil) = found ?? nil else { return .gone }
            guard sealed.version == version else { return .changed }
            if let claimedUntil, claimedUntil > now { return .busy(until: claimedUntil) }
            try transaction.execute(
                """
                update connection
                set refresh_lapsed = case when refresh_claim is null then refresh_lapsed
                                          else (refresh_claim || refresh_lapsed)[1:\(Int32(Self.mostLapsed))] end,
                    refresh_claim = \(claim), refresh_claimed_until = \(until)
                where tenant_id = \(tenant) and connection_id = \(id)
                """)
            return .claimed(try open(sealed, hasLapsed: claimedUntil != nil, tenant), claim: claim)
        }
    }

    /// Keeps what a claimed refresh bought. Credentials that a person replaced meanwhile stay.
    ///
    /// A claim that ran out still counts as long as nobody else has kept anything: the grant is the only good one then.
    /// - Parameters:
    ///   - grant: what the application granted.
    ///   - id: the connection.
    ///   - tenant: whose connection.
    ///   - claim: as `claimRefresh` gave it.
    ///   - now: by `app_now()`.
    /// - Returns: false when the secrets are others by now: nothing was written.
    /// - Throws: `VaultError`, `DatabaseError`.
    public func keepGrant(
        _ grant: OAuthGrant, id: UUID, tenant: TenantID, claim: UUID, now: Timestamp
    ) async throws -> Bool {
        // what was granted for less than this is not looked at before
        let soonest = now.advanced(bySeconds: 30)
        return try await database.transaction(in: .tenant(tenant)) { transaction in
            let sealed = try transaction.first(
                """
                select sealed_secrets from connection
                where tenant_id = \(tenant) and connection_id = \(id)
                  and (refresh_claim = \(claim) or \(claim) = any(refresh_lapsed))
                for no key update
                """
            ) { row in try row.decode([UInt8].self, at: 0) }
            guard let sealed else { return false }
            var secrets = try open(sealed, id, tenant)
            secrets.grant = grant
            try transaction.execute(
                """
                update connection
                set sealed_secrets = \(try seal(secrets, id, tenant)), grant_version = grant_version + 1,
                    expires_at = \(grant.expiresAt), renew_at = \(grant.renewAt),
                    next_check_at = case when state = 'healthy'
                                         then least(next_check_at, \(grant.renewAt.map { max($0, soonest) })::timestamptz)
                                         else next_check_at end,
                    refresh_claim = null, refresh_claimed_until = null, refresh_lapsed = '{}'
                where tenant_id = \(tenant) and connection_id = \(id)
                """)
            return true
        }
    }

    /// Gives a claim back: no grant was bought, and none can have been.
    /// - Parameters:
    ///   - id: the connection.
    ///   - tenant: whose connection.
    ///   - claim: as `claimRefresh` gave it.
    /// - Throws: `DatabaseError`.
    public func releaseRefresh(_ id: UUID, tenant: TenantID, claim: UUID) async throws {
        _ = try await database.execute(
            """
            update connection
            set refresh_claimed_until = case when refresh_claim = \(claim) then null else refresh_claimed_until end,
                refresh_claim = nullif(refresh_claim, \(claim)), refresh_lapsed = array_remove(refresh_lapsed, \(claim))
            where tenant_id = \(tenant) and connection_id = \(id)
              and (refresh_claim = \(claim) or \(claim) = any(refresh_lapsed))
            """, in: .tenant(tenant))
    }

    /// Gives a claim back though a grant may have been bought that never arrived: the next one to claim is told so.
    /// - Parameters:
    ///   - id: the connection.
    ///   - tenant: whose connection.
    ///   - claim: as `claimRefresh` gave it.
    /// - Throws: `DatabaseError`.
    public func giveUpRefresh(_ id: UUID, tenant: TenantID, claim: UUID) async throws {
        _ = try await database.execute(
            """
            update connection
            set refresh_claim = null, refresh_claimed_until = null, refresh_lapsed = array_append(refresh_lapsed, \(claim))
            where tenant_id = \(tenant) and connection_id = \(id) and refresh_claim = \(claim)
            """, in: .tenant(tenant))
    }

    /// Keeps what an application granted after a person's consent. The state is left to the check that follows.
    /// - Parameters:
    ///   - grant: what the application granted.
    ///   - accountID: whose account at the application it is; nil leaves what is known.
    ///   - accountName: the same in words.
    ///   - id: the connection.
    ///   - tenant: whose connection.
    ///   - user: who consented; nil for somebody without an account.
    ///   - now: by `app_now()`.
    /// - Returns: false when there is no such connection any more.
    /// - Throws: `VaultError`, `DatabaseError`.
    @discardableResult
    public func keepAuthorization(
        _ grant: OAuthGrant, accountID: String?, accountName: String?, id: UUID, tenant: TenantID, by user: UUID?,
        now: Timestamp
    ) async throws -> Bool {
        try await database.transaction(in: .tenant(tenant)) { transaction in
            guard let standing = try Self.lock(id, tenant: tenant, transaction) else { return false }
            var secrets = try open(standing.sealed, id, tenant)
            secrets.grant = grant
            try transaction.execute(
                """
                update connection
                set sealed_secrets = \(try seal(secrets, id, tenant)), grant_version = grant_version + 1,
                    account_name = coalesce(\(accountName), case when \(accountID)::text is null or account_id = \(accountID)
                                                                 then account_name end),
                    account_id = coalesce(\(accountID), account_id),
                    expires_at = \(grant.expiresAt), renew_at = \(grant.renewAt), authorised_at = \(now),
                    state_reason = case when state = 'needs_reauth' then \(Self.notCheckedSinceAuthorised)
                                        else state_reason end,
                    next_check_at = case when state = 'disabled' then null else \(now)::timestamptz end,
                    check_claimed_until = null,
                    refresh_claim = null, refresh_claimed_until = null, refresh_lapsed = '{}'
                where tenant_id = \(tenant) and connection_id = \(id)
                """)
            let event = ConnectionEvent(.authorised, at: now, detail: accountName, userID: user)
            try Self.note(event, of: id, tenant: tenant, transaction)
            try AuditLog.record(
                .updated(.connection, id, fields: ["authorisation"]), tenant: tenant, by: user.map { ($0, nil) },
                transaction)
            return true
        }
    }

    /// What is said of a connection that was just authorised, until a call with it has succeeded.
    static let notCheckedSinceAuthorised = "It was authorised, and no call with it has succeeded since."

    private struct Sealed {
        var connection: Connection
        var blob: [UInt8]
        var version: Int64
        var accountID: String?
        var hasLapsed: Bool
    }

    private static let secretColumns: SQL = """
        \(fragment: columns), sealed_secrets, grant_version, account_id, refresh_lapsed <> '{}'
        """

    private static func sealed(_ row: Row) throws -> Sealed? {
        guard let connection = try connection(row) else { return nil }
        return Sealed(
            connection: connection, blob: try row.decode([UInt8].self, at: columnCount),
            version: try row.decode(Int64.self, at: columnCount + 1), accountID: try row.text(at: columnCount + 2),
            hasLapsed: try row.decode(Bool.self, at: columnCount + 3))
    }

    /// - Parameter hasLapsed: whether there is a claim that ran out besides those that are remembered.
    private func open(_ sealed: Sealed, hasLapsed: Bool, _ tenant: TenantID) throws -> StoredSecrets {
        StoredSecrets(
            connection: sealed.connection, secrets: try open(sealed.blob, sealed.connection.id, tenant),
            version: sealed.version, accountID: sealed.accountID, interruptedRefresh: sealed.hasLapsed || hasLapsed)
    }
}
