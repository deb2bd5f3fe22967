public import Domain
import Foundation
public import Logging
public import Providers
public import Store

/// What can be done with a tenant's connections: the store and the applications put together. Each call to an application
/// happens here, outside of any transaction, and what it found is written by one guarded statement.
public struct ConnectionService: Sendable {
    /// The connections.
    public let store: ConnectionStore
    /// The applications.
    public let catalogue: ProviderCatalogue
    let authorizations: AuthorizationStore
    let client: ProviderClient
    let links: PublicLinks
    let clock: DatabaseClock
    let logger: Logger
    let renewals = RenewalsUnderWay()
    let refusals = RefusalMemory()

    /// Puts the service together.
    /// - Parameters:
    ///   - store: the connections.
    ///   - authorizations: authorisations under way.
    ///   - catalogue: the applications.
    ///   - client: calls them.
    ///   - links: where they send people back to.
    ///   - clock: gives `app_now()`.
    ///   - logger: for what could not be done.
    public init(
        store: ConnectionStore, authorizations: AuthorizationStore, catalogue: ProviderCatalogue,
        client: ProviderClient, links: PublicLinks, clock: DatabaseClock, logger: Logger
    ) {
        self.store = store
        self.authorizations = authorizations
        self.catalogue = catalogue
        self.client = client
        self.links = links
        self.clock = clock
        self.logger = logger
    }

    /// What is said of an id that no connection of the tenant has.
    static let unknown = Problem(.notFound, "There is no connection with this id.")

    func stored(_ id: UUID, _ tenant: TenantID) async throws -> StoredSecrets {
        guard let stored = try await store.secrets(id, tenant: tenant) else { throw Self.unknown }
        return stored
    }
}

extension StoredSecrets {
    /// Where and as whom to call.
    var target: ProviderTarget {
        ProviderTarget(
            application: connection.application, auth: connection.auth, settings: connection.settings, secrets: secrets)
    }
}
