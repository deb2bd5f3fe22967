public import Domain
public import Foundation
import Providers

extension ConnectionService {
    /// The host that a check of a connection would ask first.
    /// - Parameters:
    ///   - id: the connection.
    ///   - tenant: whose.
    /// - Returns: nil where there is nothing to ask, or what is set up can't be used.
    /// - Throws: `Problem` (not_found); `VaultError`, `DatabaseError`.
    public func checkHost(_ id: UUID, tenant: TenantID) async throws -> String? {
        let stored = try await stored(id, tenant)
        return try? client.checkHost(of: stored.target)
    }
}
