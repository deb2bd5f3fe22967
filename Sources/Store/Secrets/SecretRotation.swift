import Domain
import Foundation
import Postgres
public import Vault

/// Seals everything that is sealed anew, under the newest key, so that older keys can be taken out of the settings.
///
/// It may be interrupted and run again, and run beside whatever writes: a secret is replaced only where it is still the one
/// that was read. A process that still has only the older key goes on sealing under it; the next run finds that.
public struct SecretRotation: Sendable {
    /// What became of one column's secrets.
    public struct Count: Sendable, Hashable {
        /// The table.
        public var table: String
        /// The column.
        public var column: String
        /// Secrets that are under the newest key now.
        public var resealed = 0
        /// Secrets that were already.
        public var untouched = 0
        /// Secrets that were replaced or removed by somebody else meanwhile.
        public var changed = 0
        /// Secrets that could not be opened, and stay as they are.
        public var unopened = 0
    }

    /// A secret that could not be opened.
    public struct Failure: Sendable, Hashable, CustomStringConvertible {
        /// Where it stands.
        public var place: SecretPlace
        /// Why.
        public var reason: String

        /// In words.
        public var description: String {
            "tenant \(place.tenant), \(place.table) \(place.row.lowercased()), \(place.column): \(reason)"
        }
    }

    /// What a run did.
    public struct Report: Sendable {
        /// One for each column that holds secrets.
        public var counts: [Count] = []
        /// The first of those that could not be opened.
        public var failures: [Failure] = []
        /// Older keys under which nothing is sealed any more: they can be taken out of the settings.
        public var retiredKeys: [String] = []
        /// Older keys that are still needed.
        public var neededKeys: [String] = []

        /// Failures beyond this are counted only.
        static let mostFailures = 100
    }

    private let database: Database
    private let vault: Vault

    /// Works on a database.
    /// - Parameters:
    ///   - database: a migrated one.
    ///   - vault: the newest key seals; the older ones have to be there to open.
    public init(database: Database, vault: Vault) {
        self.database = database
        self.vault = vault
    }

    /// Goes through all secrets once, and forgets older keys under which nothing is sealed any more.
    /// - Parameter batch: secrets that are read, and written, at a time.
    /// - Throws: `KeyCheckStore.WrongKey` when a key is not the one that the database was written with; `VaultError.noKey`;
    ///   `DatabaseError`. What was done until then stays.
    public func run(batch: Int = 200) async throws -> Report {
        guard let newest = vault.keyIDs.first else { throw VaultError.noKey }
        _ = try await KeyCheckStore(database: database).check(vault)
        var report = Report()
        for column in SealedColumn.all {
            report.counts.append(try await reseal(column, batch: max(batch, 1), &report.failures))
        }
        (report.retiredKeys, report.neededKeys) = try await retireKeys(newest: newest)
        return report
    }

    /// A secret as it was read.
    private struct Secret: Sendable {
        var place: SecretPlace
        /// The row's key beside the tenant, as text.
        var key: String
        var blob: [UInt8]
    }

    private func reseal(_ column: SealedColumn, batch: Int, _ failures: inout [Failure]) async throws -> Count {
        var count = Count(table: column.table, column: column.column)
        var last: Secret?
        while true {
            try Task.checkCancellation()
            let secrets = try await database.query(
                column.page(after: last.map { ($0.place.tenant, $0.key) }, limit: batch), in: .everyTenant
            ) { row in
                let (tenant, key, blob) = try row.decode(TenantID.self, String.self, [UInt8].self)
                let name = column.rowName(key)
                return Secret(
                    place: SecretPlace(tenant: tenant, table: column.table, row: name, column: column.column),
                    key: key, blob: blob)
            }
            var updates: [SQL] = []
            for secret in secrets {
                guard !vault.isNewest(secret.blob) else {
                    count.untouched += 1
                    continue
                }
                do {
                    let sealed = try vault.seal(try vault.open(secret.blob, secret.place), secret.place)
                    updates.append(column.update(secret.place.tenant, secret.key, from: secret.blob, to: sealed))
                } catch let error as VaultError {
                    count.unopened += 1
                    guard failures.count < Report.mostFailures else { continue }
                    failures.append(Failure(place: secret.place, reason: error.description))
                }
            }
            let written = try await write(updates)
            count.resealed += written
            count.changed += updates.count - written
            guard secrets.count == batch else { return count }
            last = secrets.last
        }
    }

    private func write(_ updates: [SQL]) async throws -> Int {
        guard !updates.isEmpty else { return 0 }
        let settings = Database.Scope.everyTenant.settings
        let affected = try await database.pool.withConnection { connection in
            try connection.pipelinedExecute(settings, updates)
        }
        return affected.reduce(0, +)
    }

    /// Forgets older keys that seal nothing. A key that is not known here counts as older when it was met before the newest.
    private func retireKeys(newest: String) async throws -> (retired: [String], needed: [String]) {
        let inUse = SealedColumn.all.map(\.keyIDs).joined(separator: " union ")
        let known = Array(vault.keyIDs.dropFirst())
        return try await database.transaction(in: .everyTenant) { transaction in
            let retired = try transaction.query(
                """
                delete from encryption_check c
                where c.key_id <> \(newest)
                  and (c.key_id = any(\(known))
                       or c.created_at < (select created_at from encryption_check where key_id = \(newest)))
                  and c.key_id not in (\(fragment: inUse))
                returning c.key_id
                """
            ) { row in try row.decode(String.self, at: 0) }
            let needed = try transaction.query(
                "select key_id from (\(fragment: inUse)) used (key_id) where key_id <> \(newest) order by 1"
            ) { row in try row.decode(String.self, at: 0) }
            return (retired.sorted(), needed)
        }
    }
}

/// A column that holds secrets, and how its rows are named in their places.
struct SealedColumn: Sendable {
    /// The table.
    var table: String
    /// The column.
    var column: String
    /// The row's key beside the tenant.
    var key: String
    /// The key's type.
    var keyType: KeyType

    /// How a key is written.
    enum KeyType: Sendable {
        case uuid
        case bytes
    }

    /// Every column that holds secrets; whoever seals into another one names it here.
    static let all = [
        SealedColumn(table: "notification_channel", column: "sealed_url", key: "channel_id", keyType: .uuid),
        SealedColumn(table: "notification_channel", column: "sealed_secret", key: "channel_id", keyType: .uuid),
        SealedColumn(table: ConnectionStore.table, column: "sealed_secrets", key: "connection_id", keyType: .uuid),
        SealedColumn(table: AuthorizationStore.table, column: "sealed_verifier", key: "state_hash", keyType: .bytes),
    ]

    /// The row as the stores name it when they seal.
    func rowName(_ key: String) -> String {
        switch keyType {
        case .uuid: key.uppercased()
        case .bytes: key
        }
    }

    /// A page in the order of the primary key.
    func page(after last: (tenant: TenantID, key: String)?, limit: Int) -> SQL {
        let rest: SQL =
            last.map { "and (tenant_id, \(identifier: key)) > (\($0.tenant), \(fragment: value(of: $0.key)))" } ?? ""
        return """
            select tenant_id, \(fragment: keyText), \(identifier: column) from \(identifier: table)
            where \(identifier: column) is not null \(fragment: rest)
            order by tenant_id, \(identifier: key) limit \(Int64(limit))
            """
    }

    /// Replaces a secret where it is still the one that was read.
    func update(_ tenant: TenantID, _ name: String, from old: [UInt8], to new: [UInt8]) -> SQL {
        """
        update \(identifier: table) set \(identifier: column) = \(new)
        where tenant_id = \(tenant) and \(identifier: key) = \(fragment: value(of: name)) and \(identifier: column) = \(old)
        """
    }

    /// The ids of the keys that secrets are under: behind the version and the id's length.
    var keyIDs: SQL {
        """
        select convert_from(substr(\(identifier: column), 3, get_byte(\(identifier: column), 1)), 'SQL_ASCII')
        from \(identifier: table) where length(\(identifier: column)) > 2
        """
    }

    private var keyText: SQL {
        switch keyType {
        case .uuid: "\(identifier: key)::text"
        case .bytes: "encode(\(identifier: key), 'hex')"
        }
    }

    private func value(of name: String) -> SQL {
        switch keyType {
        case .uuid: "\(name)::text::uuid"
        case .bytes: "decode(\(name), 'hex')"
        }
    }
}
