import Crypto
public import Domain
public import Foundation
import Postgres

/// API keys: made, looked up, listed, revoked. Only a key's hash is stored.
public struct APIKeyStore: Sendable {
    private let database: Database

    /// Works on a database.
    /// - Parameter database: a migrated one.
    public init(database: Database) { self.database = database }

    /// Makes a key.
    /// - Parameters:
    ///   - tenant: whose key it is.
    ///   - name: 1…200 characters, for people.
    ///   - scopes: what it may do.
    ///   - lifetimeDays: nil for a key that does not expire.
    ///   - creator: who makes it; nil for the operator.
    ///   - id: the new key's; making it twice is refused.
    /// - Throws: `Problem` when the name is bad, the tenant unknown, its keys are used up or the id is; `DatabaseError`.
    public func create(
        tenant: TenantID, name: String, scopes: Set<Scope>, lifetimeDays: Int?, creator: UUID? = nil,
        id: UUID = UUID()
    ) async throws -> NewAPIKey {
        let scopeNames = scopes.map(\.rawValue).sorted()
        for _ in 0..<16 {
            let key = APIKeyText.generate(tenantID: tenant, tag: UInt16.random(in: 0...UInt16.max))
            do {
                try await database.transaction(in: .everyTenant) { transaction in
                    try transaction.execute(
                        """
                        insert into api_key (tenant_id, key_id, key_tag, name, secret_hash, scopes, created_by, expires_at)
                        values (\(tenant), \(id), \(Int32(key.tag)), \(name), \(Self.hash(key.text)), \(scopeNames),
                                \(creator), app_now() + make_interval(days => \(lifetimeDays.map { Int32(clamping: $0) })))
                        """)
                    try AuditLog.record(.created(.apiKey, id, label: name), tenant: tenant, transaction)
                }
                return NewAPIKey(id: id, text: key.text)
            } catch let error as DatabaseError {
                switch error.constraint {
                case "api_key_tag_unique": continue
                case "api_key_pkey":
                    throw Problem(
                        .conflict, "This key was made already. It was shown once, and is in the list of keys.")
                case "api_key_name_length": throw Problem(.invalidParameter, "A key's name has 1 to 200 characters.")
                case "api_key_tenant_id_fkey": throw Problem(.notFound, "There is no tenant \(tenant).")
                default: throw error
                }
            }
        }
        throw Problem(.conflict, "This tenant has too many keys.")
    }

    /// The principal of a key, when the key is known, in force, and its secret is right.
    /// - Parameter text: the bearer token as sent, of a key's form.
    /// - Throws: `DatabaseError`.
    public func principal(_ text: APIKeyText) async throws -> Principal? {
        let hash = Self.hash(text.text)
        return try await database.query(
            """
            select k.key_id, k.secret_hash, k.scopes, t.name, t.plan, t.module, t.redaction_key, k.name
            from api_key k join tenant t on t.tenant_id = k.tenant_id
            where k.tenant_id = \(text.tenantID) and k.key_tag = \(Int32(text.tag)) and k.revoked_at is null
              and (k.expires_at is null or k.expires_at > app_now())
            """, in: .tenant(text.tenantID)
        ) { row -> Principal? in
            let (id, secretHash, scopes, name, plan, module, redactionKey) = try row.decode(
                UUID.self, [UInt8].self, [String].self, String.self, String.self, String.self, [UInt8].self)
            // both are hashes of secrets: comparing them byte by byte tells nothing of the secret
            guard secretHash == hash else { return nil }
            return Principal(
                identity: .apiKey(id: id, scopes: Set(scopes.compactMap(Scope.init(rawValue:)))),
                tenant: Tenant(
                    id: text.tenantID, name: name, plan: Plan(rawValue: plan), module: Module(rawValue: module)),
                redactionKey: redactionKey, label: try row.decode(String.self, at: 7))
        }.first ?? nil
    }

    /// A key that was revoked or has expired, when its secret is right: whose it was, so that its use is recorded.
    /// - Parameter text: the bearer token as sent, of a key's form.
    /// - Returns: the key's id and name; nil when the key is unknown.
    /// - Throws: `DatabaseError`.
    public func ended(_ text: APIKeyText) async throws -> (id: UUID, name: String)? {
        let hash = Self.hash(text.text)
        return try await database.query(
            """
            select key_id, name, secret_hash from api_key
            where tenant_id = \(text.tenantID) and key_tag = \(Int32(text.tag))
              and (revoked_at is not null or expires_at <= app_now())
            """, in: .tenant(text.tenantID)
        ) { row -> (UUID, String)? in
            let (id, name, secretHash) = try row.decode(UUID.self, String.self, [UInt8].self)
            return secretHash == hash ? (id, name) : nil
        }.compactMap(\.self).first
    }

    /// A page of a tenant's keys, newest first.
    /// - Parameters:
    ///   - tenant: whose keys.
    ///   - after: the last key of the page before.
    ///   - limit: the most to give.
    /// - Throws: `DatabaseError`.
    public func list(tenant: TenantID, after: UUID?, limit: Int) async throws -> [APIKeyRecord] {
        try await database.query(
            """
            select \(fragment: Self.columns) from api_key k left join app_user u on u.user_id = k.created_by
            where k.tenant_id = \(tenant)
              and (\(after)::uuid is null or (k.created_at, k.key_id) < (
                  select created_at, key_id from api_key where tenant_id = \(tenant) and key_id = \(after)))
            order by k.created_at desc, k.key_id desc limit \(Int64(limit))
            """, in: .everyTenant
        ) { row in try Self.record(row, tenant: tenant) }
    }

    /// A key as it is listed.
    /// - Parameters:
    ///   - id: the key.
    ///   - tenant: whose key it is.
    /// - Returns: nil when this tenant has no such key.
    /// - Throws: `DatabaseError`.
    public func find(_ id: UUID, tenant: TenantID) async throws -> APIKeyRecord? {
        try await database.query(
            """
            select \(fragment: Self.columns) from api_key k left join app_user u on u.user_id = k.created_by
            where k.tenant_id = \(tenant) and k.key_id = \(id)
            """, in: .everyTenant
        ) { row in try Self.record(row, tenant: tenant) }.first
    }

    private static let columns: SQL = """
        k.key_id, k.name, k.key_tag, k.scopes, k.created_at, k.expires_at, k.revoked_at, k.last_used_at, k.created_by, \
        u.email
        """

    private static func record(_ row: Row, tenant: TenantID) throws -> APIKeyRecord {
        let (id, name, tag, scopes, createdAt) = try row.decode(
            UUID.self, String.self, Int32.self, [String].self, Timestamp.self)
        return APIKeyRecord(
            id: id, name: name, prefix: APIKeyText.prefix(tenantID: tenant, tag: UInt16(truncatingIfNeeded: tag)),
            scopes: Set(scopes.compactMap(Scope.init(rawValue:))), createdAt: createdAt,
            expiresAt: try row.decode(Timestamp?.self, at: 5), revokedAt: try row.decode(Timestamp?.self, at: 6),
            lastUsedAt: try row.decode(Timestamp?.self, at: 7), createdBy: try row.decode(UUID?.self, at: 8),
            creatorEmail: try row.decode(String?.self, at: 9))
    }

    /// Makes a key that takes another's place, with its name, scopes and length of life; the old one ends after an overlap.
    /// - Parameters:
    ///   - id: the old key.
    ///   - tenant: whose key it is.
    ///   - overlapSeconds: how long both are good; 0 ends the old one at once.
    ///   - creator: who does it.
    ///   - newID: the new key's; making it twice is refused.
    /// - Returns: nil when there is no such key in force.
    /// - Throws: `Problem`, `DatabaseError`.
    public func rotate(
        _ id: UUID, tenant: TenantID, overlapSeconds: Int64, creator: UUID?, newID: UUID = UUID()
    ) async throws -> NewAPIKey? {
        let old = try await database.query(
            """
            select name, scopes, extract(epoch from expires_at - created_at)::bigint from api_key
            where tenant_id = \(tenant) and key_id = \(id) and revoked_at is null
              and (expires_at is null or expires_at > app_now())
            """, in: .everyTenant
        ) { row in try row.decode(String.self, [String].self, Int64?.self) }.first
        guard let (name, scopes, lifetimeSeconds) = old else { return nil }
        let key = try await create(
            tenant: tenant, name: name, scopes: Set(scopes.compactMap(Scope.init(rawValue:))),
            lifetimeDays: lifetimeSeconds.map { Int(($0 + 86_399) / 86_400) }, creator: creator, id: newID)
        // only now: whatever breaks in between, there is a key that works
        try await database.transaction(in: .everyTenant) { transaction in
            try transaction.execute(
                """
                update api_key
                set expires_at = least(expires_at, app_now() + make_interval(secs => \(Double(overlapSeconds))))
                where tenant_id = \(tenant) and key_id = \(id)
                """)
            try AuditLog.record(
                .updated(.apiKey, id, label: name, fields: ["expires_at"]), tenant: tenant, transaction)
        }
        return key
    }

    /// Ends a key's life.
    /// - Parameters:
    ///   - id: the key.
    ///   - tenant: whose key it is.
    /// - Returns: false when there is no such key in force.
    /// - Throws: `DatabaseError`.
    public func revoke(_ id: UUID, tenant: TenantID) async throws -> Bool {
        try await database.transaction(in: .everyTenant) { transaction in
            let name = try transaction.first(
                """
                update api_key set revoked_at = app_now()
                where tenant_id = \(tenant) and key_id = \(id) and revoked_at is null returning name
                """
            ) { row in try row.decode(String.self, at: 0) }
            guard let name else { return false }
            try AuditLog.record(.deleted(.apiKey, id, label: name), tenant: tenant, transaction)
            return true
        }
    }

    /// Notes that keys were used.
    /// - Parameters:
    ///   - ids: the keys of one tenant.
    ///   - tenant: whose keys they are.
    ///   - now: by `app_now()`.
    /// - Throws: `DatabaseError`.
    public func touch(_ ids: [UUID], tenant: TenantID, now: Timestamp) async throws {
        _ = try await database.execute(
            """
            update api_key set last_used_at = \(now)
            where tenant_id = \(tenant) and key_id = any(\(ids)) and (last_used_at is null or last_used_at < \(now))
            """, in: .tenant(tenant))
    }

    private static func hash(_ text: String) -> [UInt8] { Array(SHA256.hash(data: Data(text.utf8))) }
}
