public import Connections
public import Domain
import Hummingbird
import HummingbirdCore
import Ingest
public import Logging
public import Mail
import NIOCore
public import ServiceLifecycle
public import Store
public import Vault

/// The REST API and its metrics: everything that serves requests, put together.
public struct APIServer: Sendable {
    /// Where and how to serve.
    public struct Configuration: Sendable {
        /// Host and port of the API.
        public var listen: (host: String, port: Int)
        /// Host and port of `/metrics`; nil serves none.
        public var metricsListen: (host: String, port: Int)?
        /// Days that calls are kept.
        public var retentionDays = 30
        /// Days that the audit log is kept.
        public var auditRetentionDays = 30
        /// Seconds a request may take to arrive.
        public var requestDeadlineSeconds: Int64 = 30
        /// Seconds a connection may be idle.
        public var idleSeconds: Int64 = 75
        /// The address by which people's browsers know this server; begins links and decides about cookies.
        public var publicURL = "http://127.0.0.1:8080"
        /// Reverse proxies whose `X-Forwarded-For` is believed.
        public var trustedProxies: [AddressRange] = []
        /// Addresses that outgoing calls may reach.
        public var egress = AddressGuard()
        /// Requests a minute for each key or person, other than sending entries; ten times as many for each tenant.
        public var readsPerMinute = 6_000
        /// Requests a minute with entries for each key; twice as many for each tenant.
        public var writesPerMinute = 600_000
        /// Time between "not ready" and the closing of the listener at a shutdown.
        public var shutdownGrace: Duration = .seconds(1)

        /// Serves on an address.
        /// - Parameters:
        ///   - listen: host and port of the API.
        ///   - metricsListen: host and port of `/metrics`.
        public init(listen: (host: String, port: Int), metricsListen: (host: String, port: Int)?) {
            self.listen = listen
            self.metricsListen = metricsListen
        }
    }

    /// Bytes that a request with entries may have as sent.
    static let largestBody = 8 << 20

    /// The services to run, in the order in which they start; they stop in the reverse order.
    public let services: [any Service]

    /// Puts the server together.
    /// - Parameters:
    ///   - configuration: where and how to serve.
    ///   - database: a migrated one, whose login may serve.
    ///   - ingestDatabase: the same database, with connections for entries alone.
    ///   - clock: gives `app_now()`.
    ///   - auditDatabase: the same database, with a connection for the audit log alone.
    ///   - signer: reads the links in mails that work without signing in.
    ///   - vault: seals and opens secrets.
    ///   - connections: what can be done with connections.
    ///   - proxy: makes calls with their credentials.
    ///   - underWay: the calls of the proxy.
    ///   - onListening: called with the API's port once it accepts connections.
    ///   - logger: for requests that fail, and shutdown.
    public init(
        configuration: Configuration, database: Database, ingestDatabase: Database, auditDatabase: Database,
        clock: DatabaseClock,
        signer: LinkSigner, vault: Vault, connections: ConnectionService, proxy: ConnectionProxy,
        underWay: CallsUnderWay, logger: Logger,
        onListening: @escaping @Sendable (_ port: Int) async -> Void
    ) {
        let partitions = PartitionStore(database: database)
        // connections of its own: however many search, entries still come in
        let writer = IngestWriter(
            store: CallLogWriter(database: ingestDatabase, clock: clock, logger: logger), logger: logger)
        let ingest = IngestService(
            writer: writer, answers: IdempotencyStore(database: ingestDatabase), clock: clock,
            retentionDays: configuration.retentionDays)
        let keys = APIKeyStore(database: database)
        let audit = AuditRecorder(database: auditDatabase, logger: logger)
        let sessions = SessionStore(database: database, audit: audit)
        let usage = CredentialUsage(keys: keys, sessions: sessions, clock: clock, logger: logger)
        let cookies = SessionCookie(publicURL: configuration.publicURL)
        let readiness = Readiness(grace: configuration.shutdownGrace, callsUnderWay: underWay)
        let metrics = HTTPMetrics()
        let recorder = CallRecorder(logger: logger)
        let hangUps = HangUps()
        let catalogue = EndpointCatalogue(
            configuration: configuration, database: database, clock: clock, ingest: ingest, sessions: sessions,
            keys: keys,
            cookies: cookies, signer: signer, vault: vault, connections: connections, proxy: proxy,
            recorder: recorder, hangUps: hangUps, readiness: readiness, logger: logger)
        let endpoints = catalogue.api + catalogue.pages
        let services = WebServices(
            authenticator: Authenticator(keys: keys, sessions: sessions, usage: usage, clock: clock, cookies: cookies),
            limiter: RateLimiter(limits: [
                .read: .init(perPrincipal: configuration.readsPerMinute, perTenant: configuration.readsPerMinute * 10),
                .write: .init(
                    perPrincipal: configuration.writesPerMinute, perTenant: configuration.writesPerMinute * 2),
            ]),
            clientAddress: ClientAddress(trustedProxies: configuration.trustedProxies),
            audit: audit, clock: clock,
            bodies: BodyReader(limit: 64 << 10, totalLimit: 16 << 20))
        let gateway = Gateway(
            router: Self.router(endpoints, services), endpoints: endpoints,
            metrics: metrics)
        let page = RequestMetrics(
            ingest: ingest, writer: writer, http: metrics, audit: audit,
            database: DatabaseMetrics(database: database, partitions: partitions, clock: clock))

        var running: [any Service] = [ingestDatabase, auditDatabase, audit, usage, writer, recorder]
        if let address = configuration.metricsListen {
            running.append(MetricsServer(page, address: address, logger: logger))
        }
        running.append(
            Application(
                responder: gateway,
                server: .http1(configuration: Self.channel(configuration, hangUps)),
                configuration: .init(address: .hostname(configuration.listen.host, port: configuration.listen.port)),
                onServerRunning: { channel in await onListening(channel.localAddress?.port ?? 0) },
                logger: logger))
        running.append(readiness)
        self.services = running
    }

    private static func channel(_ configuration: Configuration, _ hangUps: HangUps) -> HTTP1Channel.Configuration {
        HTTP1Channel.Configuration(
            additionalChannelHandlers: [
                RequestDeadlineHandler(deadline: .seconds(configuration.requestDeadlineSeconds)),
                ContinueHandler(limit: largestBody),
                ParserErrorHandler(),
                HangUpHandler(hangUps),
            ],
            idleTimeout: .seconds(configuration.idleSeconds),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100))
    }

    private static func router(_ endpoints: [Endpoint], _ services: WebServices) -> RouterResponder<WebContext> {
        let router = Router(context: WebContext.self, options: .autoGenerateHeadEndpoints)
        for endpoint in endpoints {
            router.on(RouterPath(endpoint.path), method: endpoint.method) { request, context in
                try await endpoint.respond(
                    IncomingRequest(request: request, context: context, services: services))
            }
        }
        return router.buildResponder()
    }
}
