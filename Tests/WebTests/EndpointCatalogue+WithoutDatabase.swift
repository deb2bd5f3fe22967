import Connections
import Domain
import Foundation
import Ingest
import Logging
import Mail
import Postgres
import Providers
import Store
import Transfer
import Vault

@testable import Web

extension EndpointCatalogue {
    /// The endpoints of a server whose database is never asked.
    static func withoutDatabase() throws -> EndpointCatalogue {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let database = Database(
            configuration: try PostgresConfiguration(url: "postgres://127.0.0.1:1/none"), connections: 1,
            logger: logger)
        let clock = DatabaseClock(database: database, logger: logger)
        let ingest = IngestService(
            writer: IngestWriter(
                store: CallLogWriter(database: database, clock: clock, logger: logger), logger: logger),
            answers: IdempotencyStore(database: database), clock: clock, retentionDays: 30)
        let configuration = APIServer.Configuration(listen: ("127.0.0.1", 0), metricsListen: nil)
        let vault = Vault(keys: [])
        let transfer = try HTTPTransfer()
        let connections = ConnectionService(
            store: ConnectionStore(database: database, vault: vault),
            authorizations: AuthorizationStore(database: database, vault: vault), catalogue: ProviderCatalogue(),
            client: ProviderClient(catalogue: ProviderCatalogue(), transfer: transfer, addressGuard: AddressGuard()),
            links: PublicLinks(publicURL: configuration.publicURL), clock: clock, logger: logger)
        return EndpointCatalogue(
            configuration: configuration, database: database, clock: clock, ingest: ingest,
            sessions: SessionStore(database: database), keys: APIKeyStore(database: database),
            cookies: SessionCookie(publicURL: configuration.publicURL),
            signer: LinkSigner(keys: [Array(repeating: 1, count: 32)]), vault: vault, connections: connections,
            proxy: ConnectionProxy(
                service: connections, transfer: transfer, addressGuard: AddressGuard(),
                underWay: CallsUnderWay()),
            recorder: CallRecorder(logger: logger), hangUps: HangUps(),
            readiness: Readiness(grace: .zero, callsUnderWay: CallsUnderWay()), logger: logger)
    }
}
