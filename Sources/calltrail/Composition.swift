import AuditChain
import Connections
import Domain
import Jobs
import Logging
import Mail
import Postgres
import Providers
import ServiceLifecycle
import Store
import Transfer
import UnixSignals
import Vault
import Web

/// The program's parts, put together in one place for `api`, `worker` and `demo` alike.
struct Composition: Sendable {
    let settings: Settings
    let logger: Logger
    let database: Database
    /// The same, with connections for entries alone.
    let ingestDatabase: Database
    /// The same, with a connection for the audit log alone.
    let auditDatabase: Database
    let clock: DatabaseClock

    /// Opens no connection yet.
    /// - Throws: `Settings.Invalid`.
    init(_ settings: Settings, logger: Logger) throws {
        self.settings = settings
        self.logger = logger
        var configuration = try settings.databaseConfiguration()
        configuration.statementTimeout = .seconds(15)
        configuration.lockTimeout = .seconds(5)
        configuration.idleInTransactionTimeout = .seconds(15)
        database = Database(configuration: configuration, connections: 10, logger: logger)
        // two lanes, and what they look up meanwhile
        ingestDatabase = Database(configuration: configuration, connections: 4, logger: logger)
        auditDatabase = Database(configuration: configuration, connections: 1, logger: logger)
        clock = DatabaseClock(database: database, others: [ingestDatabase, auditDatabase], logger: logger)
    }

    /// Refuses a database that is not migrated, or a login for which row-level security would not hold.
    /// - Throws: `CommandSupport.Failure`.
    func refuseUnfitDatabase() async throws {
        let pending = try await Migrator(database: database, directory: settings.sqlDirectory).pending()
        guard pending.isEmpty else {
            throw CommandSupport.Failure(
                message: "the database misses \(pending.count) migrations: run calltrail migrate")
        }
        if let reason = try await database.reasonNotToServe() {
            throw CommandSupport.Failure(message: "refusing to serve: \(reason)")
        }
    }

    /// Refuses encryption keys that are not those that the database was written with.
    /// - Throws: `KeyCheckStore.WrongKey`; `DatabaseError`.
    func refuseWrongKeys() async throws {
        let missing = try await KeyCheckStore(database: database).check(vault)
        if !missing.isEmpty {
            logger.warning(
                "secrets may be sealed under keys that are not given",
                metadata: ["keys": "\(missing.joined(separator: ", "))"])
        }
    }

    /// Secrets at rest.
    var vault: Vault { Vault(keys: settings.encryptionKeys) }

    /// Signs checkpoints of the audit log.
    var auditDuties: JobCatalogue.AuditDuties {
        JobCatalogue.AuditDuties(
            signer: AuditSigner(seeds: vault.signingKeys(AuditSigner.purpose)),
            archive: settings.archiveDirectory.map(AuditArchive.init(directory:)),
            retentionDays: settings.auditRetentionDays)
    }

    /// Signs the links in mails that work without signing in.
    private var signer: LinkSigner { LinkSigner(keys: vault.signingKeys("mail links")) }

    /// Connections to the mail server at the most: one for each mail that is sent at a time.
    private static let mailConnections = 8

    /// Gets mails to people: by the mail server, or into the outbox directory.
    /// - Throws: `TransferError` when libcurl does not start.
    func mail() throws -> MailSender {
        let transport: any MailTransport =
            if let server = settings.smtpServer {
                SMTPTransport(
                    transfers: try (0..<Self.mailConnections).map { _ in
                        try SMTPTransfer(
                            server: server, certificateFile: settings.certificateFile, maximumConnections: 1)
                    })
            } else if let directory = settings.outboxDirectory {
                OutboxTransport(directory: directory)
            } else {
                NoTransport(logger: logger)
            }
        return MailSender(identity: settings.mailFrom, transport: transport)
    }

    /// What every process runs: connections and the clock.
    var shared: [any Service] { [database, clock] }

    /// Connections at a time of one process to all applications together: for tokens and probes, and as many for calls.
    private static let providerConnections = 512

    private func providerTransfer() throws -> HTTPTransfer {
        try HTTPTransfer(certificateFile: settings.certificateFile, maximumConnections: Self.providerConnections)
    }

    /// What can be done with connections.
    /// - Throws: `TransferError` when libcurl does not start.
    private func connections() throws -> ConnectionService {
        let transfer = try providerTransfer()
        let catalogue = ProviderCatalogue(overrides: settings.providers)
        return ConnectionService(
            store: ConnectionStore(database: database, vault: vault),
            authorizations: AuthorizationStore(database: database, vault: vault), catalogue: catalogue,
            client: ProviderClient(catalogue: catalogue, transfer: transfer, addressGuard: settings.egress),
            links: PublicLinks(publicURL: settings.publicURL), clock: clock, logger: logger)
    }

    /// What the api process runs.
    /// - Throws: `TransferError` when libcurl does not start.
    func api(onListening: @escaping @Sendable (_ port: Int) async -> Void) throws -> [any Service] {
        var configuration = APIServer.Configuration(listen: settings.listen, metricsListen: settings.metricsListen)
        configuration.retentionDays = settings.retentionDays
        configuration.auditRetentionDays = settings.auditRetentionDays
        configuration.publicURL = settings.publicURL
        configuration.trustedProxies = settings.trustedProxies
        configuration.egress = settings.egress
        configuration.readsPerMinute = settings.readsPerMinute
        configuration.writesPerMinute = settings.writesPerMinute
        let connections = try connections()
        let underWay = CallsUnderWay()
        return APIServer(
            configuration: configuration, database: database, ingestDatabase: ingestDatabase,
            auditDatabase: auditDatabase, clock: clock,
            signer: signer, vault: vault, connections: connections,
            // calls may last minutes: they must not keep tokens from being renewed
            proxy: ConnectionProxy(
                service: connections, transfer: try providerTransfer(), addressGuard: settings.egress,
                underWay: underWay),
            underWay: underWay,
            logger: logger,
            onListening: onListening
        ).services
    }

    /// What the worker process runs.
    /// - Parameter servesMetrics: false where another process' part does.
    /// - Throws: `TransferError` when libcurl does not start.
    func worker(servesMetrics: Bool = true) throws -> [any Service] {
        let maintenance = MaintenanceStore(database: database)
        let scheduled = JobCatalogue.scheduled(
            database: database, retentionDays: settings.retentionDays, audit: auditDuties, vault: vault)
        let notices = JobCatalogue.Notices(
            mail: try mail(), mailDomain: settings.mailFrom.domain, links: PublicLinks(publicURL: settings.publicURL),
            signer: signer, tracksOpening: settings.tracksOpening,
            hooks: HookSender(
                transfer: try HTTPTransfer(certificateFile: settings.certificateFile), addressGuard: settings.egress),
            vault: vault)
        let kinds =
            JobCatalogue.kinds(
                database: database, retentionDays: settings.retentionDays, audit: auditDuties, notices: notices,
                connections: try connections(), logger: logger)
            + scheduled.map { RunnableKind($0, maintenance: maintenance, clock: clock) }
        let runner = JobRunner(kinds: kinds, database: database, clock: clock, logger: logger)
        let metrics = MetricsServer.worker(
            database: database, clock: clock, jobs: { runner.counters.numbers },
            address: settings.metricsListen, logger: logger)
        return (servesMetrics ? [metrics] : []) + [
            Scheduler(jobs: scheduled, maintenance: maintenance, logger: logger), runner,
        ]
    }

    /// Runs services until SIGTERM or SIGINT, then lets each finish, the last first; likewise when one of them fails (a
    /// port that is taken).
    /// - Throws: what the failed service threw.
    static func run(_ services: [any Service], logger: Logger) async throws {
        let group = ServiceGroup(
            configuration: .init(
                services: services.map { .init(service: $0, failureTerminationBehavior: .gracefullyShutdownGroup) },
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger))
        try await group.run()
    }
}
