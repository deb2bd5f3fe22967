import Domain
import Postgres
public import Vault

/// Whether the encryption keys are those that the database was written with.
public struct KeyCheckStore: Sendable {
    /// A key that must not be used: with it, secrets could not be opened, and others would be sealed beyond recovery.
    public struct WrongKey: Error, Hashable, CustomStringConvertible {
        /// The key's id.
        public var keyID: String

        /// Names a key.
        /// - Parameter keyID: its id.
        public init(keyID: String) { self.keyID = keyID }

        /// In words.
        public var description: String { "the encryption key \(keyID) is not the one this database was written with" }
    }

    /// What is sealed; it is no secret.
    private static let text = "calltrail"

    private let database: Database

    /// Works on a database.
    /// - Parameter database: a migrated one.
    public init(database: Database) { self.database = database }

    /// Checks every key, and leaves a check value for those that the database does not know yet. Of two processes that come
    /// with different keys of a new id, the second is refused.
    /// - Parameter vault: has the keys.
    /// - Returns: ids of keys that the database was written with and that the vault does not have.
    /// - Throws: `WrongKey`, `DatabaseError`.
    public func check(_ vault: Vault) async throws -> [String] {
        let ids = vault.keyIDs
        let sealed = try ids.map { try vault.seal(Self.text, Self.place(of: $0), under: $0) }
        return try await database.transaction(in: .everyTenant) { transaction in
            for (id, sealed) in zip(ids, sealed) {
                try transaction.execute(
                    "insert into encryption_check (key_id, sealed) values (\(id), \(sealed)) on conflict do nothing")
            }
            let found = try transaction.query("select key_id, sealed from encryption_check order by key_id") { row in
                try row.decode(String.self, [UInt8].self)
            }
            // before the commit: whoever is refused leaves no check value behind
            for (id, sealed) in found where ids.contains(id) {
                guard (try? vault.open(sealed, Self.place(of: id))) == Self.text else { throw WrongKey(keyID: id) }
            }
            return found.map(\.0).filter { !ids.contains($0) }
        }
    }

    /// It is nobody's: tenants' numbers are positive.
    private static func place(of keyID: String) -> SecretPlace {
        SecretPlace(tenant: TenantID(rawValue: 0), table: "encryption_check", row: keyID, column: "sealed")
    }
}
