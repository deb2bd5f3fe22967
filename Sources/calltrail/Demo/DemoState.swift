import Domain
import Foundation
import Store
import Vault

/// What the demo remembers between two starts.
struct DemoState: Codable {
    var tenantID: String
    var writeKey: String
    var readKey: String
    /// The password of every login; nil in what an older version remembered.
    var password: String?
    /// The key under which the demo keeps its secrets, as the setting has it.
    var encryptionKey: String?
    /// True once the thirty days of calls were sent in.
    var isSeeded = false

    /// One login a role.
    static let logins: [(role: Role, email: String, name: String)] = [
        (.owner, "owner@example.com", "Olive Owner"), (.supervisor, "supervisor@example.com", "Sam Supervisor"),
        (.botBuilder, "builder@example.com", "Bo Builder"), (.agent, "agent@example.com", "Ash Agent"),
    ]

    /// Makes the demo's tenant with its people and keys.
    /// - Parameters:
    ///   - database: a migrated one.
    ///   - now: by `app_now()`.
    static func make(_ database: Database, now: Timestamp) async throws -> DemoState {
        let alphabet = Array("abcdefghjkmnpqrstuvwxyz23456789")
        let password = String((0..<16).map { _ in alphabet.randomElement() ?? "x" })
        let (tenant, _) = try await TenantStore(database: database).create(
            name: "Demo", plan: .business, module: .unified, ownerEmail: logins[0].email, ownerPassword: password)
        let members = MemberStore(database: database)
        for login in logins.dropFirst() {
            guard let email = EmailAddress(login.email) else { continue }
            _ = try await members.create(
                tenant: tenant.id, email: email, name: login.name, role: login.role, password: password,
                authority: .operator, now: now)
        }
        let keys = APIKeyStore(database: database)
        let write = try await keys.create(
            tenant: tenant.id, name: "Demo platform", scopes: [.callLogsWrite], lifetimeDays: nil)
        let read = try await keys.create(
            tenant: tenant.id, name: "Demo reader", scopes: [.callLogsRead], lifetimeDays: nil)
        return DemoState(
            tenantID: tenant.id.description, writeKey: write.text, readKey: read.text, password: password)
    }

    /// The encryption key, made when there is none yet.
    mutating func encryptionKeys() throws -> [EncryptionKey] {
        let fresh = Data((0..<32).map { _ in UInt8.random(in: 0...255) }).base64EncodedString()
        let text = encryptionKey ?? "demo:" + fresh
        encryptionKey = text
        return try EncryptionKey.list(text)
    }

    /// Reads what was remembered; nil at the first start.
    /// - Parameter directory: of the demo.
    static func load(from directory: URL) -> DemoState? {
        guard let data = try? Data(contentsOf: file(in: directory)) else { return nil }
        return try? JSONDecoder().decode(DemoState.self, from: data)
    }

    /// Remembers, for the owner's eyes only.
    func save(to directory: URL) throws {
        let file = Self.file(in: directory)
        try PrivateFile.write(JSONEncoder().encode(self), to: file)
    }

    private static func file(in directory: URL) -> URL { directory.appending(path: "demo.json") }
}
